import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { InvalidTokenError } from './errors.ts';
import type { Outcome } from './evaluation.ts';
import { isAnonymous, parseCredentials } from './http/credentials.ts';
import type { Endpoint, HttpRequest } from './http/request.ts';
import { fromIncomingMessage, hasLeft, serveEndpoint, writeHeaders, writeOutcome, writeResponse } from './node.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Sends these lines over a socket of its own, and gives every byte of what comes back. */
async function exchange(listener: RequestListener, ...lines: string[]): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write([...lines, 'Host: api.example', 'Connection: close', '', ''].join('\r\n'));
  return text(socket);
}

/** The request as the server's side sees it. */
async function receive(...lines: string[]): Promise<HttpRequest> {
  const seen: HttpRequest[] = [];
  await exchange(
    (message, response) => {
      seen.push(fromIncomingMessage(message));
      response.end();
    },
    ...lines,
  );
  const [request] = seen;
  if (request === undefined) throw new Error('The server saw no request.');
  return request;
}

const answer = { status: 401, headers: { 'www-authenticate': ['Bearer a="b"', 'DPoP c="d"'] }, body: 'caf\u00E9' };

describe('fromIncomingMessage', () => {
  it('keeps repeated Authorization lines apart, so that they are refused [BRR-07]', async () => {
    const twice = await receive('GET / HTTP/1.1', 'Authorization: Bearer abc', 'authorization: Bearer def');
    expect(twice.headers['authorization']).toEqual(['Bearer abc', 'Bearer def']);
    expect(() => parseCredentials(twice, 100)).toThrow(expect.objectContaining({ code: 'ERR_AUTHORIZATION_REPEATED' }));
    const once = await receive('GET / HTTP/1.1', 'Authorization: Bearer abc');
    expect(parseCredentials(once, 100).token).toBe('abc');
  });

  it('says when Node has dropped field lines, credentials perhaps among them [BRR-07]', async () => {
    const pad = (count: number) => ['GET / HTTP/1.1', 'Host: api.example', ...Array<string>(count).fill('a:')];
    const answer = await exchange(
      (message, response) => {
        const padded = fromIncomingMessage(message);
        const refusal = () => parseCredentials(padded, 100);
        expect(padded.headers['authorization']).toBeUndefined();
        expect(isAnonymous(padded)).toBe(false);
        expect(refusal).toThrow(expect.objectContaining({ code: 'ERR_FIELDS_TRUNCATED' }));
        response.writeHead(400).end();
      },
      ...pad(1100),
      'Authorization: Bearer abc',
    );
    // Newer versions of Node refuse such a request themselves.
    expect(answer).toMatch(/^HTTP\/1\.1 (?:400|431) /);
    const whole = await receive(...pad(900), 'Authorization: Bearer abc');
    expect(parseCredentials(whole, 100).token).toBe('abc');
  });

  it('knows the limit of the server', async () => {
    const message = { method: 'GET', url: '/', rawHeaders: Array<string>(100).fill('a') };
    const on = (maxHeadersCount: number | null) =>
      fromIncomingMessage({ ...message, socket: { server: { maxHeadersCount } } } as never).truncated;
    expect([on(51), on(50), on(null), on(0)]).toEqual([false, true, false, false]);
  });

  it('keeps fields of the same name apart, in order, and joins none', async () => {
    const { headers } = await receive('GET / HTTP/1.1', 'DPoP: one', 'X-Other: a, b', 'dpop: two', 'DPOP: ');
    expect(headers['dpop']).toEqual(['one', 'two', '']);
    expect(headers['x-other']).toEqual(['a, b']);
  });

  it('keeps what the caller wrote: method and target, query and all', async () => {
    const request = await receive('DELETE /a/../b%2Fc?d=e&access_token=x HTTP/1.1');
    expect(request).toMatchObject({ method: 'DELETE', target: '/a/../b%2Fc?d=e&access_token=x' });
  });

  it('takes a field for nothing but a field, whatever its name', async () => {
    const { headers } = await receive('GET / HTTP/1.1', '__proto__: a', 'constructor: b');
    expect(Object.keys(headers)).toEqual(expect.arrayContaining(['__proto__', 'constructor']));
    expect(headers['constructor']).toEqual(['b']);
    expect(headers['hasownproperty']).toBeUndefined();
    expect((await receive('GET / HTTP/1.1')).headers['constructor']).toBeUndefined();
  });

  it('is another request once something has overridden the method: a proof for POST is none for DELETE [DPOP-09]', async () => {
    const seen: HttpRequest[] = [];
    await exchange((message, response) => {
      seen.push(fromIncomingMessage(message));
      message.method = 'DELETE';
      seen.push(fromIncomingMessage(message), fromIncomingMessage(message));
      response.end();
    }, 'POST /a HTTP/1.1');
    expect(seen.map(({ method }) => method)).toEqual(['POST', 'DELETE', 'DELETE']);
    expect(seen[2]).toBe(seen[1]);
  });

  it('is a request of its own for each message, also where one is made of another [DPOP-10]', async () => {
    const seen: HttpRequest[] = [];
    await exchange((message, response) => {
      // As middleware does that makes several requests of one.
      const part: typeof message = Object.create(message, { url: { value: '/b' } });
      const both = [message, part];
      seen.push(...both.map((each) => fromIncomingMessage(each)), ...both.map((each) => fromIncomingMessage(each)));
      response.end();
    }, 'GET /a HTTP/1.1');
    expect(seen.map(({ target }) => target)).toEqual(['/a', '/b', '/a', '/b']);
    expect(seen[2]).toBe(seen[0]);
    expect(seen[3]).toBe(seen[1]);
  });

  it('stays what arrived, whatever is put in the place of its field lines', async () => {
    await exchange(
      (message, response) => {
        const request = fromIncomingMessage(message);
        message.rawHeaders = ['Authorization', 'Bearer def'];
        expect(fromIncomingMessage(message)).toBe(request);
        expect(request.headers['authorization']).toEqual(['Bearer abc']);
        response.end();
      },
      'GET / HTTP/1.1',
      'Authorization: Bearer abc',
    );
  });

  it('gives the same object for the same message, with the target it was first given', async () => {
    const seen: HttpRequest[] = [];
    await exchange((message, response) => {
      seen.push(fromIncomingMessage(message, '/mounted/original?a'));
      message.url = '/original?a';
      seen.push(fromIncomingMessage(message), fromIncomingMessage(message, '/another'));
      response.end();
    }, 'GET /mounted/original?a HTTP/1.1');
    const [first, second, third] = seen;
    expect(first?.target).toBe('/mounted/original?a');
    expect(second).toBe(first);
    expect(third).toBe(first);
  });
});

