// @ts-check
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

/**
 * `node reaper.mjs DIRECTORY`, started by processes.mjs: waits until its parent is gone, however that ended, kills what the
 * parent left running and removes the directory. Every line of its input tells of a process, as `start PID` or `end PID`.
 */

const [, , directory = ''] = process.argv;
/** @type {Set<number>} */
const running = new Set();

for await (const line of createInterface({ input: process.stdin })) {
  const [event, id] = line.split(' ');
  if (event === 'start') running.add(Number(id));
  else running.delete(Number(id));
}
for (const id of running) {
  try {
    process.kill(id, 'SIGKILL');
  } catch {
    // It ended at the same time as the parent.
  }
}
rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
