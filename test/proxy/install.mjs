// @ts-check
import { installPackage, outputOf } from '../machine.mjs';

/** @import { Machine } from '../machine.mjs' */

/**
 * Whether there is an nginx on the PATH that writes its log where we want it, as it does since 1.19.5.
 *
 * @param {NodeJS.ProcessEnv} env
 */
export function hasNginx(env) {
  return outputOf('nginx', ['-e', 'stderr', '-v'], env) !== undefined;
}

/**
 * Installs nginx where there is none, and where that takes no question to anybody.
 *
 * @param {Machine} machine
 * @returns {string | undefined} what to do, where it could not be done
 */
export function setUpNginx(machine) {
  if (!hasNginx(machine.env)) installPackage(machine, 'nginx');
  return hasNginx(machine.env)
    ? undefined
    : 'SKIPPED: the tests of test/proxy need nginx, version 1.19.5 or newer, on the PATH. On Debian and Ubuntu it is the package nginx.';
}
