import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** The Redis of `REDIS_URL`, or one that is started here and ends with this process: its URL, and how to let go of it. */
export async function findRedis() {
  const { REDIS_URL } = process.env;
  if (REDIS_URL) return { url: REDIS_URL, stop: () => undefined };

  const port = await findFreePort();
  const server = spawn('redis-server', ['--bind', '127.0.0.1', '--port', port, '--save', '']);
  server.on('error', () => {
    console.error('Put redis-server on the PATH, or set REDIS_URL to the URL of a Redis that may be used.');
    process.exit(1);
  });
  process.once('exit', () => server.kill());
  for await (const line of createInterface({ input: server.stdout })) {
    if (line.includes('Ready to accept connections')) break;
  }
  return { url: `redis://127.0.0.1:${port}`, stop: () => server.kill() };
}

async function findFreePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
