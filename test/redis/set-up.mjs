// @ts-check
import { thisMachine } from '../machine.mjs';
import { setUpRedis } from './install.mjs';

/** What `npm test` runs first, so that there is a Redis server to test with. */

const advice = setUpRedis(thisMachine);
if (advice !== undefined) {
  process.stderr.write(`${advice}\n`);
  process.exitCode = 1;
}
