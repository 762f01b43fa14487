import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { setUpRedis } from './install.mjs';

const newest = 'Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64';
const advice = /^Install redis-server, version 7 or newer.*, so that it is on the PATH: tests start it\..*\n?$/;

/** A machine that has these programs and no others, and whose directory is gone after the test. */
function createMachine({ isRoot, programs }: { readonly isRoot: boolean; readonly programs: object }) {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-machine-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = (name: string) => join(directory, name);
  const addProgram = (name: string, script: string) => {
    writeFileSync(file(name), `#!/bin/sh\n${script}\n`);
    chmodSync(file(name), 0o755);
  };
  for (const [name, script] of Object.entries(programs)) addProgram(name, script);

  const said: string[] = [];
  const machine = {
    // What the scripts need by themselves is behind an absolute path.
    env: { PATH: directory },
    isRoot,
    policyFile: file('policy-rc.d'),
    say: (sentence: string) => void said.push(sentence),
  };
  return {
    machine,
    said,
    file,
    log: () => (existsSync(file('log')) ? readFileSync(file('log'), 'utf8').split('\n') : []),
  };
}

/** Records how it is called and what the policy is, and installs what it is asked for when it can. */
const aptGet = (installed: string) => `
here=\${0%/*}
[ "$1" = --version ] && exit 0
if "$here/policy-rc.d"; then policy=start; else policy="no start: $?"; fi
echo "$* ($DEBIAN_FRONTEND, $policy)" >> "$here/log"
case "$*" in
  *install*) ${installed} ;;
  *) exit 100 ;;
esac`;
const installServer = `echo '#!/bin/sh' > "$here/redis-server"
    echo 'echo "${newest}"' >> "$here/redis-server"
    /bin/chmod +x "$here/redis-server"`;

test('a machine with a Redis server is left as it is, in silence', () => {
  const programs = { 'redis-server': `echo "${newest}"`, 'apt-get': aptGet(installServer) };
  const { machine, said, log } = createMachine({ isRoot: true, programs });
  expect(setUpRedis(machine)).toBe(undefined);
  expect([said, log()]).toEqual([[], []]);
});

test('root of a Debian gets the package, without questions and without a service that starts', () => {
  const { machine, said, file, log } = createMachine({ isRoot: true, programs: { 'apt-get': aptGet(installServer) } });
  expect(setUpRedis(machine)).toBe(undefined);
  expect(said).toEqual(['Installing redis-server with apt-get, because tests start it.']);
  expect(log()).toEqual([
    // A list that cannot be renewed may still do.
    '-qq update (noninteractive, no start: 101)',
    '-qq --yes --no-install-recommends -o DPkg::Lock::Timeout=120 install redis-server (noninteractive, no start: 101)',
    '',
  ]);
  expect(existsSync(file('policy-rc.d'))).toBe(false);
});

test('the policy that a machine has stays, and is asked', () => {
  const policy = '#!/bin/sh\nexit 104\n';
  const programs = { 'apt-get': aptGet(installServer), 'policy-rc.d': 'exit 104' };
  const { machine, file, log } = createMachine({ isRoot: true, programs });
  expect(setUpRedis(machine)).toBe(undefined);
  expect(log()[1]).toContain('no start: 104');
  expect(readFileSync(file('policy-rc.d'), 'utf8')).toBe(policy);
});

test.each([
  ['whose package cannot be had', { isRoot: true, programs: { 'apt-get': aptGet('exit 100') } }],
  ['without apt-get', { isRoot: true, programs: {} }],
])('a machine %s is told in one sentence what to do', (_, options) => {
  const { machine, file } = createMachine(options);
  expect(setUpRedis(machine)).toMatch(advice);
  expect(existsSync(file('policy-rc.d'))).toBe(false);
});

test('who is not root is told, and nothing is tried', () => {
  const { machine, said, log } = createMachine({ isRoot: false, programs: { 'apt-get': aptGet(installServer) } });
  expect(setUpRedis(machine)).toMatch(advice);
  expect([said, log()]).toEqual([[], []]);
});

test('a server that is too old is named', () => {
  const programs = { 'redis-server': `echo "${newest.replace('7.0.15', '6.2.1')}"` };
  expect(setUpRedis(createMachine({ isRoot: true, programs }).machine)).toContain('(this one is version 6)');
});

test('the script ends with code 1 and the advice where there is no Redis server, and else in silence', () => {
  const script = fileURLToPath(new URL('set-up.mjs', import.meta.url));
  const run = (PATH: string | undefined) => spawnSync(process.execPath, [script], { env: { PATH }, encoding: 'utf8' });
  const { machine } = createMachine({ isRoot: true, programs: {} });
  expect(run(machine.env.PATH)).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(advice) });
  expect(run(process.env['PATH'])).toMatchObject({ status: 0, stdout: '', stderr: '' });
});
