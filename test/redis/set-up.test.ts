import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { aptGet, createMachine, install } from '../fake-machine.ts';
import { setUpRedis } from './install.mjs';

const newest = 'Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64';
const advice = /^Install redis-server, version 7 or newer.*, so that it is on the PATH: tests start it\..*\n?$/;

const installServer = install('redis-server', `echo "${newest}"`);

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
