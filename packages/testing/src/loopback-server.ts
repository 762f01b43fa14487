import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An HTTP server on 127.0.0.1 that can go away and come back on the same port. */
export interface LoopbackServer {
  readonly origin: string;
  /** Listens again; does nothing when it listens already. Rejects when another process took the port meanwhile. */
  start(): Promise<void>;
  /** Stops listening and destroys every connection; does nothing when it is stopped already. */
  stop(): Promise<void>;
}

/** Starts a server on a free port. */
export async function startLoopbackServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
): Promise<LoopbackServer> {
  const server = createServer((request, response) => {
    // A caller that leaves before its request is read. Anything else is a bug here, which it sees as a broken connection.
    Promise.resolve(answer(request, response)).catch(() => response.destroy());
  });
  const listen = async (onPort: number) => {
    server.listen(onPort, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    async start() {
      if (!server.listening) await listen(port);
    },
    async stop() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
