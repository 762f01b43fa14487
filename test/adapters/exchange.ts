import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly statusLine: string;
  /** Field lines in order, as they came. */
  readonly lines: readonly string[];
  /** The same, each as `[name in lower case, value]`. */
  readonly fields: readonly (readonly [string, string])[];
  readonly body: string;
}

/** Every value of one field, a line each. */
export function linesOf(answer: RawAnswer, name: string): readonly string[] {
  return answer.fields.filter(([field]) => field === name).map(([, value]) => value);
}

/** What Node adds to any answer. */
const hopFields = /^(?:date|connection|keep-alive):/i;

/**
 * An answer as text, byte for byte but for what Node adds. Frameworks spell `Content-Length` in their own ways, which is
 * the same to everybody (RFC 9110 §5.1).
 */
export function textOf({ statusLine, lines, body }: RawAnswer): string {
  const own = lines.filter((line) => !hopFields.test(line));
  return [statusLine, ...own.map((line) => line.replace(/^content-length:/i, 'content-length:')), '', body].join('\n');
}

/** A connection of one's own, kept alive until it is closed. */
export interface Connection {
  /**
   * Writes requests, all at once: a client that pipelines.
   *
   * @param requests request line and field lines, without `Host`; behind an empty line, a body
   */
  write(...requests: readonly (readonly string[])[]): void;
  /** The answer to the first request that has none yet. Rejects when the server closes the connection instead. */
  read(): Promise<RawAnswer>;
  close(): void;
}

export async function openConnection(url: string): Promise<Connection> {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  return converse(socket, host);
}

/**
 * Speaks HTTP over a socket that is connected, TLS or not.
 *
 * @param host what the `Host` field says
 */
export function converse(socket: Socket, host: string): Connection {
  socket.setEncoding('latin1');
  const chunks: AsyncIterator<string> = socket[Symbol.asyncIterator]();
  const waiting: (readonly string[])[] = [];
  let received = '';
  return {
    write(...requests) {
      waiting.push(...requests);
      socket.write(requests.map((lines) => writeRequest(lines, host)).join(''));
    },
    async read() {
      const request = waiting.shift();
      let taken = takeAnswer(received, request);
      while (taken === undefined) {
        const chunk = await chunks.next();
        if (chunk.done) throw new Error('The server closed the connection.');
        received += chunk.value;
        taken = takeAnswer(received, request);
      }
      received = taken.rest;
      return taken.answer;
    },
    close() {
      socket.destroy();
    },
  };
}

/** Writes requests on one connection, all at once, and reads an answer to each. */
export async function exchange(
  url: string,
  ...requests: readonly (readonly string[])[]
): Promise<readonly RawAnswer[]> {
  const connection = await openConnection(url);
  connection.write(...requests);
  const answers: RawAnswer[] = [];
  for (const _ of requests) answers.push(await connection.read());
  connection.close();
  return answers;
}

function writeRequest(lines: readonly string[], host: string): string {
  const end = lines.includes('') ? lines.indexOf('') : lines.length;
  const body = lines.slice(end + 1).join('\r\n');
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  return [...lines.slice(0, end), ...length, `Host: ${host}`, '', body].join('\r\n');
}

function takeAnswer(
  received: string,
  request: readonly string[] | undefined,
): { readonly answer: RawAnswer; readonly rest: string } | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [statusLine = '', ...lines] = received.slice(0, end).split('\r\n');
  const fields = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const length = Number(fields.find(([name]) => name === 'content-length')?.[1] ?? 0);
  const bodyEnd = end + 4 + (request?.[0]?.startsWith('HEAD ') ? 0 : length);
  if (received.length < bodyEnd) return undefined;
  return {
    answer: { statusLine, lines, fields, body: received.slice(end + 4, bodyEnd) },
    rest: received.slice(bodyEnd),
  };
}
