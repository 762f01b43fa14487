import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as send } from 'node:https';
import { buffer } from 'node:stream/consumers';
import type { Fetch } from '../dpop/fetch.ts';
import type { TestCertificate } from './certificate.ts';

/**
 * `fetch` with a client certificate, which the global one cannot show. Each request has a connection of its own; redirects
 * are answers like any other. Whom it calls is not checked: its servers are those of a test.
 */
export function createCertifiedFetch({ cert, key }: TestCertificate): Fetch {
  return async (input, init) => {
    const { method, url, headers, body } = await read(new Request(input, init));
    const outgoing = send(url, { method, headers, cert, key, agent: false, rejectUnauthorized: false });
    outgoing.end(body);
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    return toResponse(incoming, url);
  };
}

async function read(request: Request): Promise<{ method: string; url: string; headers: string[]; body: Uint8Array }> {
  const body = new Uint8Array(await request.arrayBuffer());
  const { host } = new URL(request.url);
  const headers = [
    ...request.headers,
    ['host', host],
    ...(body.length > 0 ? [['content-length', `${body.length}`]] : []),
  ];
  return { method: request.method, url: request.url, headers: headers.flat(), body };
}

async function toResponse(incoming: IncomingMessage, url: string): Promise<Response> {
  const { statusCode = 0, statusMessage = '', rawHeaders } = incoming;
  const body = await buffer(incoming);
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    headers.append(String(rawHeaders[index]), String(rawHeaders[index + 1]));
  }
  const response = new Response(body.length === 0 ? null : body, {
    status: statusCode,
    statusText: statusMessage,
    headers,
  });
  // A response that a program makes has none.
  return Object.defineProperty(response, 'url', { value: url });
}
