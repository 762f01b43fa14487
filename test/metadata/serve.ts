import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RunningServer {
  /** `http://127.0.0.1:port` */
  readonly origin: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Listens on a free port of this machine with the application that is built for its origin. */
export async function serve(build: (origin: string) => RequestListener): Promise<RunningServer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.on('request', build(origin));
  return {
    origin,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