describe('the target', () => {
  const targetOf = (members: object, url?: string) =>
    fromIncomingMessage({ method: 'GET', url: '/rewritten', rawHeaders: [], ...members } as never, url).target;

  it('is what a framework kept on the message, then what it kept elsewhere, then the URL', () => {
    expect(targetOf({ originalUrl: '/outer/inner/rewritten' }, '/inner/rewritten')).toBe('/outer/inner/rewritten');
    expect(targetOf({}, '/inner/rewritten')).toBe('/inner/rewritten');
    expect(targetOf({})).toBe('/rewritten');
  });
});

describe('hasLeft', () => {
  it('is true once the connection is closed, and not before', async () => {
    const seen: boolean[] = [];
    await exchange(async (message) => {
      seen.push(hasLeft(message));
      message.socket.destroy();
      seen.push(hasLeft(message));
    }, 'GET / HTTP/1.1');
    expect(seen).toEqual([false, true]);
  });
});

describe('writeResponse', () => {
  it('writes status, fields and body, each challenge on a line of its own [CHL-08]', async () => {
    const bytes = await exchange((_, response) => writeResponse(response, answer), 'GET / HTTP/1.1');
    const [head = '', body] = bytes.split('\r\n\r\n');
    expect(head.split('\r\n', 4)).toEqual([
      'HTTP/1.1 401 Unauthorized',
      'www-authenticate: Bearer a="b"',
      'www-authenticate: DPoP c="d"',
      'content-length: 5',
    ]);
    expect(body).toBe('caf\u00E9');
  });

  it('writes the fields of the body to HEAD, and no body [PRB-04]', async () => {
    const bytes = await exchange((_, response) => writeResponse(response, answer), 'HEAD / HTTP/1.1');
    expect(bytes).toContain('www-authenticate: Bearer a="b"\r\n');
    expect(bytes).toContain('content-length: 5\r\n');
    expect(bytes.endsWith('\r\n\r\n')).toBe(true);
  });

  it('writes no length and no body for 204', async () => {
    const none = { status: 204, headers: { allow: ['GET'] }, body: undefined };
    const bytes = await exchange((_, response) => writeResponse(response, none), 'OPTIONS / HTTP/1.1');
    expect(bytes).toMatch(/^HTTP\/1\.1 204 No Content\r\nallow: GET\r\n/);
    expect(bytes).not.toMatch(/content-length|transfer-encoding/i);
  });

  it('replaces fields of the same name that were set before [CHL-03]', async () => {
    const bytes = await exchange((_, response) => {
      response.setHeader('WWW-Authenticate', 'Basic realm="x"').setHeader('X-Kept', 'yes');
      writeResponse(response, answer);
    }, 'GET / HTTP/1.1');
    expect(bytes).not.toContain('Basic');
    expect(bytes).toContain('X-Kept: yes\r\n');
  });

  it.each<[string, RequestListener]>([
    ['once its headers are sent', (_, response) => response.writeHead(200).flushHeaders()],
    ['once it has ended', (_, response) => response.end()],
  ])('writes no second answer to a request %s', async (_, begin) => {
    const bytes = await exchange((message, response) => {
      begin(message, response);
      writeResponse(response, answer);
      response.end();
    }, 'GET / HTTP/1.1');
    expect(bytes).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(bytes).not.toMatch(/401|Bearer|caf/);
  });
});

