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

/** The tests of what is in Redis, by the source. They start servers, so that others are not run with them. */
const ofRedis = /** @type {Readonly<Record<string, readonly string[]>>} */ ({
  'replay-script': ['calls', 'fitness', 'losses', 'replay-rules'],
  'replay-store': ['calls', 'fitness', 'losses'],
  fitness: [],
  shards: [],
  connection: ['calls', 'connection', 'revocations', 'revocation-cluster'],
  'connection-options': ['connection', 'replay-rules'],
  'revocation-scripts': ['revocations', 'revocation-attacks', 'revocation-records'],
  'revocation-memory': ['revocations', 'revocation-attacks', 'revocation-records'],
  'revocation-feed': ['revocations', 'revocation-attacks', 'revocation-records'],
  'revocation-replica': ['revocations', 'revocation-attacks', 'revocation-records'],
  'revocation-list': ['revocations', 'revocation-attacks', 'revocation-records'],
  seal: [],
});

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
    include: ['packages/{core,redis}/src/**/*.test.ts', 'test/{dpop,introspection,redis,revocation}/**/*.test.ts'],
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
 * The tests of what is in Redis where the file is about it. Else those of DPoP, of certificates and of revocation, and
 * those of introspection where the file is about that. And those beside the file.
 *
 * @param {string} file
 * @returns {readonly string[]}
 */
function chooseTests(file) {
  const beside = [file.replace(/\.ts$/, '.test.ts')].filter((test) => existsSync(`${root}${test}`));
  const [, aboutRedis] = /^packages\/redis\/src\/(.+)\.ts$/.exec(file) ?? [];
  if (aboutRedis !== undefined) {
    return [...(ofRedis[aboutRedis] ?? []).map((name) => `test/redis/${name}.test.ts`), ...beside];
  }
  const isOfAnswers = /\/(?:issuer\/introspection\/|token\/introspected)/.test(file);
  return [
    ...(isOfAnswers ? ofAnswers.map((name) => `test/introspection/${name}.test.ts`) : []),
    'test/dpop/',
    'test/revocation/',
    'packages/core/src/status/',
    'packages/core/src/verifier-mtls.test.ts',
    ...beside,
  ];
}

/**
 * Runs the tests of a file. Those of Redis end with the first that fails: others would wait for what never comes.
 *
 * @param {string} file
 * @returns what passed, the titles of what failed, and what did not even run
 */
async function runTests(file) {
  const specifications = await vitest.globTestSpecifications([...chooseTests(file)]);
  vitest.getRootProject().config.bail = file.startsWith('packages/redis/') ? 1 : 0;
  const run = await vitest.runTestSpecifications(specifications);
  // It knows those of earlier runs, too.
  const testModules = run.testModules.filter(({ moduleId }) => specifications.some((one) => one.moduleId === moduleId));
  const tests = testModules.flatMap((module) => [...module.children.allTests()]);
  // What a test needs may not have come about.
  const unprepared = testModules.flatMap((module) =>
    [...module.children.allSuites()].filter((suite) => suite.errors().length > 0),
  );
  return {
    passed: tests.filter((test) => test.result().state === 'passed').length,
    failed: [...tests.filter((test) => test.result().state === 'failed'), ...unprepared].map(
      ({ fullName }) => fullName,
    ),
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
  // A source that cannot be read fails every test, and shows nothing. Of those of Redis, only the first is run.
  const isOfOne = failed.length === 1;
  if ((passed === 0 && !isOfOne) || (failed.length === 0 && errors.length > 0))
    return { isNoticed: false, text: `does not run: ${errors[0] ?? 'no test'}` };
  const citing = failed.find((title) => rows.some((id) => title.includes(id)));
  if (failed.length === 0) return { isNoticed: false, text: 'SURVIVES' };
  if (rows.length > 0 && citing === undefined) {
    return { isNoticed: false, text: `no test that cites ${rows.join(', ')} notices, but: ${failed[0]}` };
  }
  return { isNoticed: true, text: citing ?? failed[0] ?? '' };
}

try {
  for (const room of ['packages/core/', 'packages/redis/']) {
    const first = chosen.find(({ file }) => file.startsWith(room));
    if (first === undefined) continue;
    const control = await runTests(first.file);
    if (control.passed === 0 || control.failed.length > 0 || control.errors.length > 0) {
      throw new Error(`The tests fail without any mutation: ${control.failed[0] ?? control.errors[0] ?? 'none runs'}`);
    }
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
