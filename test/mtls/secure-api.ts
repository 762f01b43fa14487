import { once } from 'node:events';
import {
  createServer,
  type Agent as HttpAgent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as requestPlain,
} from 'node:http';
import { Agent, createServer as createSecureServer, request as requestSecure, type ServerOptions } from 'node:https';
import type { AddressInfo, ListenOptions } from 'node:net';
import { text } from 'node:stream/consumers';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import type { Decision, VerifierOptions } from '@gatehouse/core';
import { createTestCertificate } from '@gatehouse/testing';
import type { AdapterUnderTest } from '../adapters/api.ts';

/** What Node needs to ask for certificates, and to take those that nobody knows. */
export const asking: ServerOptions = { requestCert: true, rejectUnauthorized: false };

/** The certificate of every server here: it signs itself, and knows itself as `localhost`, `127.0.0.1` and `::1`. */
export const own: { readonly key: string; readonly cert: string } = createTestCertificate();

/** An API of the contract suite behind a listening socket of another kind. */
export interface SocketApi {
  /** `https://127.0.0.1:port`, or `http://…`; `localhost` on a Unix socket. */
  readonly url: string;
  readonly decisions: readonly Decision[];
  /** Whether each TLS connection resumed a session, in order. */
  readonly resumptions: readonly boolean[];
  /** The side of the API of the newest TLS connection. */
  newestConnection(): TLSSocket;
  close(): Promise<void>;
}

type Options = Pick<VerifierOptions, 'resource' | 'issuers' | 'dpop' | 'trustedProxies' | 'now'>;

/**
 * @param tls undefined: plain HTTP
 * @param maxHeaderSize of plain HTTP, in bytes
 */
export async function startSocketApi(
  adapter: AdapterUnderTest,
  options: Options,
  tls: ServerOptions | undefined,
  where: ListenOptions = { host: '127.0.0.1', port: 0 },
  maxHeaderSize = 16_384,
): Promise<SocketApi> {
  const decisions: Decision[] = [];
  const connections: TLSSocket[] = [];
  const resumptions: boolean[] = [];
  const api = await adapter.start({ ...options, onDecision: (decision) => decisions.push(decision) });
  // The framework gets the requests of this server as if they were those of its own.
  const answer = (...exchange: unknown[]) => void api.server.emit('request', ...exchange);
  const server =
    tls === undefined ? createServer({ maxHeaderSize }, answer) : createSecureServer({ ...own, ...tls }, answer);
  server.on('secureConnection', (socket: TLSSocket) => {
    connections.push(socket);
    resumptions.push(socket.isSessionReused());
  });
  server.listen(where);
  await once(server, 'listening');
  const address = server.address() as AddressInfo | string;
  const authority = typeof address === 'string' ? 'localhost' : `127.0.0.1:${address.port}`;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${authority}`,
    decisions,
    resumptions,
    newestConnection() {
      const newest = connections.at(-1);
      if (newest === undefined) throw new Error('There was no connection.');
      return newest;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await Promise.all([once(server, 'close'), api.close()]);
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Field lines; a list is as many lines. */
type Fields = Readonly<Record<string, string | string[]>>;

export async function call(
  url: string,
  headers: Fields,
  options: { readonly agent?: HttpAgent; readonly socketPath?: string } & Pick<
    ConnectionOptions,
    'session' | 'cert' | 'key'
  > = {},
): Promise<Answer> {
  const { agent = false, ...others } = options;
  const send = url.startsWith('https:') ? requestSecure : requestPlain;
  const request = send(url, { ...others, agent, headers: { ...headers }, rejectUnauthorized: false }).end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}

/** A client with one connection at a time, which it keeps for its next request; and with the sessions of those before. */
export function createClient(tls: ConnectionOptions = {}): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1, ...tls });
}

/** Ends the connections of a client, so that its next request needs another handshake. */
export async function disconnect(client: Agent): Promise<void> {
  const sockets = Object.values(client.freeSockets).flatMap((free) => free ?? []);
  await Promise.all(sockets.map((socket) => once(socket.destroy(), 'close')));
}
