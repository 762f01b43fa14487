// @ts-check
import { thisMachine } from '../machine.mjs';
import { setUpNginx } from './install.mjs';

/** What `npm test` runs before the tests. Where there is no nginx, the tests that need it are skipped, and this says so. */

const advice = setUpNginx(thisMachine);
if (advice !== undefined) process.stderr.write(`${advice}\n`);
