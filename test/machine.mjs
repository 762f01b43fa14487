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

/** The machine that this process runs on. @type {Machine} */
export const thisMachine = {
  env: process.env,
  isRoot: process.getuid?.() === 0,
  policyFile: '/usr/sbin/policy-rc.d',
  say: (sentence) => process.stdout.write(`${sentence}\n`),
};

/**
 * Installs a package of Debian or Ubuntu for tests to start, where that takes no question to anybody; elsewhere, does nothing.
 *
 * @param {Machine} machine
 * @param {string} name
 */
export function installPackage({ env, isRoot, policyFile, say }, name) {
  if (!isRoot || outputOf('apt-get', ['--version'], env) === undefined) return;
  say(`Installing ${name} with apt-get, because tests start it.`);
  // Not as a service, which nobody asked for. Whoever has such a file has decided.
  const isPolicyOurs = !existsSync(policyFile);
  if (isPolicyOurs) writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const quiet = { ...env, DEBIAN_FRONTEND: 'noninteractive' };
    outputOf('apt-get', ['-qq', 'update'], quiet);
    const options = ['-qq', '--yes', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120'];
    outputOf('apt-get', [...options, 'install', name], quiet);
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
export function outputOf(program, words, env) {
  const { status, stdout } = spawnSync(program, words, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return status === 0 ? stdout : undefined;
}
