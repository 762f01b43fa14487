import { posix } from 'node:path';
import { listFiles, readText } from '../repository.ts';

export interface Import {
  /** The file that imports, relative to the repository. */
  readonly file: string;
  readonly specifier: string;
  /** For a relative specifier: the file that it names. */
  readonly target: string;
}

/** Static imports, exports from elsewhere, imports for effect, and `import('…')` in code or types. */
const statements =
  /^(?:import|export)\b[^;'"]*?\bfrom\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;

/** The modules of a package as it is published, or of an example, relative to the repository. */
export function listModules(directory: string): readonly string[] {
  return listFiles(directory)
    .filter((file) => /\.m?[jt]s$/.test(file) && !/\.test\.ts$|(?:^|\/)(?:node_modules|dist)\//.test(file))
    .map((file) => `${directory}/${file}`);
}

/** What the modules of a directory import. */
export function listImports(directory: string): readonly Import[] {
  return listModules(directory).flatMap((file) =>
    [...readText(file).matchAll(statements)].map(([, from, effect, dynamic]) => {
      const specifier = from ?? effect ?? dynamic ?? '';
      return { file, specifier, target: posix.join(posix.dirname(file), specifier) };
    }),
  );
}

/** `@scope/name` of `@scope/name/entry`; `node:` of everything that Node brings. */
export function packageOf(specifier: string): string {
  return /^(?:node:|(?:@[^/]+\/)?[^/]+)/.exec(specifier)?.[0] ?? specifier;
}
