// @ts-check
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

/**
 * @typedef {object} Machine
 * @property {NodeJS.ProcessEnv} env where programs are found
 * @property {boolean} isRoot whether packages can be installed
 * @property {string} policyFile what Debian asks whether an installed service may start
 * @property {(sentence: string) => void} say tells what takes a while
 */

/** The first version with the commands that the tests set their clusters and sentinels up with. */
const minVersion = 7;

/**
 * Makes sure that there is a `redis-server` on the PATH: installs it where that takes no question to anybody.
 *
 * @param {Machine} machine
 * @returns {string | undefined} what to do, where it could not be done
 */
export function setUpRedis(machine) {
  const { env, isRoot, say } = machine;
  if (findVersion(env) === undefined && isRoot && run('apt-get', ['--version'], env) !== undefined) {
    say('Installing redis-server with apt-get, because tests start it.');
    install(machine);
  }
  const version = findVersion(env);
  if (version === undefined || version < minVersion) {
    const found = version === undefined ? '' : ` (this one is version ${version})`;
    return `Install redis-server, version ${minVersion} or newer${found}, so that it is on the PATH: tests start it. On Debian and Ubuntu it is the package redis-server, elsewhere redis.`;
  }
  return undefined;
}

/** @param {NodeJS.ProcessEnv} env */
function findVersion(env) {
  const major = /\bv=(\d+)\./.exec(run('redis-server', ['--version'], env) ?? '')?.[1];
  return major === undefined ? undefined : Number(major);
}

/** @param {Machine} machine */
function install({ env, policyFile }) {
  // Not as a service, which nobody asked for. Whoever has such a file has decided.
  const isPolicyOurs = !existsSync(policyFile);
  if (isPolicyOurs) writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const quiet = { ...env, DEBIAN_FRONTEND: 'noninteractive' };
    run('apt-get', ['-qq', 'update'], quiet);
    const options = ['-qq', '--yes', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120'];
    run('apt-get', [...options, 'install', 'redis-server'], quiet);
  } finally {
    if (isPolicyOurs) rmSync(policyFile, { force: true });
  }
}

/**
 * What a program writes, or undefined when it is not there or fails.
 *
 * @param {string} program
 * @param {readonly string[]} words
 * @param {NodeJS.ProcessEnv} env
 */
function run(program, words, env) {
  const { status, stdout } = spawnSync(program, words, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return status === 0 ? stdout : undefined;
}
