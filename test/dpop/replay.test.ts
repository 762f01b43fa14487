import {
  createMemoryReplayStore,
  InvalidTokenError,
  type ReplayProof,
  type ReplayStore,
  UnavailableError,
} from '@gatehouse/core';
import { createTestAgent, type DpopTestAgent, proofDefects } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tokenFormat } from '../token-format.ts';
import { type Guard, method, startGuard, url } from './guard.ts';

let guard: Guard;
let agent: DpopTestAgent;
beforeEach(async () => {
  guard = await startGuard();
  agent = createTestAgent(guard.issuer, { sub: 'alice', scope: 'read:data' }, { dpop: true });
});
afterEach(() => guard.close());

const start = async (options: Parameters<typeof startGuard>[0]) => {
  await guard.close();
  guard = await startGuard(options);
  agent = createTestAgent(guard.issuer, { sub: 'alice' }, { dpop: true });
};

describe('a proof', () => {
  it('is accepted once, and refused from then on [DPOP-23]', async () => {
    const fields = await agent.headers({ method, url });
    expect(await guard.ask(fields)).toBe('accepted');
    expect(await guard.ask(fields)).toBe('ERR_DPOP_REPLAYED');
    expect(await guard.ask(await agent.headers({ method, url }))).toBe('accepted');
  });

  it('is accepted once of a hundred copies that come at the same time [DPOP-23]', async () => {
    const fields = await agent.headers({ method, url });
    const answers = await Promise.all(Array.from({ length: 100 }, () => guard.ask(fields)));
    expect(answers.filter((answer) => answer === 'accepted')).toHaveLength(1);
    expect(new Set(answers)).toEqual(new Set(['accepted', 'ERR_DPOP_REPLAYED']));
  });

  it('is the same proof under another query, spelling of its URI or encoding of its segments [DPOP-13 DPOP-23]', async () => {
    const jti = 'the same';
    const spellings = [url, `${url}?a=b`, `${url}#c`, 'HTTPS://API.example:443/v1/../v1/d%61ta'];
    const proofs = spellings.map((htu) => agent.headers({ method, url }, { claims: { jti, htu } }));
    const [first, ...others] = await Promise.all(proofs);
    expect(await guard.ask(first as never)).toBe('accepted');
    for (const fields of others) expect(await guard.ask(fields)).toBe('ERR_DPOP_REPLAYED');
  });

  it('has a jti of its own for each key, method and URI: nobody uses up the proofs of another [DPOP-23 DPOP-25]', async () => {
    const claims = { jti: 'the same' };
    const other = createTestAgent(guard.issuer, { sub: 'bob' }, { dpop: true });
    expect(await guard.ask(await other.headers({ method, url }, { claims }))).toBe('accepted');
    expect(await guard.ask(await agent.headers({ method, url }, { claims }))).toBe('accepted');
    const post = await agent.headers({ method: 'POST', url }, { claims });
    expect(await guard.ask(post, { method: 'POST' })).toBe('accepted');
    const elsewhere = await agent.headers({ method, url: `${url}/1` }, { claims });
    expect(await guard.ask(elsewhere, { target: '/v1/data/1' })).toBe('accepted');
  });

  it('is used up by nothing but its acceptance [DPOP-25]', async () => {
    const stored: ReplayProof[] = [];
    const store = createMemoryReplayStore();
    const replay: ReplayStore = {
      record(proof) {
        stored.push(proof);
        return store.record(proof);
      },
    };
    await start({ stores: { replay } });
    for (const defect of proofDefects.filter((name) => !/nonce/.test(name))) {
      expect(await guard.ask(await agent.headers({ method, url }, { defect }))).not.toBe('accepted');
    }
    const token = await agent.token({ exp: 1 });
    expect(await guard.ask(await agent.headers({ method, url, token }))).toBe('ERR_TOKEN_EXPIRED');
    const fields = await agent.headers({ method, url });
    const bearer = { ...fields, authorization: fields.authorization.replace('DPoP', 'Bearer') };
    expect(await guard.ask(bearer)).toBe('ERR_TOKEN_BOUND');
    expect(stored).toEqual([]);
    expect(await guard.ask(fields)).toBe('accepted');
    expect(stored).toHaveLength(1);
  });

  it('is used up by a request that lacks a scope: authentication is over by then', async () => {
    const fields = await agent.headers({ method, url });
    expect(await guard.ask(fields, {}, 'admin')).toBe('ERR_SCOPE');
    expect(await guard.ask(fields)).toBe('ERR_DPOP_REPLAYED');
  });

  it.each([
    ['as old as may be', -65],
    ['of now', 0],
    ['as far ahead as may be', 5],
  ])('%s is remembered for as long as it could be accepted [DPOP-22 DPOP-26]', async (_what, seconds) => {
    const fields = await agent.headers({ method, url }, { claims: { iat: guard.clock.now() / 1000 + seconds } });
    expect(await guard.ask(fields)).toBe('accepted');
    const rest = 65 + seconds;
    for (const elapsed of [rest / 2, rest / 2]) {
      guard.clock.advance(elapsed);
      expect(await guard.ask(fields)).toBe('ERR_DPOP_REPLAYED');
    }
    guard.clock.advance(0.001);
    expect(await guard.ask(fields)).toBe('ERR_DPOP_TIME');
  });

  it.each([
    [-65.001, 'ERR_DPOP_TIME'],
    [-65, 'accepted'],
    [5, 'accepted'],
    [5.001, 'ERR_DPOP_TIME'],
  ])('made %d seconds from now is %s [DPOP-22]', async (seconds, answer) => {
    const claims = { iat: guard.clock.now() / 1000 + seconds };
    expect(await guard.ask(await agent.headers({ method, url }, { claims }))).toBe(answer);
  });

  it('is good for as long as the options say', async () => {
    await start({ dpop: { maxAgeSeconds: 10 }, clockToleranceSeconds: 0 });
    const claims = { iat: guard.clock.now() / 1000 };
    const fields = await agent.headers({ method, url }, { claims });
    const other = await agent.headers({ method, url }, { claims });
    guard.clock.advance(10);
    expect(await guard.ask(fields)).toBe('accepted');
    guard.clock.advance(0.001);
    expect(await guard.ask(other)).toBe('ERR_DPOP_TIME');
  });

  it('is not its own replay for guards that stack [DPOP-23]', async () => {
    const { authorization, dpop } = await agent.headers({ method, url });
    const request = { method, target: '/v1/data', headers: { authorization: [authorization], dpop: [dpop] } };
    for (let round = 0; round < 3; round += 1) {
      const outcome = await guard.verifier.check(request, { requirement: { senderConstraint: 'dpop' } });
      expect(outcome.outcome).toBe('accepted');
    }
    expect((await guard.verifier.check({ ...request })).outcome).toBe('refused');
    const sources = guard.decisions.map(({ checks }) => checks.map(({ source }) => source));
    const first = tokenFormat() === 'jwt' ? 'issuer-keys' : 'introspection';
    expect(sources.slice(0, 3)).toEqual([[first, 'dpop-proof'], ['same-request'], ['same-request']]);
  });
});

