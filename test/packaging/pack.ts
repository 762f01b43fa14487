import { mkdir, writeFile } from 'node:fs/promises';
import { packages, readManifest, readText, root } from '../repository.ts';
import { runSuccessfully } from './run.ts';

export interface Tarball {
  readonly name: string;
  readonly filename: string;
}

/** Packs every public package, as publishing would, with the pnpm that the `pnpm` script names. */
export async function packPackages(destination: string): Promise<readonly Tarball[]> {
  const [npx = '', ...pnpm] = readManifest('package.json').scripts?.['pnpm']?.split(' ') ?? [];
  const filters = packages.flatMap(({ name }) => ['--filter', name]);
  const pack = ['--recursive', ...filters, 'pack', '--json', '--pack-destination', destination];
  return JSON.parse(await runSuccessfully(npx, [...pnpm, ...pack], root));
}

/** Installs tarballs with npm into a new project, beside dependencies: of the versions that we test with, or as given. */
export async function installTarballs(
  project: string,
  tarballs: readonly Tarball[],
  dependencies: readonly string[],
): Promise<void> {
  await mkdir(project, { recursive: true });
  await writeFile(`${project}/package.json`, '{ "name": "consumer", "private": true, "type": "module" }');
  const quick = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'];
  const files = tarballs.map(({ filename }) => filename);
  const released = dependencies.map((name) => (name.includes('@', 1) ? name : `${name}@${findCatalogVersion(name)}`));
  await runSuccessfully('npm', ['install', ...quick, ...files, ...released], project);
}

function findCatalogVersion(name: string): string {
  const [, catalog = ''] = /^catalog:\n((?: .+\n)+)/m.exec(readText('pnpm-workspace.yaml')) ?? [];
  const line = catalog.split('\n').find((entry) => entry.replaceAll('"', '').startsWith(`  ${name}: `));
  if (line === undefined) throw new Error(`The catalog has no ${name}.`);
  return line.slice(line.lastIndexOf(' ') + 1);
}
