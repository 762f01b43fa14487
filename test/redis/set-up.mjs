// @ts-check
import { setUpRedis } from './install.mjs';

/** What `npm test` runs first, so that there is a Redis server to test with. */

const advice = setUpRedis({
  env: process.env,
  isRoot: process.getuid?.() === 0,
  policyFile: '/usr/sbin/policy-rc.d',
  say: (sentence) => process.stdout.write(`${sentence}\n`),
});
if (advice !== undefined) {
  process.stderr.write(`${advice}\n`);
  process.exitCode = 1;
}
