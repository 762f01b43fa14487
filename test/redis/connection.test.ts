import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTo, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createRedisStores } from '@gatehouse/redis';
import { expect, onTestFinished, test } from 'vitest';
import { age, ask, openClient, openStores, prove, startServer, waitForAnswer } from './stores.ts';
import { waitUntil } from './wait-until.mjs';

const patient = { timeoutSeconds: 2 };
const unavailable = 'ERR_REPLAY_STORE_UNAVAILABLE';

test('stores start while there is no Redis, and work when it comes', async () => {
  const server = await startServer();
  await server.kill();
  const stores = openStores(server, patient);
  await expect(stores.ready()).rejects.toMatchObject({ code: unavailable });
  expect(await ask(stores, prove())).toBe(unavailable);
  expect(stores.health()).toEqual({ state: 'connecting', code: unavailable });
  expect(stores.replay.epoch).toBeUndefined();
  await server.start({ keepData: false });
  await waitForAnswer(stores, 'fresh');
  expect(stores.health()).toMatchObject({ state: 'ready' });
});

test('a Redis that was killed is refused at once, and used again when it is back', async () => {
  const server = await startServer();
  const stores = openStores(server, patient);
  await waitForAnswer(stores, 'fresh');
  await server.kill();
  await waitForAnswer(stores, unavailable);
  await waitUntil(async () => stores.health().state === 'connecting');
  // Nobody waits for a connection that is not there.
  const answers = await Promise.all(Array.from({ length: 5000 }, () => ask(stores, prove())));
  expect(new Set(answers)).toEqual(new Set([unavailable]));
  await server.start({ keepData: false });
  await waitForAnswer(stores, 'fresh');
});

test('a Redis that is frozen is answered for in time, and finds nothing of what it missed when it thaws', async () => {
  const server = await startServer();
  // Long enough for a thousand proofs at once on a machine that has other work.
  const stores = openStores(server, { timeoutSeconds: 2 });
  const client = openClient(server);
  await waitForAnswer(stores, 'fresh');
  await age(client);
  server.freeze();
  const late = prove();
  const startedAt = performance.now();
  expect(await ask(stores, late)).toBe(unavailable);
  expect(performance.now() - startedAt).toBeGreaterThan(1900);
  // Its connection is dropped; from then on nothing is sent.
  await waitUntil(async () => stores.health().state === 'connecting');
  const missed = Array.from({ length: 1000 }, () => prove());
  expect(new Set(await Promise.all(missed.map((proof) => ask(stores, proof))))).toEqual(new Set([unavailable]));
  server.thaw();
  await waitForAnswer(stores, 'fresh');
  const answers = await Promise.all(missed.map((proof) => ask(stores, proof)));
  expect(new Set(answers)).toEqual(new Set(['fresh']));
});

test('an answer that does not come in time is none, and one that lies there to be read is one', async () => {
  const server = await startServer();
  const stores = openStores(server, { timeoutSeconds: 1 });
  await waitForAnswer(stores, 'fresh');
  await age(openClient(server));
  const answer = ask(stores, prove());
  // It is sent at the end of this turn, before this process stands still.
  await new Promise((resolve) => setImmediate(resolve));
  const until = performance.now() + 1200;
  while (performance.now() < until);
  expect(await answer).toBe('fresh');
  server.freeze();
  const startedAt = performance.now();
  expect(await ask(stores, prove())).toBe(unavailable);
  // Until it lets go of the connection is twice as long.
  expect(performance.now() - startedAt).toBeLessThan(1900);
});

test('how long the application lets its own commands take is nothing to the stores', async () => {
  const server = await startServer();
  const stores = openStores(server, patient, { commandTimeout: 1 });
  await waitForAnswer(stores, 'fresh');
  await age(openClient(server));
  // Redis does nothing else for a while.
  const busy = server.run(
    'EVAL',
    `local from = redis.call('TIME')
     repeat local now = redis.call('TIME')
     until (now[1] - from[1]) * 1000000 + now[2] - from[2] > 200000`,
    0,
  );
  const answers: string[] = [];
  const askOne = async () => void answers.push(await ask(stores, prove()));
  await Promise.all([busy, waitUntil(async () => askOne().then(() => answers.length > 20))]);
  expect(new Set(answers)).toEqual(new Set(['fresh']));
});

test('more calls than a server can answer in time are refused at once', async () => {
  const server = await startServer();
  const stores = openStores(server, { timeoutSeconds: 4 });
  await waitForAnswer(stores, 'fresh');
  server.freeze();
  const first = stores.ready().then(
    () => 'fit',
    () => 'refused',
  );
  const more = Array.from({ length: 1023 }, () => stores.ready().catch(() => undefined));
  await new Promise((resolve) => setImmediate(resolve));
  await expect(stores.ready()).rejects.toMatchObject({ code: unavailable });
  server.thaw();
  expect(await first).toBe('fit');
  await Promise.all(more);
});

test('a connection that closes before the answer leaves a proof unknown: it is refused, and not sent again', async () => {
  const server = await startServer();
  let calls = 0;
  const wire: { isCut: boolean } = { isCut: false };
  // Between the two: lets requests through, and cuts the wire before their answers.
  const between = createServer((socket: Socket) => {
    const onward = connectTo(server.port, '127.0.0.1');
    socket.on('data', (data) => {
      calls += data.toString('latin1').match(/evalsha|eval\r/gi)?.length ?? 0;
      onward.write(data);
    });
    onward.on('data', (data) => (wire.isCut ? socket.destroy() : socket.write(data)));
    for (const end of [socket, onward])
      end.on('error', () => undefined).on('close', () => [socket, onward].map((one) => one.destroy()));
  });
  between.listen(0, '127.0.0.1');
  await once(between, 'listening');
  onTestFinished(() => void between.close());
  const address = between.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const stores = openStores(server, patient, { port, maxRetriesPerRequest: null });
  await waitForAnswer(stores, 'fresh');
  const before = calls;
  wire.isCut = true;
  const proof = prove();
  expect(await ask(stores, proof)).toBe(unavailable);
  expect(calls - before).toBe(1);
  wire.isCut = false;
  await waitForAnswer(stores, 'fresh');
  // It had arrived: whoever sends it again is told so.
  expect(await ask(stores, proof)).toBe('replayed');
});

test('the client that was handed over is left alone, also when the stores are closed', async () => {
  const server = await startServer();
  const client = openClient(server);
  const stores = createRedisStores(client, patient);
  await stores.ready();
  const underWay = ask(stores, prove());
  await Promise.all([stores.close(), stores.close(), stores.replay.close?.()]);
  expect(await underWay).toMatch(/^(?:fresh|ERR_REPLAY_STORE_FORGOTTEN)$/);
  expect(await ask(stores, prove())).toBe(unavailable);
  await expect(stores.ready()).rejects.toMatchObject({ code: unavailable });
  expect(stores.health()).toEqual({ state: 'closed', code: unavailable });
  expect(await client.ping()).toBe('PONG');
  const clients = String(await server.run('CLIENT', 'LIST'))
    .trim()
    .split('\n');
  // The one of the test, and the one that asks.
  expect(clients).toHaveLength(2);
});

test.each([
  ['a server', ''],
  ['no server', '1'],
])('a process with closed stores ends by itself, with %s', async (_what, port) => {
  const server = await startServer();
  const program = fileURLToPath(new URL('close-stores.mjs', import.meta.url));
  const child = spawn(process.execPath, [program, port || String(server.port)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output: unknown[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => output.push(String(data)));
  const [exitCode] = await once(child, 'exit');
  expect([exitCode, output.join('')]).toEqual([0, '']);
});
