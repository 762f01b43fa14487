import type { DpopOptions } from '@gatehouse/core';
import { createGatehouse } from '@gatehouse/express';
import { createTestClock, createTestIssuer, type TestClock, type TestIssuer } from '@gatehouse/testing';
import express, { type Request } from 'express';
import { decodeProtectedHeader } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serve } from '../metadata/serve.ts';
import { type DpopClient, dpopClients, type ProofAlgorithm } from './dpop-clients.ts';

/** A guarded API on a socket. */
interface Api {
  readonly url: URL;
  /** Everything that arrived, in order. */
  readonly requests: readonly Request[];
  /** What became of it: `accepted`, or the code of the refusal. */
  readonly outcomes: readonly string[];
  close(): Promise<void>;
}

async function startApi(issuer: TestIssuer, clock: TestClock, dpop: DpopOptions): Promise<Api> {
  const requests: Request[] = [];
  const outcomes: string[] = [];
  const server = await serve((origin) => {
    const { requireAgent } = createGatehouse({
      resource: origin,
      issuers: [issuer.issuer],
      now: clock.now,
      dpop,
      onDecision: ({ outcome, refusal }) => outcomes.push(refusal?.code ?? outcome),
    });
    const app = express();
    app.use((request, _answer, next) => {
      requests.push(request);
      next();
    });
    app.all('/{*path}', requireAgent({ senderConstraint: 'dpop' }), ({ agent, method }, answer) => {
      answer.json({ method, confirmation: agent.confirmation });
    });
    return app;
  });
  return { url: new URL('/data', server.origin), requests, outcomes, close: () => server[Symbol.asyncDispose]() };
}

interface Agent extends DpopClient {
  readonly token: string;
  /** With its own token, for the URL of the API and by GET unless told otherwise. */
  ask(url?: URL, method?: string): Promise<Response>;
}

/** What somebody has who saw the last request. */
function copyFields({ requests }: Api): { authorization: string; dpop: string } {
  const { authorization = '', dpop = '' } = requests.at(-1)?.headers ?? {};
  return { authorization, dpop: String(dpop) };
}

describe.each(dpopClients)('proofs that $name makes', ({ algorithms, create }) => {
  let clock: TestClock;
  let issuer: TestIssuer;
  beforeEach(async () => {
    clock = createTestClock();
    issuer = await createTestIssuer();
  });
  afterEach(() => issuer.close());

  /** A client with a token for an API. */
  async function createAgent({ url }: Api, algorithm: ProofAlgorithm = 'ES256'): Promise<Agent> {
    const client = await create(algorithm);
    const token = await issuer.token({ aud: url.origin, cnf: { jkt: client.thumbprint } });
    return { ...client, token, ask: (at = url, method = 'GET') => client.request(token, at, method) };
  }

  describe('without nonces', () => {
    let api: Api;
    beforeEach(async () => {
      api = await startApi(issuer, clock, {});
    });
    afterEach(() => api.close());

    it.each(algorithms)('are accepted when they are signed with %s [DPOP-05 DPOP-06 DPOP-28]', async (algorithm) => {
      const agent = await createAgent(api, algorithm);
      const response = await agent.ask();
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ confirmation: { method: 'dpop', jkt: agent.thumbprint } });
      expect(decodeProtectedHeader(copyFields(api).dpop)).toMatchObject({ alg: algorithm });
    });

    it.each([
      '',
      '/',
      '/data?a=b&c=%26',
      '/data?',
      '/data?filter[a|b]=/../c',
      '/data?a=b#fragment',
      '/caf%C3%A9/caf%c3%a9/caf\u00E9',
      '/%7Ealice/~alice',
      '/a%2Fb/c%20d;e=f',
      "/a/../b/./c/@!$&'()*+,=:",
      '/a//b/',
    ])('are accepted for "%s", whatever the method [DPOP-09 DPOP-10 DPOP-11]', async (reference) => {
      const agent = await createAgent(api);
      for (const method of ['GET', 'DELETE']) {
        const response = await agent.ask(new URL(`${api.url.origin}${reference}`), method);
        expect(response.status).toBe(200);
        expect(await response.json()).toMatchObject({ method });
      }
    });

    it('are accepted once each, for one URI and one method [DPOP-09 DPOP-10 DPOP-23]', async () => {
      const agent = await createAgent(api);
      await agent.ask();
      const headers = copyFields(api);
      await fetch(api.url, { headers });
      await fetch(new URL('?a=b', api.url), { headers });
      await fetch(new URL('/other', api.url), { headers });
      await fetch(api.url, { headers, method: 'POST' });
      await agent.ask();
      expect(api.outcomes).toEqual([
        'accepted',
        'ERR_DPOP_REPLAYED',
        'ERR_DPOP_REPLAYED',
        'ERR_DPOP_URI',
        'ERR_DPOP_METHOD',
        'accepted',
      ]);
    });

    it('are worth nothing with the token of another client, which gets in with its own [DPOP-28]', async () => {
      const [thief, owner] = [await createAgent(api), await createAgent(api)];
      // Two of the clients throw what the third returns.
      await thief.request(owner.token, api.url).catch(() => undefined);
      await owner.ask();
      expect(api.outcomes).toEqual(['ERR_TOKEN_BINDING', 'accepted']);
    });
  });

  describe('with nonces', () => {
    let api: Api;
    beforeEach(async () => {
      // Clients date their proofs by the time of the machine, so that they look old once the clock is ahead.
      const nonces = { secrets: [Buffer.alloc(32, 1)], lifetimeSeconds: 60 };
      api = await startApi(issuer, clock, { nonces, maxAgeSeconds: 600 });
    });
    afterEach(() => api.close());

    it.each(algorithms)('have the one that the first answer asks for, with %s [DPOP-14 DPOP-20]', async (algorithm) => {
      const agent = await createAgent(api, algorithm);
      for (let round = 0; round < 3; round += 1) expect((await agent.ask()).status).toBe(200);
      expect(api.outcomes).toEqual(['ERR_DPOP_NONCE', 'accepted', 'accepted', 'accepted']);
    });

    it('have the one that comes ahead with an accepted answer, and need no second try [DPOP-18]', async () => {
      const agent = await createAgent(api);
      await agent.ask();
      for (let round = 0; round < 4; round += 1) {
        clock.advance(40);
        expect((await agent.ask()).status).toBe(200);
      }
      expect(api.outcomes).toEqual(['ERR_DPOP_NONCE', ...Array(5).fill('accepted')]);
    });

    it('have a new one when the old one has expired [DPOP-15 DPOP-20]', async () => {
      const agent = await createAgent(api);
      await agent.ask();
      clock.advance(61);
      expect((await agent.ask()).status).toBe(200);
      expect(api.outcomes).toEqual(['ERR_DPOP_NONCE', 'accepted', 'ERR_DPOP_NONCE', 'accepted']);
    });

    it('are refused when they come again, however good their nonce is [DPOP-23]', async () => {
      const agent = await createAgent(api);
      await agent.ask();
      await fetch(api.url, { headers: copyFields(api) });
      await agent.ask();
      expect(api.outcomes).toEqual(['ERR_DPOP_NONCE', 'accepted', 'ERR_DPOP_REPLAYED', 'accepted']);
    });
  });
});
