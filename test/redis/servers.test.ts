import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect as connectTo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { type RedisServer, startRedis } from './servers.mjs';

/** For a poll: the machine may be busy with other tests. */
const patience = { timeout: 10_000 };

type Client = ReturnType<typeof connect>;

function connect({ options }: RedisServer, changes: { readonly username?: string; readonly password?: string } = {}) {
  const client = new Redis({ ...options, ...changes, retryStrategy: () => null, enableOfflineQueue: true });
  client.on('error', () => undefined);
  onTestFinished(() => client.disconnect());
  return client;
}

/** Whether an answer came, or none before this moment of the clock of another server. */
async function isSilent(client: Client, other: Client): Promise<boolean> {
  const answer = client.ping().catch(() => 'closed');
  const later = other.blpop('nothing', 0.2);
  return (await Promise.race([answer, later])) === null;
}

async function isListening(port: number): Promise<boolean> {
  const socket = connectTo(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

test('several servers run at once, and each is gone when it is stopped', async () => {
  await using one = await startRedis();
  await using other = await startRedis();
  expect(one.port).not.toBe(other.port);
  expect(one.url).toBe(`redis://127.0.0.1:${one.port}`);
  await one.run('SET', 'key', 'one');
  expect([await one.run('GET', 'key'), await other.run('GET', 'key')]).toEqual(['one', null]);
  const [, directory = ''] = (await one.run('CONFIG', 'GET', 'dir')) as string[];
  expect(existsSync(directory)).toBe(true);
  await one.stop();
  expect(existsSync(directory)).toBe(false);
  await expect(one.run('PING')).rejects.toThrow();
  expect(await other.run('PING')).toBe('PONG');
});

test('a server comes back on its port with the data that it keeps, or without', async () => {
  await using nothing = await startRedis();
  await using whenInOrder = await startRedis({ persistence: 'rdb' });
  await using everyWrite = await startRedis({ persistence: 'aof' });
  const servers = [nothing, whenInOrder, everyWrite];
  const values = () => Promise.all(servers.map((server) => server.run('GET', 'key')));
  await Promise.all(servers.map((server) => server.run('SET', 'key', 'kept')));

  await Promise.all(servers.map((server) => server.restart({ keepData: true })));
  expect(await values()).toEqual([null, 'kept', 'kept']);

  await Promise.all(servers.map((server) => server.run('SET', 'key', 'newer')));
  await Promise.all(servers.map((server) => server.kill()));
  await expect(everyWrite.run('PING')).rejects.toThrow();
  await Promise.all(servers.map((server) => server.start()));
  expect(await values()).toEqual([null, 'kept', 'newer']);

  await Promise.all(servers.map((server) => server.restart({ keepData: false })));
  expect(await values()).toEqual([null, null, null]);
});

test('a frozen server says nothing until it is thawed', async () => {
  await using server = await startRedis();
  await using other = await startRedis();
  const [client, clock] = [connect(server), connect(other)];
  expect(await client.ping()).toBe('PONG');
  server.freeze();
  expect(await isSilent(client, clock)).toBe(true);
  server.thaw();
  expect(await client.ping()).toBe('PONG');
  server.freeze();
  await server.stop();
});

test('passwords, users, TLS and directives are as they are asked for', async () => {
  const password = 'p@ss "word"\\/';
  await using server = await startRedis({
    password,
    users: ['reader on >secret ~open:* +get +info'],
    tls: true,
    config: { 'maxmemory-policy': 'allkeys-lru' },
  });
  expect(server.url).toMatch(/^rediss:\/\/:p%40ss%20%22word%22%5C%2F@127\.0\.0\.1:/);
  expect(await server.run('CONFIG', 'GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'allkeys-lru']);
  await expect(connect(server, { password: 'wrong' }).ping()).rejects.toThrow();

  const reader = connect(server, { username: 'reader', password: 'secret' });
  expect(await reader.get('open:key')).toBe(null);
  await expect(reader.get('closed')).rejects.toThrow('NOPERM');
  await expect(reader.set('open:key', 'value')).rejects.toThrow('NOPERM');

  const fromUrl = new Redis(server.url, { tls: server.options.tls ?? {} });
  onTestFinished(() => fromUrl.disconnect());
  expect(await fromUrl.ping()).toBe('PONG');
  const untrusting = new Redis(server.url, { retryStrategy: () => null });
  const [error] = await once(untrusting, 'error');
  expect(error).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
});

test('a replica follows its master, password or none', async () => {
  await using master = await startRedis({ password: 'secret' });
  await using replica = await startRedis({ password: 'other', replicaOf: master });
  await master.run('SET', 'key', 'value');
  await expect.poll(() => replica.run('GET', 'key'), patience).toBe('value');
  await expect(replica.run('SET', 'key', 'value')).rejects.toThrow('READONLY');
});

test('a directive that Redis does not know is told with its own words', async () => {
  await expect(startRedis({ config: { 'no-such-directive': 'yes' } })).rejects.toThrow(/no-such-directive/);
});

test('nothing is left of a process that is killed with servers running', async () => {
  const program = `
    const { startRedis } = await import(${JSON.stringify(new URL('servers.mjs', import.meta.url).href)});
    const server = await startRedis();
    const frozen = await startRedis();
    console.log(JSON.stringify([await server.run('CONFIG', 'GET', 'dir'), server.port, frozen.port]));
    frozen.freeze();
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const [[, directory], ...ports] = JSON.parse(line);
  expect(existsSync(directory)).toBe(true);

  child.kill('SIGKILL');
  await once(child, 'exit');
  for (const port of ports) {
    await expect.poll(() => isListening(port), patience).toBe(false);
  }
  await expect.poll(() => existsSync(directory), patience).toBe(false);
});
