import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { createTestCertificate } from '@gatehouse/testing';
import { type Connection, converse, type RawAnswer } from '../adapters/exchange.ts';
import { type SiteName, startNginx } from './nginx.ts';

/** How nginx reaches the API. */
export const upstreams = ['tcp', 'unix'] as const;

/** An API that is reached through nginx. */
export interface Proxied {
  connect(site: SiteName, options?: ConnectionOptions): Promise<TLSSocket>;
  open(site: SiteName, options?: ConnectionOptions): Promise<Connection>;
  /** The answer to one request, over a connection of its own. */
  send(site: SiteName, request: readonly string[], options?: ConnectionOptions): Promise<RawAnswer>;
  /** Ends nginx, and leaves the API alone. */
  close(): Promise<void>;
}

/**
 * Puts nginx in front of a server that listens on loopback.
 *
 * @param upstream `unix` puts it on a Unix socket as well, and nginx in front of that
 */
export async function startProxied(server: Server, upstream: (typeof upstreams)[number]): Promise<Proxied> {
  const { address, close } =
    upstream === 'tcp'
      ? { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, close: async () => undefined }
      : await listenOnUnixSocket(server);
  const nginx = await startNginx(address, createTestCertificate());

  async function open(site: SiteName, options?: ConnectionOptions): Promise<Connection> {
    return converse(await nginx.connect(site, options), site);
  }

  return {
    connect: nginx.connect,
    open,
    async send(site, request, options) {
      const connection = await open(site, options);
      connection.write(request);
      const answer = await connection.read();
      connection.close();
      return answer;
    },
    async close() {
      await nginx.stop();
      await close();
    },
  };
}

/** A second server that hands its requests to the first. */
async function listenOnUnixSocket(server: Server) {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-api-'));
  const path = join(directory, 'api.sock');
  const second = createServer((message, response) => server.emit('request', message, response)).listen(path);
  await once(second, 'listening');
  return {
    address: `unix:${path}`,
    async close() {
      second.closeAllConnections();
      second.close();
      await rm(directory, { recursive: true });
    },
  };
}
