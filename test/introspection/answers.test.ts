import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  answerWith,
  clientAuthentication,
  describeToken,
  guardAt,
  listen,
  refusalOf,
  serve,
  serveBytes,
} from './endpoint.ts';

describe('an answer', () => {
  it.each([
    ['active', describeToken(), 'accepted'],
    ['not active', '{"active":false}', 'refused'],
    ['not active, whatever else it says', describeToken({ active: false }), 'refused'],
  ])('says that a token is %s [INT-04]', async (_what, body, outcome) => {
    const { url } = await serve(answerWith(body));
    expect(await guardAt(url)()).toMatchObject({ outcome });
  });

  it('that a token is not active is 401, and the end of it [INT-04]', async () => {
    const { url } = await serve(answerWith('{"active":false}'));
    expect(await guardAt(url)()).toMatchObject({
      error: { code: 'ERR_TOKEN_INACTIVE', error: 'invalid_token' },
      response: { status: 401 },
    });
  });

  it.each([
    ['whose active is a string', describeToken({ active: 'true' })],
    ['whose active is a number', describeToken({ active: 1 })],
    ['whose active is null', describeToken({ active: null })],
    ['without active', describeToken({ active: undefined })],
    ['that is a list', `[${describeToken()}]`],
    ['that is true', 'true'],
    ['that is empty', ''],
    ['without its last brace', describeToken().slice(0, -1)],
    ['that is active and is not', describeToken().replace('{', '{"active":false,')],
    ['with a prototype', describeToken().replace('{', '{"__proto__":{},')],
    ['behind a byte order mark', `\uFEFF${describeToken()}`],
  ])('%s says nothing about the token [INT-04]', async (_what, body) => {
    const { url } = await serve(answerWith(body));
    expect(await guardAt(url)()).toMatchObject({
      error: { code: 'ERR_INTROSPECTION_INVALID', error: undefined },
      response: { status: 503, headers: { 'retry-after': ['1'] } },
    });
  });

  it('may have any JSON media type, with parameters', async () => {
    const { url } = await serve(
      answerWith(describeToken(), 200, { 'content-type': 'Application/Json; charset=utf-8' }),
    );
    expect(await guardAt(url)()).toMatchObject({ outcome: 'accepted' });
  });

  it.each([
    ['text/html', {}],
    ['application/token-introspection+jwt', {}],
    ['text/json', {}],
    ['application/json', { 'content-encoding': 'gzip' }],
  ])('of the type %s and the fields %j is none that was asked for [INT-09]', async (type, fields) => {
    const { url } = await serve(answerWith(describeToken(), 200, { 'content-type': type, ...fields }));
    expect(await refusalOf(guardAt(url)())).toMatchObject({ code: 'ERR_INTROSPECTION_MEDIA_TYPE', status: 503 });
  });

  it.each([201, 204, 301, 302, 307, 308, 400, 404, 429, 500, 502, 503])(
    'with the status %i says nothing about the token, and leads nowhere [INT-09]',
    async (status) => {
      const headers = { 'content-type': 'application/json', location: '/elsewhere' };
      const { url, received } = await serve(answerWith(status === 204 ? '' : describeToken(), status, headers));
      expect(await refusalOf(guardAt(url)())).toMatchObject({ code: 'ERR_INTROSPECTION_STATUS', status: 503 });
      expect(received).toHaveLength(1);
    },
  );

  const good = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';

  it.each([
    ['without any byte', '', 'ERR_INTROSPECTION_UNREACHABLE'],
    ['that is no HTTP', 'hello\r\n\r\n', 'ERR_INTROSPECTION_UNREACHABLE'],
    [
      'that changes the protocol',
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
      'ERR_INTROSPECTION_STATUS',
    ],
    ['that ends within its fields', 'HTTP/1.1 200 OK\r\ncontent-', 'ERR_INTROSPECTION_UNREACHABLE'],
    ['that ends before its length', `${good}content-length: 99\r\n\r\n{"active":true}`, 'ERR_INTROSPECTION_TRUNCATED'],
    [
      'that ends within its chunks',
      `${good}transfer-encoding: chunked\r\n\r\nf\r\n{"active":true}\r\n`,
      'ERR_INTROSPECTION_TRUNCATED',
    ],
    [
      'whose chunks are none',
      `${good}transfer-encoding: chunked\r\n\r\nzz{"active":true}`,
      'ERR_INTROSPECTION_TRUNCATED',
    ],
  ])('%s says nothing about the token [INT-09]', async (_what, bytes, code) => {
    expect(await refusalOf(guardAt(await serveBytes(bytes))())).toMatchObject({ code, status: 503 });
  });

  it('that is too large is not read to its end', async () => {
    const padded = await serve(answerWith(describeToken() + ' '.repeat(200 * 1024)));
    expect(await guardAt(padded.url)()).toMatchObject({ outcome: 'accepted' });
    const { url } = await serve(answerWith(describeToken() + ' '.repeat(300 * 1024)));
    expect(await refusalOf(guardAt(url)())).toMatchObject({ code: 'ERR_INTROSPECTION_TOO_LARGE', status: 503 });
  });

  it('that does not come, or does not end, is waited for until the time is over [INT-09]', async () => {
    const silent = await serve(() => undefined);
    const dripping = await serve((response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"active":');
    });
    for (const { url } of [silent, dripping]) {
      const refusal = await refusalOf(guardAt(url, { timeoutSeconds: 0.1 })());
      expect(refusal).toMatchObject({ code: 'ERR_INTROSPECTION_TIMEOUT', status: 503 });
    }
  });

  it('that nobody gives is an endpoint that cannot be reached [INT-09]', async () => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const refusal = await refusalOf(guardAt(`http://127.0.0.1:${port}`)());
    expect(refusal).toMatchObject({ code: 'ERR_INTROSPECTION_UNREACHABLE', cause: { message: 'ECONNREFUSED' } });
  });
});

describe('what is left of a fault', () => {
  const canary = 'canary-5a1f';
  const authentication = { ...clientAuthentication, clientSecret: `${canary}-secret` };

  it.each([
    ['bytes', serveBytes(`${canary}\r\n\r\n`)],
    ['a status', serve(answerWith(canary, 500)).then(({ url }) => url)],
    ['a body', serve(answerWith(canary)).then(({ url }) => url)],
    ['a refusal', serve(answerWith(canary, 401)).then(({ url }) => url)],
  ])('by %s names neither the token nor a secret nor what the issuer wrote', async (_what, url) => {
    const outcome = await guardAt(await url, { clientAuthentication: authentication })(`${canary}-token`);
    expect(outcome).toMatchObject({ outcome: 'refused', response: { status: 503 } });
    expect(inspect(outcome, { depth: null, showHidden: true })).not.toContain(canary);
  });
});
