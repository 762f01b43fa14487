import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { type AuthError, createVerifier, type IssuerOptions, type Outcome } from '@gatehouse/core';
import { afterEach } from 'vitest';
import { requestWith, resource } from './guard.ts';

type IntrospectionOptions = NonNullable<IssuerOptions['introspection']>;

/** Whom the endpoints of these tests belong to. Nothing is fetched from there. */
export const issuer = 'https://as.example';
export const clientAuthentication = {
  method: 'client_secret_basic',
  clientId: 'api-1',
  clientSecret: 'secret-1',
} as const;

const cleanups: (() => unknown)[] = [];
afterEach(() => Promise.all(cleanups.splice(0).map((clean) => clean())));

/** Does something at the end of the test. */
export function atEnd(clean: () => unknown): void {
  cleanups.push(clean);
}

/** Listens on a free port of 127.0.0.1 until the end of the test. @returns the port */
export async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A question that arrived. */
export interface Received {
  readonly request: IncomingMessage;
  readonly form: URLSearchParams;
}

/** What an endpoint does with a question that was read to its end. */
export type AnswerQuestion = (response: Parameters<RequestListener>[1], received: Received) => void;

/** Reads each question to its end, notes it, and lets somebody answer it. */
export function answering(received: Received[], answer: AnswerQuestion): RequestListener {
  return async (request, response) => {
    const question = { request, form: new URLSearchParams(await text(request)) };
    received.push(question);
    answer(response, question);
  };
}

/** An introspection endpoint. */
export async function serve(answer: AnswerQuestion): Promise<{ readonly url: string; readonly received: Received[] }> {
  const received: Received[] = [];
  const port = await listen(createServer(answering(received, answer)));
  return { url: `http://127.0.0.1:${port}/introspect`, received };
}

/** An introspection endpoint that writes these bytes for a response, and closes the connection. */
export async function serveBytes(bytes: string): Promise<string> {
  const server = createSocketServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(bytes));
  });
  return `http://127.0.0.1:${await listen(server)}/introspect`;
}

const json = { 'content-type': 'application/json' };

/** Answers every question alike. */
export function answerWith(body: string, status = 200, headers: Record<string, string> = json): AnswerQuestion {
  return (response) => response.writeHead(status, headers).end(body);
}

/** What an endpoint says of a token that is good. */
export function describeToken(members: Readonly<Record<string, unknown>> = {}): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, aud: resource, sub: 'user-1', client_id: 'client-1', iat: now, exp: now + 300 };
  return JSON.stringify({ active: true, ...claims, ...members });
}

/** Has a guard ask this endpoint about tokens. */
export function guardAt(
  url: string,
  changes: Partial<IntrospectionOptions> = {},
  issuerChanges: Partial<IssuerOptions> = {},
): (token?: string) => Promise<Outcome> {
  const introspection = { clientAuthentication, endpoint: url, cacheSeconds: 0, ...changes };
  const verifier = createVerifier({ resource, issuers: [{ issuer, introspection, ...issuerChanges }] });
  atEnd(() => verifier.close());
  return (token = 'opaque-token') => verifier.check(requestWith(token));
}

/** Why a guard refuses. Whatever is wrong with an endpoint, callers get 503, are told when to come back, and nothing else. */
export async function refusalOf(outcome: Outcome | Promise<Outcome>): Promise<AuthError> {
  const ended = await outcome;
  if (ended.outcome !== 'refused') throw new Error(`It is ${ended.outcome}.`);
  return ended.error;
}
