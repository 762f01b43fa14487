import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { proveUnderFault } from './fault.ts';
import { type RedisServer, startRedis } from './servers.mjs';
import type { Traffic } from './traffic.ts';

const unavailable = 'ERR_REPLAY_STORE_UNAVAILABLE';
const forgotten = 'ERR_REPLAY_STORE_FORGOTTEN';

/** A busy machine is no outage. */
const patientSeconds = 4;

const connectTo =
  ({ options }: RedisServer, credentials: { readonly username?: string; readonly password?: string } = {}) =>
  () =>
    new Redis({ ...options, ...credentials });

describe.concurrent('no proof is accepted twice, and new ones are accepted again without a restart', () => {
  test('when Redis is killed, and comes back without its memory', async () => {
    await using server = await startRedis();
    const { refused } = await proveUnderFault('killed, data lost', connectTo(server), async ({ see }) => {
      await server.kill();
      await see(unavailable, 20);
      await server.start({ keepData: false });
      await see(forgotten);
    });
    expect(refused[forgotten]).toBeGreaterThan(0);
  });

  test('when Redis is killed, and comes back with every write', async () => {
    await using server = await startRedis({ persistence: 'aof' });
    await proveUnderFault('killed, data kept', connectTo(server), async ({ see }) => {
      await server.kill();
      await see(unavailable, 20);
      await server.start();
    });
  });

  test.each([true, false])('when Redis is restarted in good order, its memory kept: %s', async (keepData) => {
    await using server = await startRedis({ persistence: 'rdb' });
    await proveUnderFault(`restarted, data ${keepData ? 'kept' : 'lost'}`, connectTo(server), async () => {
      await server.restart({ keepData });
    });
  });

  test('when Redis is frozen and thawed, and nothing is forgotten', async () => {
    await using server = await startRedis();
    const { refused } = await proveUnderFault('frozen', connectTo(server), async ({ see }) => {
      server.freeze();
      await see(unavailable, 50);
      server.thaw();
    });
    expect(Object.keys(refused)).toEqual([unavailable]);
  });

  test('when connections are cut again and again', async () => {
    await using server = await startRedis();
    await proveUnderFault('with connections cut ten times', connectTo(server), async ({ see }) => {
      for (let cuts = 0; cuts < 10; cuts += 1) {
        await server.run('CLIENT', 'KILL', 'TYPE', 'normal');
        await see('accepted');
      }
    });
  });

  test('when Redis forgets the script: nobody notices', async () => {
    await using server = await startRedis();
    const flush = async ({ see }: Traffic) => {
      for (let flushes = 0; flushes < 10; flushes += 1) {
        await server.run('SCRIPT', 'FLUSH');
        await see('accepted', 2);
      }
    };
    const { refused } = await proveUnderFault(
      'without the script, ten times',
      connectTo(server),
      flush,
      patientSeconds,
    );
    expect(refused).toEqual({});
  });

  test('when Redis is emptied', async () => {
    await using server = await startRedis();
    await proveUnderFault('emptied', connectTo(server), async ({ see }) => {
      await server.run('FLUSHALL');
      await see(forgotten, 20);
    });
  });

  test('when Redis is out of memory', async () => {
    await using server = await startRedis();
    const fill = async ({ see }: Traffic) => {
      await server.run('CONFIG', 'SET', 'maxmemory', '1mb');
      await see('ERR_REPLAY_STORE_FULL', 20);
      await server.run('CONFIG', 'SET', 'maxmemory', '0');
    };
    const { refused } = await proveUnderFault('out of memory', connectTo(server), fill, patientSeconds);
    expect(Object.keys(refused)).toEqual(['ERR_REPLAY_STORE_FULL']);
  });

  test('when Redis may evict what it was told to keep', async () => {
    await using server = await startRedis();
    await proveUnderFault('with a policy that evicts', connectTo(server), async ({ see }) => {
      await server.run('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
      await see('ERR_REPLAY_STORE_EVICTS', 20);
      await server.run('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    });
  });

  test('when Redis is made the replica of an empty server, and a master again', async () => {
    await using server = await startRedis();
    await using empty = await startRedis();
    await proveUnderFault('read-only, its data replaced', connectTo(server), async ({ see }) => {
      await server.run('REPLICAOF', '127.0.0.1', empty.port);
      await see('ERR_REPLAY_STORE_READ_ONLY', 20);
      await server.run('REPLICAOF', 'NO', 'ONE');
    });
  });

  test('when Redis speaks TLS and changes the password of its user for a while', async () => {
    const [username, password] = ['api', 'p@ss "word"'];
    await using server = await startRedis({ password: 'of the default user', tls: true });
    const setPassword = async (text: string) => {
      await server.run('ACL', 'SETUSER', username, 'reset', 'on', `>${text}`, '~gatehouse:*', '+@all');
      await server.run('CLIENT', 'KILL', 'USER', username);
    };
    await setPassword(password);
    const connect = connectTo(server, { username, password });
    await proveUnderFault('over TLS, password changed', connect, async ({ see }) => {
      await setPassword('another');
      await see('ERR_REPLAY_STORE_PERMISSION', 20);
      await setPassword(password);
    });
  });
});
