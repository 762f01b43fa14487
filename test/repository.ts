import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the repository is. Every path below is relative to it, with slashes. */
export const root: string = fileURLToPath(new URL('..', import.meta.url));

type Ranges = Readonly<Record<string, string>>;

/** What the tests read of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version?: string;
  readonly description?: string;
  readonly license?: string;
  readonly engines?: Ranges;
  readonly files?: readonly string[];
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly scripts?: Ranges;
  readonly dependencies?: Ranges;
  readonly peerDependencies?: Ranges;
  readonly optionalDependencies?: Ranges;
}

export interface Package {
  readonly directory: string;
  readonly name: string;
  readonly manifest: Manifest;
}

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

export function readManifest(path: string): Manifest {
  return JSON.parse(readText(path));
}

/** Every file below a directory, relative to it; none where there is no such directory. */
export function listFiles(directory: string): readonly string[] {
  const start = join(root, directory);
  if (!existsSync(start)) return [];
  return readdirSync(start, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(start.length + 1))
    .map((path) => path.split(sep).join('/'));
}

function listPackagesIn(parent: string): readonly Package[] {
  return readdirSync(join(root, parent))
    .filter((entry) => existsSync(join(root, parent, entry, 'package.json')))
    .map((entry) => {
      const directory = `${parent}/${entry}`;
      const manifest = readManifest(`${directory}/package.json`);
      return { directory, name: manifest.name, manifest };
    });
}

/** In an order that does not depend on where the names come from. */
export function sortNames(names: Iterable<string>): readonly string[] {
  return [...names].sort((one, other) => (one < other ? -1 : 1));
}

/** The packages that are published. */
export const packages: readonly Package[] = listPackagesIn('packages');
export const examples: readonly Package[] = listPackagesIn('examples');

/** The files of a package that are compiled, relative to its `src`. */
export function listSources({ directory }: Package): readonly string[] {
  return listFiles(`${directory}/src`).filter((file) => !file.endsWith('.test.ts'));
}
