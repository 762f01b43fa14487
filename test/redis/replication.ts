import type { RedisServer } from './servers.mjs';

/** How many of these servers take themselves for masters. */
export async function countMasters(servers: readonly RedisServer[]): Promise<number> {
  const descriptions = await Promise.all(servers.map((server) => server.run('INFO', 'replication')));
  return descriptions.filter((text) => String(text).includes('role:master')).length;
}

/** Whatever the master records from now on is lost with it. */
export async function cutReplication(master: RedisServer, replicas: readonly RedisServer[]): Promise<void> {
  for (const replica of replicas) await replica.run('CONFIG', 'SET', 'masterauth', 'wrong');
  await master.run('CLIENT', 'KILL', 'TYPE', 'replica');
}

export async function allowReplication(replicas: readonly RedisServer[], password: string): Promise<void> {
  for (const replica of replicas) await replica.run('CONFIG', 'SET', 'masterauth', password);
}
