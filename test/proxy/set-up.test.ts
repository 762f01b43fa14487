import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { aptGet, createMachine, install } from '../fake-machine.ts';
import { setUpNginx } from './install.mjs';

/** Knows `-e` as the versions do that can be used. */
const nginx = '[ "$1 $2" = "-e stderr" ]';
const advice = /^SKIPPED: the tests of test\/proxy need nginx, version 1\.19\.5 or newer, on the PATH\..*\n?$/;

test('a machine with nginx is left as it is, in silence', () => {
  const { machine, said, log } = createMachine({ isRoot: true, programs: { nginx, 'apt-get': aptGet('exit 1') } });
  expect(setUpNginx(machine)).toBe(undefined);
  expect([said, log()]).toEqual([[], []]);
});

test('root of a Debian gets the package, without a service that starts', () => {
  const programs = { 'apt-get': aptGet(install('nginx', nginx)) };
  const { machine, said, file, log } = createMachine({ isRoot: true, programs });
  expect(setUpNginx(machine)).toBe(undefined);
  expect(said).toEqual(['Installing nginx with apt-get, because tests start it.']);
  expect(log()[1]).toMatch(/ install nginx \(noninteractive, no start: 101\)$/);
  expect(existsSync(file('policy-rc.d'))).toBe(false);
});

test.each([
  ['whose package cannot be had', { isRoot: true, programs: { 'apt-get': aptGet('exit 100') } }],
  ['without apt-get', { isRoot: true, programs: {} }],
  ['whose user is not root', { isRoot: false, programs: { 'apt-get': aptGet(install('nginx', nginx)) } }],
  ['with an nginx that is too old', { isRoot: false, programs: { nginx: '[ "$1" = -v ]' } }],
])('a machine %s is told that tests are skipped', (_, options) => {
  expect(setUpNginx(createMachine(options).machine)).toMatch(advice);
});

test('the script says what is skipped, and stops nobody', () => {
  const script = fileURLToPath(new URL('set-up.mjs', import.meta.url));
  const { machine } = createMachine({ isRoot: true, programs: {} });
  const { PATH } = machine.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { env: { PATH }, encoding: 'utf8' });
  expect([status, stdout]).toEqual([0, '']);
  expect(stderr).toMatch(advice);
});
