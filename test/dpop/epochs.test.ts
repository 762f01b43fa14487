import { type ReplayProof, type ReplayStore, UnavailableError } from '@gatehouse/core';
import { createTestAgent, type DpopTestAgent } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Guard, method, startGuard, url } from './guard.ts';

const nonces = { secrets: [Buffer.alloc(32, 1)] };
let guard: Guard;
let agent: DpopTestAgent;
let store: Forgetful;
beforeEach(async () => {
  guard = await startGuard();
  agent = createTestAgent(guard.issuer, { sub: 'alice', scope: 'read:data' }, { dpop: true });
  store = new Forgetful();
});
afterEach(() => guard.close());

/** A store that loses its memory: it refuses proofs that it may have known, unless their nonce is younger than the loss. */
class Forgetful implements ReplayStore {
  epoch: string | undefined = 'one';
  readonly proofs: ReplayProof[] = [];
  record(proof: ReplayProof) {
    this.proofs.push(proof);
    if (this.epoch !== 'one' && proof.epoch !== this.epoch)
      throw new UnavailableError('ERR_REPLAY_STORE_FORGOTTEN', 11);
    return 'fresh' as const;
  }
  forget(epoch: string): void {
    this.epoch = epoch;
  }
}

const join = () => guard.join({ dpop: { nonces }, stores: { replay: store } });

async function nonceFrom(strict: Guard): Promise<string> {
  const outcome = await strict.present(await agent.headers({ method, url }));
  if (outcome.outcome !== 'refused' || outcome.error.code !== 'ERR_DPOP_NONCE') expect.fail('gives no nonce');
  return outcome.response.headers['dpop-nonce']?.[0] ?? expect.fail('gives no nonce');
}

describe('nonces of a store that has epochs', () => {
  it('end with the memory of the store, in every process', async () => {
    const [one, two] = [await join(), await join()];
    const nonce = await nonceFrom(one);
    expect(await two.ask(await agent.headers({ method, url, nonce }))).toBe('accepted');
    store.forget('two');
    expect(await one.ask(await agent.headers({ method, url, nonce }))).toBe('ERR_DPOP_NONCE');
    const next = await nonceFrom(one);
    expect(await two.ask(await agent.headers({ method, url, nonce: next }))).toBe('accepted');
  });

  it('tell the store the epoch in which the proof was made', async () => {
    const strict = await join();
    const nonce = await nonceFrom(strict);
    await strict.ask(await agent.headers({ method, url, nonce }));
    const lax = await guard.join({ stores: { replay: store } });
    await lax.ask(await agent.headers({ method, url, nonce }));
    expect(store.proofs.map(({ epoch }) => epoch)).toEqual(['one', undefined]);
  });

  it('are asked for anew when the store finds out about its loss with this very proof', async () => {
    const strict = await join();
    const nonce = await nonceFrom(strict);
    const { record } = store;
    store.record = function forgetFirst(proof) {
      this.forget('two');
      return record.call(this, proof);
    };
    const outcome = await strict.present(await agent.headers({ method, url, nonce }));
    expect(outcome).toMatchObject({ error: { code: 'ERR_DPOP_NONCE' }, response: { status: 401 } });
    store.record = record;
    const [next = ''] = (outcome.outcome === 'refused' && outcome.response.headers['dpop-nonce']) || [];
    expect(await strict.ask(await agent.headers({ method, url, nonce: next }))).toBe('accepted');
  });

  it('are not asked for when no other nonce would help', async () => {
    const strict = await join();
    const nonce = await nonceFrom(strict);
    store.record = () => {
      throw new UnavailableError('ERR_REPLAY_STORE_FORGOTTEN', 11);
    };
    const outcome = await strict.present(await agent.headers({ method, url, nonce }));
    expect(outcome).toMatchObject({
      error: { code: 'ERR_REPLAY_STORE_FORGOTTEN' },
      response: { status: 503, headers: { 'retry-after': ['11'] } },
    });
  });

  it('are neither made nor accepted before the epoch is known: 503, with what the store says of itself', async () => {
    const strict = await join();
    const nonce = await nonceFrom(strict);
    store.epoch = undefined;
    const outcome = await strict.present(await agent.headers({ method, url, nonce }));
    expect(outcome).toMatchObject({ error: { code: 'ERR_REPLAY_STORE_UNAVAILABLE' }, response: { status: 503 } });
    const challenge = await strict.present({ authorization: 'DPoP x' });
    expect(challenge).toMatchObject({ response: { status: 401 } });
    expect(challenge).not.toHaveProperty('response.headers.dpop-nonce');
    const unfit = Object.assign(new Forgetful(), {
      epoch: undefined,
      health: () => ({ state: 'unfit', code: 'ERR_REPLAY_STORE_EVICTS' }) as const,
    });
    const other = await guard.join({ dpop: { nonces }, stores: { replay: unfit } });
    expect(await other.ask(await agent.headers({ method, url, nonce }))).toBe('ERR_REPLAY_STORE_EVICTS');
    store.epoch = 'one';
    expect(await strict.ask(await agent.headers({ method, url, nonce }))).toBe('accepted');
  });

  it('are not needed where nobody asks for them: what was forgotten is refused', async () => {
    const lax = await guard.join({ stores: { replay: store } });
    store.forget('two');
    expect(await lax.ask(await agent.headers({ method, url }))).toBe('ERR_REPLAY_STORE_FORGOTTEN');
  });
});

describe('a verifier', () => {
  it('is ready when its replay store is, and tells how that is', async () => {
    const faults: Error[] = [new UnavailableError('ERR_REPLAY_STORE_PERMISSION', 1)];
    const replay: ReplayStore = {
      record: () => 'fresh',
      async ready() {
        const fault = faults.pop();
        if (fault !== undefined) throw fault;
      },
      health: () => ({ state: 'ready', clockDifferenceSeconds: 0.5 }),
    };
    const { verifier } = await guard.join({ stores: { replay } });
    await expect(verifier.ready()).rejects.toMatchObject({ code: 'ERR_REPLAY_STORE_PERMISSION' });
    await expect(verifier.ready()).resolves.toBeUndefined();
    expect(verifier.health().stores).toEqual({ replay: { state: 'ready', clockDifferenceSeconds: 0.5 } });
  });

  it('is ready with a store that tells nothing, and says of one in memory that it is ready', async () => {
    const silent = await guard.join({ stores: { replay: { record: () => 'fresh' } } });
    await expect(silent.verifier.ready()).resolves.toBeUndefined();
    expect(silent.verifier.health().stores).toEqual({ replay: undefined });
    expect(guard.verifier.health().stores).toEqual({ replay: { state: 'ready' } });
    const bearer = await guard.join({ dpop: 'off', stores: { replay: { record: () => 'fresh' } } });
    expect(bearer.verifier.health().stores).toEqual({ replay: undefined });
  });

  it('takes stores that come together as they are', async () => {
    const stores = {
      replay: store,
      ready: async () => undefined,
      health: () => undefined,
      close: async () => undefined,
    };
    const strict = await guard.join({ stores });
    expect(await strict.ask(await agent.headers({ method, url }))).toBe('accepted');
    await expect(guard.join({ stores: { ...stores, close: 'now' } as never })).rejects.toMatchObject({
      issues: [{ path: 'stores.close' }],
    });
  });
});
