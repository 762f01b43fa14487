import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listFiles, listSources, type Package, packages, readText, root, sortNames } from '../repository.ts';
import { installTarballs, packPackages } from './pack.ts';
import { run } from './run.ts';

const succeeded = { exitCode: 0, stdout: '', stderr: '' };
const programs = listFiles('test/packaging/consumer');
const accepted = programs.filter((file) => file.startsWith('accepted'));
const rejected = programs.filter((file) => file.startsWith('rejected'));

/** What applications install beside our packages. */
const frameworks = [
  ...['express', '@types/express'],
  'fastify',
  'ioredis',
  ...['koa', '@types/koa', '@koa/router', 'koa-mount', '@types/koa-mount'],
  // The types of Koa want the one of Koa, where npm would put the one of Express.
  'content-disposition@1.0.1',
];

let temporary: string;
let project: string;

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'gatehouse-tarballs-'));
  project = join(temporary, 'consumer');
  // We compile with the types of the oldest Node; what users install brings newer ones.
  const dependencies = ['@types/node@26.6.6', 'typescript', ...frameworks];
  await installTarballs(project, await packPackages(temporary), dependencies);
  for (const file of programs) await copyFile(join(root, 'test/packaging/consumer', file), join(project, file));
}, 240_000);

afterAll(() => rm(temporary, { recursive: true, force: true }));

/** What a package must hold, and nothing else: stale output, tests and build information all show up as a difference. */
function expectedFiles(pack: Package): readonly string[] {
  const modules = listSources(pack).map((file) => file.slice(0, -'.ts'.length));
  const extras = (pack.manifest.files ?? []).filter((entry) => !/^(?:dist$|src$|!)/.test(entry));
  return sortNames([
    ...modules.flatMap((name) => [`src/${name}.ts`, `dist/${name}.js`, `dist/${name}.js.map`, `dist/${name}.d.ts`]),
    ...extras.flatMap((entry) =>
      entry.includes('.') ? [entry] : listFiles(`${pack.directory}/${entry}`).map((file) => `${entry}/${file}`),
    ),
    ...['LICENSE', 'README.md', 'package.json'],
  ]);
}

describe.each(packages)('$name, installed from its tarball,', (pack) => {
  const read = (file: string) => readFile(join(project, 'node_modules', pack.name, file), 'utf8');

  test('holds sources, compiled modules, README and license, and nothing else', async () => {
    const directory = join(project, 'node_modules', pack.name);
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(directory.length + 1)
          .replaceAll('\\', '/'),
      );
    expect(sortNames(files), 'Stale files in dist? Delete it and build again.').toEqual(expectedFiles(pack));
  });

  test('carries the license of the repository', async () => {
    expect(await read('LICENSE')).toBe(readText('LICENSE'));
  });

  test('has no range and no condition that only the workspace understands', async () => {
    expect(await read('package.json')).not.toMatch(/workspace:|catalog:|@gatehouse\/source/);
  });
});

const entryPoints = packages.flatMap(({ name, manifest }) =>
  Object.keys(manifest.exports ?? {}).map((entry) => name + entry.slice(1)),
);
const modules = entryPoints.filter((entry) => !entry.endsWith('.json'));

test('every entry point can be imported from an ECMAScript module', async () => {
  const script = modules.map((entry) => `if (!Object.keys(await import('${entry}')).length) throw '${entry}';`);
  expect(await run(process.execPath, ['--input-type=module', '--eval', script.join('\n')], project)).toEqual(succeeded);
});

test('every entry point can be required from CommonJS, without a warning', async () => {
  const script = entryPoints.map((entry) => `if (!Object.keys(require('${entry}')).length) throw '${entry}';`);
  await writeFile(join(project, 'require.cjs'), script.join('\n'));
  expect(await run(process.execPath, ['require.cjs'], project)).toEqual(succeeded);
});

test('import and require give the same instance of a module', async () => {
  const script = modules.map((entry) => `if (require('${entry}') !== (await import('${entry}'))) throw '${entry}';`);
  await writeFile(join(project, 'both.cjs'), `(async () => {\n${script.join('\n')}\n})();`);
  expect(await run(process.execPath, ['both.cjs'], project)).toEqual(succeeded);
});

/** Compiles as a user does; declarations of the packages are checked, too. */
async function compile(name: string, files: readonly string[], options: object): Promise<void> {
  const compilerOptions = { module: 'NodeNext', strict: true, skipLibCheck: false, types: ['node'], ...options };
  await writeFile(join(project, `${name}.json`), JSON.stringify({ compilerOptions, files }));
  const tsc = join(project, 'node_modules/.bin/tsc');
  expect(await run(tsc, ['--project', `${name}.json`, '--pretty', 'false'], project)).toEqual(succeeded);
}

test('what a user writes compiles and runs', async () => {
  await compile('accepted', accepted, { exactOptionalPropertyTypes: true, outDir: 'compiled' });
  for (const file of accepted) {
    const program = `compiled/${file.replace(/ts$/, 'js')}`;
    expect(await run(process.execPath, [program], project), file).toEqual(succeeded);
  }
});

test('what a user writes compiles without exactOptionalPropertyTypes', async () => {
  await compile('loose', accepted, { noEmit: true });
});

test('what a user must not write does not compile', async () => {
  await compile('rejected', rejected, { exactOptionalPropertyTypes: true, noEmit: true });
});

test('TypeScript in CommonJS compiles', async () => {
  const lines = modules.map(
    (entry, index) => `import module${index} = require('${entry}');\nexport { module${index} };`,
  );
  await writeFile(join(project, 'common.cts'), lines.join('\n'));
  await compile('common', ['common.cts'], { noEmit: true });
});
