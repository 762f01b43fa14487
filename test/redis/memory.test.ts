import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { RedisServer } from './servers.mjs';
import { age, ask, openClient, openStores, prove, startServer } from './stores.ts';

/** Bytes that the data takes, with all that Redis keeps about it. */
async function measure(server: RedisServer): Promise<number> {
  const info = String(await server.run('INFO', 'memory'));
  return Number(/^used_memory:(\d+)/m.exec(info)?.[1]) - Number(/^used_memory_startup:(\d+)/m.exec(info)?.[1]);
}

/** A key of which one bucket in so many takes notice: those are as full then as all are from so many times the proofs. */
function makeKey(part: number): Uint8Array {
  const key = randomBytes(16);
  key.writeUInt16BE(key.readUInt16BE(0) - (key.readUInt16BE(0) % part), 0);
  return key;
}

test.each([
  { proofs: '10000', count: 10_000, part: 1, limit: 200 },
  { proofs: 'a million', count: 1_000_000 / 32, part: 32, limit: 30 },
])('$proofs take at most $limit bytes each', async ({ count, part, limit }) => {
  const server = await startServer();
  const stores = openStores(server, { timeoutSeconds: 4 });
  await stores.ready();
  await age(openClient(server));
  const before = await measure(server);
  const now = Date.now() / 1000;
  // Over as much time as proofs stay by default, which is up to 215 seconds: as many slices as that are in use.
  const proveOne = (index: number) => {
    const issuedAt = now - (190 * index) / count;
    return prove({ key: makeKey(part), issuedAt, expiresAt: issuedAt + 300 });
  };
  for (let start = 0; start < count; start += 1000) {
    const proofs = Array.from({ length: Math.min(1000, count - start) }, (_, index) => proveOne(start + index));
    const answers = await Promise.all(proofs.map((proof) => ask(stores, proof)));
    expect(new Set(answers)).toEqual(new Set(['fresh']));
  }
  const bytes = ((await measure(server)) - before) / count;
  // Less than what a proof takes by itself would mean that it was not recorded.
  expect(bytes).toBeGreaterThan(8);
  expect(bytes).toBeLessThanOrEqual(limit);
});
