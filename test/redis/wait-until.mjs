// @ts-check
import { setTimeout } from 'node:timers/promises';

/**
 * Waits for a condition of another process. A check that fails is a condition that does not hold yet.
 *
 * @param {() => Promise<boolean>} holds
 * @param {{ readonly timeoutSeconds?: number }} [limits] default 20
 */
export async function waitUntil(holds, { timeoutSeconds = 20 } = {}) {
  const deadline = performance.now() + timeoutSeconds * 1000;
  /** @type {unknown} */
  let cause;
  while (performance.now() < deadline) {
    try {
      if (await holds()) return;
    } catch (error) {
      cause = error;
    }
    await setTimeout(20);
  }
  throw new Error(`Not within ${timeoutSeconds} seconds: ${holds}`, { cause });
}
