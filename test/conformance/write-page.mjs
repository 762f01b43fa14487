// @ts-check
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { loadManifest } from './manifest.mjs';
import { renderPage, renderSummary, replaceSummary } from './page.mjs';
import { listAllTests } from './titles.mjs';

const root = new URL('../../', import.meta.url);
const readme = new URL('README.md', root);
const manifest = loadManifest();

mkdirSync(new URL('docs/', root), { recursive: true });
writeFileSync(new URL('docs/conformance.md', root), renderPage(manifest, listAllTests()));
writeFileSync(readme, replaceSummary(readFileSync(readme, 'utf8'), renderSummary(manifest)));
