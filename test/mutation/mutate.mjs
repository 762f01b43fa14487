// @ts-check
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { defaultServerConditions, normalizePath } from 'vite';
import { createVitest } from 'vitest/node';
import { mutate, mutations } from './mutations.mjs';

/**
 * Switches off one check after the other, and says which test notices; exits non-zero where none does. Sources are changed
 * on their way to the tests, so that no file is. `npm run mutate -- nonce`: only where file or check have that word.
 */

/** The tests of what an issuer answers. The others of their folder change what tests that run beside them are about. */
const ofAnswers = ['answers', 'client-authentication', 'narrowing', 'opaque-tokens', 'signed-answers', 'token-defects'];

const root = normalizePath(fileURLToPath(new URL('../../', import.meta.url)));
const [, , word = ''] = process.argv;
const chosen = mutations.filter(({ file, check }) => `${file} ${check}`.includes(word));

/** @type {(typeof mutations)[number] | undefined} */
let current;

const vitest = await createVitest(
  'test',
  {
    root,
    config: false,
    watch: false,
    // A worker lives for one mutation, and its files share what they import: twice as fast.
    isolate: false,
    maxWorkers: 2,
    reporters: [{}],
    include: ['packages/core/src/**/*.test.ts', 'test/{dpop,introspection,revocation}/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
  {
    plugins: [
      {
        name: 'mutate',
        enforce: 'pre',
        transform: (code, id) =>
          current !== undefined && id === `${root}${current.file}` ? mutate(current, code) : undefined,
      },
    ],
    ssr: { resolve: { conditions: ['@gatehouse/source', ...defaultServerConditions] } },
  },
);

/** @param {(typeof mutations)[number]} mutation */
function switchTo(mutation) {
  // What was read before is stale: the file that is as it was again, and the one that no longer is.
  for (const { file } of [current ?? mutation, mutation]) vitest.invalidateFile(`${root}${file}`);
  current = mutation;
}

/**
 * Runs the tests of DPoP, of certificates and of revocation, those of introspection where the file is about it, and those
 * beside the file.
 *
 * @param {string} file
 * @returns what passed, the titles of what failed, and what did not even run
 */
async function runTests(file) {
  const beside = file.replace(/\.ts$/, '.test.ts');
  const isOfAnswers = /\/(?:issuer\/introspection\/|token\/introspected)/.test(file);
  const filters = [
    ...(isOfAnswers ? ofAnswers.map((name) => `test/introspection/${name}.test.ts`) : []),
    'test/dpop/',
    'test/revocation/',
    'packages/core/src/status/',
    'packages/core/src/verifier-mtls.test.ts',
    ...(existsSync(`${root}${beside}`) ? [beside] : []),
  ];
  const specifications = await vitest.globTestSpecifications(filters);
  const run = await vitest.runTestSpecifications(specifications);
  // It knows those of earlier runs, too.
  const testModules = run.testModules.filter(({ moduleId }) => specifications.some((one) => one.moduleId === moduleId));
  const tests = testModules.flatMap((module) => [...module.children.allTests()]);
  return {
    passed: tests.filter((test) => test.result().state === 'passed').length,
    failed: tests.filter((test) => test.result().state === 'failed').map(({ fullName }) => fullName),
    errors: [...run.unhandledErrors, ...testModules.flatMap((module) => module.errors())].map((error) =>
      inspect(error),
    ),
  };
}

/**
 * Whether tests notice, and which one: of those that cite a row of the check, the first.
 *
 * @param {(typeof mutations)[number]} mutation
 * @param {Awaited<ReturnType<typeof runTests>>} result
 */
function judge({ rows }, { passed, failed, errors }) {
  // A source that cannot be read fails every test, and shows nothing.
  if (passed === 0 || (failed.length === 0 && errors.length > 0))
    return { isNoticed: false, text: `does not run: ${errors[0] ?? 'no test'}` };
  const citing = failed.find((title) => rows.some((id) => title.includes(id)));
  if (failed.length === 0) return { isNoticed: false, text: 'SURVIVES' };
  if (rows.length > 0 && citing === undefined) {
    return { isNoticed: false, text: `no test that cites ${rows.join(', ')} notices, but: ${failed[0]}` };
  }
  return { isNoticed: true, text: citing ?? failed[0] ?? '' };
}

try {
  const control = await runTests(chosen[0]?.file ?? '');
  if (control.passed === 0 || control.failed.length > 0 || control.errors.length > 0) {
    throw new Error(`The tests fail without any mutation: ${control.failed[0] ?? control.errors[0] ?? 'none runs'}`);
  }
  let unnoticed = 0;
  for (const mutation of chosen) {
    switchTo(mutation);
    const result = await runTests(mutation.file);
    const { isNoticed, text } = judge(mutation, result);
    if (!isNoticed) unnoticed += 1;
    const place = `${mutation.file}: not so: ${mutation.check}`;
    process.stdout.write(`${place}\n${String(result.failed.length).padStart(5)}  ${text}\n`);
  }
  process.stdout.write(`\n${chosen.length} mutations, ${unnoticed} unnoticed\n`);
  process.exitCode = unnoticed === 0 ? 0 : 1;
} finally {
  await vitest.close();
}