describe('a replay store', () => {
  it('learns what a proof is by sixteen bytes, until when it counts, whose it is, and how far clocks may differ [DPOP-24 DPOP-26]', async () => {
    const stored: ReplayProof[] = [];
    const replay: ReplayStore = {
      record(proof) {
        stored.push(proof);
        return 'fresh';
      },
    };
    await start({ stores: { replay } });
    const iat = guard.clock.now() / 1000 - 3;
    await guard.ask(await agent.headers({ method, url }, { claims: { iat, jti: 'x'.repeat(256) } }));
    const holder = await agent.thumbprint();
    const times = { issuedAt: iat, expiresAt: iat + 71, toleranceSeconds: 5, epoch: undefined };
    expect(stored).toEqual([{ key: expect.any(Uint8Array), holder, ...times }]);
    expect(stored[0]?.key).toHaveLength(16);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('down');
      },
    ],
    ['rejects', async () => Promise.reject(new Error('down'))],
    ['answers nothing', async () => undefined],
    ['answers true', async () => true],
  ])('that %s is an outage: 503, and never a fresh proof [DPOP-25]', async (_what, record) => {
    await start({ stores: { replay: { record } as unknown as ReplayStore } });
    const fields = await agent.headers({ method, url });
    const outcome = await guard.present(fields);
    expect(outcome).toMatchObject({
      error: { code: 'ERR_REPLAY_STORE_UNAVAILABLE' },
      response: { status: 503, headers: { 'retry-after': ['1'] } },
    });
    expect(JSON.stringify(outcome)).not.toContain('down');
    const bearer = { authorization: `Bearer ${await guard.issuer.token()}` };
    expect(await guard.ask(bearer)).toBe('accepted');
  });

  it('that throws something else than an outage is an outage all the same', async () => {
    const record = () => {
      throw new InvalidTokenError('ERR_TOKEN_EXPIRED');
    };
    await start({ stores: { replay: { record } } });
    expect(await guard.ask(await agent.headers({ method, url }))).toBe('ERR_REPLAY_STORE_UNAVAILABLE');
  });

  it('that is full says so', async () => {
    const record = () => {
      throw new UnavailableError('ERR_REPLAY_STORE_FULL', 7);
    };
    await start({ stores: { replay: { record } } });
    expect(await guard.present(await agent.headers({ method, url }))).toMatchObject({
      error: { code: 'ERR_REPLAY_STORE_FULL' },
      response: { status: 503, headers: { 'retry-after': ['7'] } },
    });
  });

  it('that finds a holder over its share makes this holder wait, by 429', async () => {
    await start({ stores: { replay: { record: () => 'holder-over-limit' } } });
    expect(await guard.present(await agent.headers({ method, url }))).toMatchObject({
      error: { class: 'TooManyRequestsError', code: 'ERR_HOLDER_LIMIT' },
      response: { status: 429, headers: { 'retry-after': ['1'] } },
    });
  });

  it('that is shared makes a proof count once for all processes [DPOP-23]', async () => {
    await start({ stores: { replay: createMemoryReplayStore() } });
    const store = createMemoryReplayStore({ now: guard.clock.now });
    const processes = await Promise.all([0, 1, 2].map(() => guard.join({ stores: { replay: store } })));
    const fields = await agent.headers({ method, url });
    const answers = await Promise.all(processes.map(({ ask }) => ask(fields)));
    expect(answers.filter((answer) => answer === 'accepted')).toHaveLength(1);
  });

  it('that nobody gave is one for all verifiers of a process: a proof counts once for all of them [DPOP-23]', async () => {
    const other = await guard.join();
    const fields = await agent.headers({ method, url });
    expect(await guard.ask(fields)).toBe('accepted');
    expect(await other.ask(fields)).toBe('ERR_DPOP_REPLAYED');
    expect(await other.ask(await agent.headers({ method, url }))).toBe('accepted');
  });

  it('is called as it was given, and neither frozen nor closed', async () => {
    class Store implements ReplayStore {
      calls = 0;
      record() {
        this.calls += 1;
        return 'fresh' as const;
      }
      async close() {
        throw new Error('not ours to close');
      }
    }
    const store = new Store();
    await start({ stores: { replay: store } });
    await guard.ask(await agent.headers({ method, url }));
    expect(store.calls).toBe(1);
    await guard.verifier.close();
  });
});

describe('fifty requests at once from one agent', () => {
  it('are all served', async () => {
    const token = await agent.token();
    const requests = await Promise.all(Array.from({ length: 50 }, () => agent.headers({ method, url, token })));
    const answers = await Promise.all(requests.map((fields) => guard.ask(fields)));
    expect(answers).toEqual(Array(50).fill('accepted'));
  });
});