describe('writeHeaders', () => {
  it('sets fields of an answer that another writes, and leaves the lists as they were', async () => {
    const values = Object.freeze(['a', 'b']);
    const bytes = await exchange((_, response) => {
      writeHeaders(response, { 'x-list': values });
      response.end();
    }, 'GET / HTTP/1.1');
    expect(bytes).toContain('x-list: a\r\nx-list: b\r\n');
  });
});

describe('writeOutcome', () => {
  const write = (outcome: Outcome) =>
    exchange((_, response) => {
      writeOutcome(response, outcome);
      response.end();
    }, 'GET / HTTP/1.1');

  it('writes the whole answer of a refusal', async () => {
    const bytes = await write({
      outcome: 'refused',
      error: new InvalidTokenError('ERR_TOKEN_EXPIRED'),
      response: answer,
    });
    expect(bytes).toMatch(/^HTTP\/1\.1 401 .*www-authenticate: Bearer a="b"\r\n/s);
  });

  it('sets the fields of any other outcome, and leaves the answer to the handler', async () => {
    const bytes = await write({ outcome: 'anonymous', headers: { 'dpop-nonce': ['next'] } });
    expect(bytes).toMatch(/^HTTP\/1\.1 200 OK\r\ndpop-nonce: next\r\n/);
  });
});

describe('serveEndpoint', () => {
  const endpoint: Endpoint = {
    path: '/.well-known/x/mcp',
    methods: ['GET'],
    handle: async ({ method }) => ({ status: 200, headers: {}, body: `served ${method}` }),
  };
  const listener: RequestListener = async (message, response) => {
    if (!(await serveEndpoint(endpoint, message, response))) writeResponse(response, { ...answer, status: 404 });
  };

  it.each(['/.well-known/x/mcp', '/.well-known/x/mcp?', '/.well-known/x/mcp?a=/b?c'])(
    'answers %s: the query does not count [PRM-05]',
    async (target) => {
      expect(await exchange(listener, `GET ${target} HTTP/1.1`)).toMatch(/^HTTP\/1\.1 200 .*served GET$/s);
    },
  );

  it.each([
    '/.well-known/x/mcp/',
    '/.well-known/x/mcp/more',
    '/.well-known/x/mcpx',
    '/.well-known/x/',
    '/.well-known/x',
    '/.well-known/x/MCP',
    '/.well-known/x/%6Dcp',
    '/.well-known/x//mcp',
    '/a/../.well-known/x/mcp',
    '/mcp/.well-known/x',
    '//.well-known/x/mcp',
    '/',
    '/?/.well-known/x/mcp',
  ])('leaves %s to others: the path is compared byte for byte [PRM-01 PRM-05]', async (target) => {
    expect(await exchange(listener, `GET ${target} HTTP/1.1`)).toMatch(/^HTTP\/1\.1 404 /);
  });

  it('hands every method to the endpoint', async () => {
    expect(await exchange(listener, 'PUT /.well-known/x/mcp HTTP/1.1')).toMatch(/served PUT$/);
  });

  it('goes by the original target where a router rewrote the URL', async () => {
    const mounted: RequestListener = async (message, response) => {
      Object.assign(message, { originalUrl: message.url, url: '/rewritten' });
      expect(await serveEndpoint(endpoint, message, response)).toBe(true);
    };
    expect(await exchange(mounted, 'GET /.well-known/x/mcp HTTP/1.1')).toMatch(/served GET$/);
  });
});
