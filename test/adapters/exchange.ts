import { once } from 'node:events';
import { connect } from 'node:net';

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly statusLine: string;
  /** Field lines in order, each `[name in lower case, value]`. */
  readonly fields: readonly (readonly [string, string])[];
  readonly body: string;
}

/** Every value of one field, a line each. */
export function linesOf(answer: RawAnswer, name: string): readonly string[] {
  return answer.fields.filter(([field]) => field === name).map(([, value]) => value);
}

/**
 * Writes requests on one connection, all at once, and reads an answer to each: what a client that pipelines sees.
 *
 * @param requests request line and field lines, without `Host`; behind an empty line, a body
 */
export async function exchange(
  url: string,
  ...requests: readonly (readonly string[])[]
): Promise<readonly RawAnswer[]> {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setEncoding('latin1');
  await once(socket, 'connect');
  socket.write(requests.map((lines) => writeRequest(lines, host)).join(''));
  const answers: RawAnswer[] = [];
  let received = '';
  for await (const chunk of socket) {
    received += String(chunk);
    for (let next = takeAnswer(received, requests[answers.length]); next !== undefined; ) {
      answers.push(next.answer);
      received = next.rest;
      next = answers.length === requests.length ? undefined : takeAnswer(received, requests[answers.length]);
    }
    if (answers.length === requests.length) break;
  }
  socket.destroy();
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
  return { answer: { statusLine, fields, body: received.slice(end + 4, bodyEnd) }, rest: received.slice(bodyEnd) };
}
