import { createVerifier, InvalidTokenError, type Outcome } from '@gatehouse/core';
import { createTestAgent, createTestClock, type TestIssuer } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startIssuer, trust } from '../token-format.ts';
import { adapters } from './adapters.ts';
import { metadataAnswers, refusals, refusedRequests } from './answers.ts';
import { type RunningApi, refusalClasses } from './api.ts';
import { exchange, linesOf, type RawAnswer, textOf } from './exchange.ts';

const resource = 'https://api.example/v2';
const clock = createTestClock();
const tokens: Record<string, string> = {};
let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await startIssuer({ audience: resource, clock });
  tokens['alice'] = await issuer.token({ sub: 'alice', scope: 'read:data' });
  tokens['bob'] = await issuer.token({ sub: 'bob', scope: 'read:data' });
  const certified = createTestAgent(issuer, { sub: 'alice', scope: 'read:data' }, { certificate: true });
  tokens['certified'] = await certified.token();
  tokens['field'] = certified.forward()['client-cert']?.join() ?? '';
  tokens['foreign'] = await issuer.token({ sub: 'alice', scope: 'read:data', aud: 'https://other.example' });
});
afterAll(() => issuer.close());

describe.each(adapters)('an answer of $name', (adapter) => {
  let api: RunningApi;

  beforeAll(async () => {
    api = await adapter.start({
      resource,
      issuers: [trust(issuer)],
      now: clock.now,
      onDecision: () => undefined,
    });
  });
  afterAll(() => api.close());

  async function send(url: string, [requestLine, ...fields]: readonly string[]): Promise<RawAnswer> {
    const lines = fields.map((line) => line.replace(/\{(\w+)\}/, (_, name) => tokens[name] ?? ''));
    const [answer] = await exchange(url, [`${requestLine} HTTP/1.1`, ...lines]);
    if (answer === undefined) throw new Error('The server closed the connection.');
    return answer;
  }

  it.each(refusedRequests)(
    'refuses $title [AT-09 BRR-10 BRR-11 BRR-12 BRR-13 BRR-14 CHL-01 CHL-02 CHL-14 MCP-03 MCP-09 PRB-04]',
    async (expected) => {
      expect(textOf(await send(api.url, expected.request))).toBe(expected.answer);
    },
  );

  it.each(refusalClasses)('refuses with %s [CHL-01 CHL-02]', async (answerClass) => {
    const request = [`GET /refused/${answerClass}`, 'Authorization: Bearer {alice}'];
    expect(textOf(await send(api.url, request))).toBe(refusals[answerClass]);
  });

  it('has a nonce of its own beside each challenge, where proofs need one [CHL-01]', async () => {
    const demanding = await adapter.start({
      resource,
      issuers: [trust(issuer)],
      dpop: { nonces: { secrets: [Buffer.alloc(32, 'secret')] } },
      now: clock.now,
      onDecision: () => undefined,
    });
    const nonces: string[] = [];
    for (const answerClass of refusalClasses) {
      const answer = await send(demanding.url, [`GET /refused/${answerClass}`, 'Authorization: Bearer {alice}']);
      const own = linesOf(answer, 'dpop-nonce');
      expect(own).toHaveLength(linesOf(answer, 'www-authenticate').length === 0 ? 0 : 1);
      expect(textOf(answer).replace(/^dpop-nonce: [\w-]+\n/m, '')).toBe(refusals[answerClass]);
      nonces.push(...own);
    }
    expect(new Set(nonces).size).toBe(refusalClasses.length - 2);
    await demanding.close();
  });

  it('offers bearer tokens alone, where proofs are not verified', async () => {
    const off = await adapter.start({
      resource,
      issuers: [trust(issuer)],
      dpop: 'off',
      now: clock.now,
      onDecision: () => undefined,
    });
    const dpopLine = /^www-authenticate: DPoP .*\n/m;
    for (const { request, answer } of refusedRequests) {
      expect(textOf(await send(off.url, request))).toBe(answer.replace(dpopLine, ''));
    }
    await off.close();
  });

  it.each(metadataAnswers)('to $title serves the metadata [PRM-02 PRM-23 PRM-27]', async ({ request, answer }) => {
    const open = await adapter.start({
      resource,
      issuers: ['https://auth.example'],
      metadata: { scopes: ['read:data'] },
      onDecision: () => undefined,
    });
    expect(textOf(await send(open.url, request))).toBe(answer);
    await open.close();
  });

  /** The handler's own fields, which each framework writes in its own way. */
  const contentFields = /^(?:content-type|content-length|etag):.*\n/gim;
  const handled = (body: string) => `HTTP/1.1 200 OK\nx-handled: yes\n\n${body}`;

  it.each([
    ['GET /data', handled('{"sub":"alice","actor":"client-1"}')],
    ['HEAD /data', handled('')],
    ['OPTIONS /any', handled('{"sub":"alice","actor":"client-1"}')],
    ['DELETE /any', handled('{"sub":"alice","actor":"client-1"}')],
    ['GET /v1/data', handled('{"sub":"alice","actor":"client-1"}')],
    ['GET /owned/alice', handled('{"sub":"alice","actor":"client-1"}')],
    ['GET /optional', 'HTTP/1.1 200 OK\n\n{"sub":"alice","actor":"client-1"}'],
    ['GET /checked', 'HTTP/1.1 200 OK\n\n{"sub":"alice","actor":"client-1"}'],
  ])('to %s is that of the handler, with nothing of ours', async (requestLine, expected) => {
    const answer = await send(api.url, [requestLine, 'Authorization: Bearer {alice}']);
    expect(textOf(answer).replace(contentFields, '')).toBe(expected);
  });

  it('is for nobody else, where a trusted proxy says whose it is [MTL-11]', async () => {
    const proxied = await adapter.start({
      resource,
      issuers: [trust(issuer)],
      trustedProxies: ['127.0.0.1'],
      now: clock.now,
      onDecision: () => undefined,
    });
    const certified = ['Authorization: Bearer {certified}', 'Client-Cert: {field}'];
    const accepted = await send(proxied.url, ['GET /data', ...certified]);
    expect(textOf(accepted).replace(contentFields, '').split('\n').sort()).toEqual(
      ['HTTP/1.1 200 OK', 'cache-control: no-store', 'x-handled: yes', '', '{"sub":"alice","actor":"client-1"}'].sort(),
    );
    const twice = await send(proxied.url, ['GET /data', ...certified, 'Client-Cert: {field}']);
    const [challenge] = linesOf(twice, 'www-authenticate');
    expect(twice.statusLine).toBe('HTTP/1.1 400 Bad Request');
    expect(challenge).toMatch(/^Bearer error="invalid_request", /);
    await proxied.close();
  });

  it('is that of the handler for anonymous callers too', async () => {
    const answer = await send(api.url, ['GET /optional']);
    expect(textOf(answer).replace(contentFields, '')).toBe('HTTP/1.1 200 OK\n\n{"agent":false}');
  });

  it('has nothing of ours where the handler throws afterwards', async () => {
    const answer = await send(api.url, ['GET /throws', 'Authorization: Bearer {alice}']);
    expect(answer.statusLine).toBe('HTTP/1.1 500 Internal Server Error');
    for (const name of ['www-authenticate', 'cache-control', 'retry-after', 'dpop-nonce', 'x-handled']) {
      expect(linesOf(answer, name)).toEqual([]);
    }
  });

  /** Answers that no request to this API can cause: an adapter writes what the verifier says, whatever that is. */
  async function startWith(outcome: (accepted: Outcome) => Outcome): Promise<RunningApi> {
    const verifier = createVerifier({ resource, issuers: [trust(issuer)], now: clock.now });
    return adapter.start({
      ...verifier,
      check: async (request, options) => outcome(await verifier.check(request, options)),
    });
  }

  it('has a line for each of several challenges [CHL-08]', async () => {
    const response = {
      status: 401,
      headers: {
        'www-authenticate': ['Bearer a="b, c"', 'DPoP algs="ES256"', 'Bearer d="\\"e\\""'],
        'content-type': ['text/plain'],
        'x-list': ['1', '2'],
      },
      body: 'caf\u00E9',
    };
    const refusing = await startWith(() => {
      return { outcome: 'refused', error: new InvalidTokenError('ERR_TOKEN_EXPIRED'), response };
    });
    expect(textOf(await send(refusing.url, ['GET /data']))).toBe(
      [
        'HTTP/1.1 401 Unauthorized',
        'www-authenticate: Bearer a="b, c"',
        'www-authenticate: DPoP algs="ES256"',
        'www-authenticate: Bearer d="\\"e\\""',
        'content-type: text/plain',
        'x-list: 1',
        'x-list: 2',
        'content-length: 5',
        '',
        Buffer.from('caf\u00E9').toString('latin1'),
      ].join('\n'),
    );
    await refusing.close();
  });

  it('carries the fields of an accepted or anonymous outcome beside those of the handler', async () => {
    const headers = { 'dpop-nonce': ['next'], 'x-list': ['1', '2'] };
    const sending = await startWith((outcome) => (outcome.outcome === 'refused' ? outcome : { ...outcome, headers }));
    const alice = 'Authorization: Bearer {alice}';
    for (const request of [['GET /data', alice], ['GET /checked', alice], ['GET /optional']]) {
      const answer = await send(sending.url, request);
      expect(answer.statusLine).toBe('HTTP/1.1 200 OK');
      expect([linesOf(answer, 'dpop-nonce'), linesOf(answer, 'x-list')]).toEqual([['next'], ['1', '2']]);
    }
    await sending.close();
  });
});
