import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Outcome } from './evaluation.ts';
import {
  answerEndpoint,
  type Endpoint,
  type HeaderLists,
  type HttpRequest,
  type HttpResponse,
} from './http/request.ts';
import { findClientCertificate, findPeerAddress } from './node/connection.ts';
import { viewHeaders } from './node/header-lists.ts';
import { createPrivateSlot } from './private-slot.ts';

const requests = createPrivateSlot<ReceivedRequest>();

/**
 * The request behind a Node message, field lines kept apart as `rawHeaders` has them. One message gives the same object
 * every time, which is how stacked guards share what they found; a URL or field lines that are given later change nothing.
 * Only where something overrides the method is it another request, for which nothing is proven yet. The target is what
 * `originalUrl` says, where a framework that rewrites `url` has set it on the message.
 *
 * A copy of the object, such as `{ ...request }`, knows neither the client certificate nor the remote address.
 *
 * @param url the URL as received, from frameworks that keep it elsewhere. Default: `url`
 */
export function fromIncomingMessage(message: IncomingMessage, url?: string): HttpRequest {
  const { method = '' } = message;
  const keeper = keeperOf(message);
  const known = requests.get(keeper);
  if (known?.method === method) return known;
  const request = new ReceivedRequest(message, method, targetOf(message, url));
  requests.set(keeper, request);
  return request;
}

/**
 * Where the request of a message is kept: with the state of its stream. Express gives the message another prototype, and
 * from then on V8 makes a shape of its own for whatever is added to it, which Node and Express have to search once more:
 * that takes a request 5 µs. What was made of a message, by inheriting from it, shares the state and is another one.
 */
function keeperOf(message: IncomingMessage): object {
  const { _readableState: state = message } = message as { readonly _readableState?: object };
  const first = requests.get(state);
  return first === undefined || first.isOf(message) ? state : message;
}

class ReceivedRequest implements HttpRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: HeaderLists;
  readonly truncated: boolean;
  readonly #message: IncomingMessage;

  constructor(message: IncomingMessage, method: string, target: string) {
    const { rawHeaders, socket } = message;
    this.method = method;
    this.target = target;
    this.headers = viewHeaders(rawHeaders);
    this.truncated = isTruncated(rawHeaders, socket);
    this.#message = message;
  }

  isOf(message: IncomingMessage): boolean {
    return this.#message === message;
  }

  // Read when asked: a bearer token needs neither.
  get clientCertificate(): Uint8Array | undefined {
    return findClientCertificate(this.#message.socket);
  }

  get remoteAddress(): string | undefined {
    return findPeerAddress(this.#message.socket);
  }
}

/** A framework around another one saw the message first, so that its word counts. */
function targetOf(message: IncomingMessage & { readonly originalUrl?: string }, url: string | undefined): string {
  return message.originalUrl ?? url ?? message.url ?? '';
}

/**
 * Node drops field lines beyond a number without a word: `server.maxHeadersCount`, else 1000. A second `Authorization` may
 * be among them. `rawHeaders` has two entries for each line.
 */
function isTruncated(rawHeaders: readonly string[], socket: IncomingMessage['socket'] | undefined): boolean {
  const { server } = (socket ?? {}) as { readonly server?: Partial<Server> };
  const limit = typeof server?.maxHeadersCount === 'number' ? server.maxHeadersCount : 1000;
  return limit > 0 && rawHeaders.length >= 2 * limit;
}

/**
 * True once the connection of a request is closed. Nothing should be begun for a caller that has left: it learns of no
 * result, and will try again.
 */
export function hasLeft({ socket }: Pick<IncomingMessage, 'socket'>): boolean {
  return socket.destroyed;
}

/** Sets fields, replacing those of the same name; each entry of a list becomes a field line of its own. */
export function writeHeaders(response: ServerResponse, headers: HeaderLists): void {
  for (const [name, values] of Object.entries(headers)) response.setHeader(name, [...values]);
}

/** Writes a whole answer. Does nothing where another one has begun already. */
export function writeResponse(response: ServerResponse, { status, headers, body }: HttpResponse): void {
  if (response.headersSent || response.writableEnded) return;
  response.statusCode = status;
  writeHeaders(response, headers);
  if (body === undefined) response.end();
  else response.setHeader('content-length', Buffer.byteLength(body)).end(body);
}

/** Writes what an outcome says: the whole answer of a refusal, else the fields that go beside those of the handler. */
export function writeOutcome(response: ServerResponse, outcome: Outcome): void {
  if (outcome.outcome === 'refused') writeResponse(response, outcome.response);
  else writeHeaders(response, outcome.headers);
}

/**
 * The body of a message, for endpoints: undefined where it is longer than that, or its caller left before the end. Where a
 * parser of the framework was there first, what it made of the body is written again.
 *
 * @param parsed what a parser has left. Default: `body` of the message
 * @throws TypeError when something has read the body and left nothing
 */
export async function readBody(
  message: IncomingMessage & { readonly body?: unknown },
  maxBytes: number,
  parsed: unknown = message.body,
): Promise<Uint8Array | undefined> {
  if (message.readableDidRead) return limit(writeAgain(parsed), maxBytes);
  if (message.readableEnded) return new Uint8Array();
  if (message.destroyed || Number(message.headers['content-length'] ?? 0) > maxBytes) return undefined;
  const chunks: Uint8Array[] = [];
  let size = 0;
  message.on('data', (chunk: Uint8Array) => {
    size += chunk.byteLength;
    // What is too long is read to its end, and not kept: the answer could not be read before.
    if (size <= maxBytes) chunks.push(chunk);
  });
  const isWhole = await new Promise<boolean>((resolve) => {
    message.once('end', () => resolve(true));
    message.once('close', () => resolve(false));
    message.once('error', () => resolve(false));
  });
  return isWhole && size <= maxBytes ? Buffer.concat(chunks) : undefined;
}

function writeAgain(parsed: unknown): Uint8Array {
  if (parsed instanceof Uint8Array) return parsed;
  if (typeof parsed === 'string') return Buffer.from(parsed);
  if (parsed === undefined) throw new TypeError('The body was read already. Mount the endpoint above what reads it.');
  return Buffer.from(JSON.stringify(parsed));
}

function limit(body: Uint8Array, maxBytes: number): Uint8Array | undefined {
  return body.byteLength > maxBytes ? undefined : body;
}

/** Answers the request when it is for the endpoint; resolves to false when it is not. */
export async function serveEndpoint(
  endpoint: Endpoint,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const answer = await answerEndpoint(endpoint, fromIncomingMessage(message), {
    readBody: (maxBytes) => readBody(message, maxBytes),
    context: message,
  });
  if (answer !== undefined) writeResponse(response, answer);
  return answer !== undefined;
}
