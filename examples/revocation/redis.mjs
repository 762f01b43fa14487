import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** A Redis server for this example alone: in memory, on a free port of loopback. */
export async function startRedis() {
  const port = await findFreePort();
  const child = spawn('redis-server', ['--bind', '127.0.0.1', '--port', String(port), '--save', '']);
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) if (/ready to accept connections/i.test(line)) break;
  child.stdout.resume();
  return {
    port,
    async stop() {
      child.kill();
      await once(child, 'exit');
    },
  };
}

async function findFreePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
