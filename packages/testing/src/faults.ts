import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A way in which an endpoint of a test issuer misbehaves. */
export type IssuerFault =
  | 'reset'
  | 'hang'
  | 'drip'
  | 'server-error'
  | 'not-found'
  | 'html'
  | 'malformed'
  | 'truncated'
  | 'empty'
  | 'huge'
  | 'redirect';

/** A request to an endpoint, and the document that a healthy endpoint would answer. */
export interface Exchange {
  readonly response: ServerResponse;
  readonly document: string;
  /** A path that serves the document whatever the fault is. */
  readonly elsewhere: string;
}

interface Fault {
  /** What the caller sees; the README shows this sentence. */
  readonly means: string;
  readonly answer: (exchange: Exchange) => void;
}

// A kept connection could fail a later request for a reason of its own, so that every request gets a new one. (But not
// where a body is never to end: some clients take a closed connection for the end then.)
const connection = 'close';
const dripMilliseconds = 20;
const hugeChunks = 64;
const hugeChunk = ' '.repeat(64 * 1024);

const faults: Readonly<Record<IssuerFault, Fault>> = {
  reset: {
    means: 'The connection is reset before any answer.',
    answer: ({ response }) => response.socket?.resetAndDestroy(),
  },
  hang: {
    means: 'The request is read and never answered.',
    answer: () => {},
  },
  drip: {
    means: 'The document comes one byte every 20 milliseconds and never ends.',
    answer: drip,
  },
  'server-error': {
    means: 'Status 500. The body is the document, so only the status tells.',
    answer: ({ response, document }) => answerDocument(response, document, { status: 500 }),
  },
  'not-found': {
    means: 'Status 404. The body is the document, so only the status tells.',
    answer: ({ response, document }) => answerDocument(response, document, { status: 404 }),
  },
  html: {
    means: 'Status 200 and a page of `text/html`.',
    answer: ({ response }) => answerDocument(response, '<!doctype html><title>Sign in</title>', { type: 'text/html' }),
  },
  malformed: {
    means: 'Status 200, and the first half of the document.',
    answer: ({ response, document }) => answerDocument(response, document.slice(0, document.length / 2)),
  },
  truncated: {
    means:
      'Status 200, and the first half of the document; the connection closes before the rest, which was announced.',
    answer: truncate,
  },
  empty: {
    means: 'Status 200 and no body.',
    answer: ({ response }) => answerDocument(response, ''),
  },
  huge: {
    means: 'The document, followed by 4 MiB of white space without a `Content-Length`: valid JSON, too long to read.',
    answer: huge,
  },
  redirect: {
    means: 'Status 302 to another path of the issuer, which serves the document.',
    answer: ({ response, elsewhere }) => answerDocument(response, '', { status: 302, location: elsewhere }),
  },
};

/** Every fault, for a loop over all of them. */
export const issuerFaults: readonly IssuerFault[] = Object.keys(faults) as IssuerFault[];

/** What a caller of an endpoint with this fault sees, in a sentence. */
export function describeFault(fault: IssuerFault): string {
  return faults[fault].means;
}

/** Answers, or does not, as the fault demands. */
export function answerWithFault(fault: IssuerFault, exchange: Exchange): void {
  faults[fault].answer(exchange);
}

/** Answers with a body in one piece. Default: status 200 and JSON. */
export function answerDocument(
  response: ServerResponse,
  body: string | Uint8Array,
  options: { readonly status?: number; readonly type?: string; readonly location?: string } = {},
): void {
  const { status = 200, type = 'application/json', location } = options;
  response.writeHead(status, {
    connection,
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    ...(location !== undefined && { location }),
  });
  response.end(body);
}

function drip({ response, document }: Exchange): void {
  const bytes = Buffer.from(document);
  let sent = 0;
  const sendByte = () => {
    response.write(sent < bytes.length ? bytes.subarray(sent, sent + 1) : ' ');
    sent += 1;
  };
  response.writeHead(200, { 'content-type': 'application/json' });
  sendByte();
  const timer = setInterval(sendByte, dripMilliseconds).unref();
  response.on('close', () => clearInterval(timer));
}

function truncate({ response, document }: Exchange): void {
  response.writeHead(200, { connection, 'content-type': 'application/json', 'content-length': document.length });
  response.write(document.slice(0, document.length / 2), () => response.destroy());
}

function huge({ response, document }: Exchange): void {
  response.writeHead(200, { connection, 'content-type': 'application/json' });
  const chunks = [document, ...Array.from({ length: hugeChunks }, () => hugeChunk)];
  // A caller that stops reading is the purpose, not an error.
  pipeline(Readable.from(chunks), response).catch(() => {});
}
