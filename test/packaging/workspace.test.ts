import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packages, readManifest, root } from '../repository.ts';

const directories = ['docs', 'examples', 'packages', 'test'];
const pages = ['CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'README.md', 'SECURITY.md'];
const settings = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', 'tsconfig.base.json', 'tsconfig.json'];
const tools = ['biome.json', 'knip.json', 'vitest.config.ts'];

/** Undefined in a copy without git, which has no tracked files. */
function listTrackedFiles(): readonly string[] | undefined {
  try {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
    const output = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8', stdio });
    return output.split('\0').filter((file) => file !== '' && existsSync(join(root, file)));
  } catch {
    return undefined;
  }
}

const tracked = listTrackedFiles();

describe.skipIf(tracked === undefined)('tracked files', () => {
  test('the top level holds the agreed entries and nothing else', () => {
    const entries = new Set(tracked?.map((file) => file.split('/', 1)[0] ?? ''));
    const agreed = new Set([...directories, ...pages, ...settings, ...tools]);
    expect([...entries].filter((entry) => !entry.startsWith('.') && !agreed.has(entry))).toEqual([]);
  });

  test('no file names a path of one machine', () => {
    const places = ['work', 'root', 'tmp', 'mnt', 'home/\\w+', 'Users/\\w+', 'var/folders'];
    const machinePath = new RegExp(`(?<![\\w.~*)}\\]-])/(?:${places.join('|')})/`);
    const found = (tracked ?? []).flatMap((file) =>
      readFileSync(join(root, file), 'utf8')
        .split('\n')
        .flatMap((line, index) => (machinePath.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
    );
    expect(found).toEqual([]);
  });
});

test('all packages are published as one: same version, license and engines', () => {
  const { license, engines } = readManifest('package.json');
  const [version] = packages.map(({ manifest }) => manifest.version);
  expect(version).toMatch(/^\d+\.\d+\.\d+/);
  for (const { name, manifest } of packages) expect(manifest, name).toMatchObject({ version, license, engines });
});

test.each(packages)('$name says what it is, in its description and in a README', ({ directory, manifest }) => {
  expect(manifest.description).toMatch(/^[A-Z].{20,}[^.]$/);
  expect(existsSync(join(root, directory, 'README.md')), `${directory}/README.md is there`).toBe(true);
});
