import { once } from 'node:events';
import { createServer } from 'node:http';

/**
 * An HTTP server on a port that the system chose. It listens before it serves, because an API and its authorization
 * server have to know each other's address before either can be configured.
 */
export async function openPort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    origin: `http://127.0.0.1:${address.port}`,
    /** @param {import('node:http').RequestListener} listener */
    serve(listener) {
      server.on('request', listener);
    },
    async close() {
      server.close();
      // Kept-alive connections would keep the process running.
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
