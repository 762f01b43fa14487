// @ts-check
import { installPackage, outputOf } from '../machine.mjs';

/** @import { Machine } from '../machine.mjs' */

/** The first version with the commands that the tests set their clusters and sentinels up with. */
const minVersion = 7;

/**
 * Makes sure that there is a `redis-server` on the PATH: installs it where that takes no question to anybody.
 *
 * @param {Machine} machine
 * @returns {string | undefined} what to do, where it could not be done
 */
export function setUpRedis(machine) {
  const { env } = machine;
  if (findVersion(env) === undefined) installPackage(machine, 'redis-server');
  const version = findVersion(env);
  if (version === undefined || version < minVersion) {
    const found = version === undefined ? '' : ` (this one is version ${version})`;
    return `Install redis-server, version ${minVersion} or newer${found}, so that it is on the PATH: tests start it. On Debian and Ubuntu it is the package redis-server, elsewhere redis.`;
  }
  return undefined;
}

/** @param {NodeJS.ProcessEnv} env */
function findVersion(env) {
  const major = /\bv=(\d+)\./.exec(outputOf('redis-server', ['--version'], env) ?? '')?.[1];
  return major === undefined ? undefined : Number(major);
}
