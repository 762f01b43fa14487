import { createTestIssuer, type TestIssuer } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adapters } from '../adapters/adapters.ts';
import type { RunningApi } from '../adapters/api.ts';
import { linesOf } from '../adapters/exchange.ts';
import { isNginxHere } from './nginx.ts';
import { type Proxied, startProxied } from './proxied.ts';

describe.skipIf(!isNginxHere).each(adapters)('a challenge through nginx to $name', (adapter) => {
  let issuer: TestIssuer;
  let api: RunningApi;
  let proxied: Proxied;

  beforeAll(async () => {
    issuer = await createTestIssuer();
    api = await adapter.start({
      resource: 'https://gateway.example.com/api',
      publicUrl: 'https://gateway.example.com/api',
      issuers: [issuer.issuer],
      dpop: { nonces: { secrets: [Buffer.alloc(32, 'secret')] } },
      onDecision: () => undefined,
    });
    proxied = await startProxied(api.server, 'tcp');
  });
  afterAll(async () => {
    await proxied.close();
    await api.close();
    await issuer.close();
  });

  it('names a document that answers there, prefix and all', async () => {
    const refused = await proxied.send('gateway.example.com', ['GET /api/data HTTP/1.1']);
    const challenges = linesOf(refused, 'www-authenticate');
    expect(challenges.map((challenge) => challenge.split(' ')[0])).toEqual(['Bearer', 'DPoP']);
    const [, named = ''] = /resource_metadata="([^"]+)"/.exec(challenges[0] ?? '') ?? [];
    const { origin, pathname } = new URL(named);
    expect(origin).toBe('https://gateway.example.com');
    const { statusLine, body } = await proxied.send('gateway.example.com', [`GET ${pathname} HTTP/1.1`]);
    expect(statusLine).toBe('HTTP/1.1 200 OK');
    expect(JSON.parse(body)).toMatchObject({ resource: 'https://gateway.example.com/api' });
  });

  it('carries the nonce that it asks for, and is kept by nobody', async () => {
    const refused = await proxied.send('gateway.example.com', ['GET /api/data HTTP/1.1']);
    expect(linesOf(refused, 'dpop-nonce')).toHaveLength(1);
    expect(linesOf(refused, 'cache-control')).toEqual(['no-store']);
  });
});
