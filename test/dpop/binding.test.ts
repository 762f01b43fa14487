import type { RequirementInput } from '@gatehouse/core';
import { createTestAgent, type DpopTestAgent } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tokenFormat } from '../token-format.ts';
import { type Fields, type Guard, method, startGuard, url } from './guard.ts';

let guard: Guard;
let agent: DpopTestAgent;
beforeAll(async () => {
  guard = await startGuard();
  agent = createTestAgent(guard.issuer, { sub: 'alice', scope: 'read:data' }, { dpop: true });
});
afterAll(() => guard.close());

const algs = 'algs="ES256 EdDSA Ed25519 PS256"';
const metadata = 'resource_metadata="https://api.example/.well-known/oauth-protected-resource/v1"';
const badToken =
  'error="invalid_token", error_description="The access token is not valid here, or no longer. Get a new one for this resource."';

async function challengesOf(
  fields: Fields | undefined,
  requirement: RequirementInput = {},
): Promise<readonly string[]> {
  const outcome =
    fields === undefined
      ? await guard.verifier.check({ method, target: '/v1/data', headers: {} }, { requirement })
      : await guard.present(fields, {}, requirement);
  if (outcome.outcome !== 'refused') throw new Error('accepted');
  expect(outcome.response.status).toBe(401);
  return outcome.response.headers['www-authenticate'] ?? [];
}
const bearerOf = async (claims = {}) => ({ authorization: `Bearer ${await guard.issuer.token(claims)}` });

describe('a bound token', () => {
  it.each(['ES256', 'EdDSA', 'Ed25519', 'PS256'] as const)(
    'with a proof by %s says how it was proven [DPOP-05 DPOP-28]',
    async (dpop) => {
      const other = createTestAgent(guard.issuer, { sub: 'alice' }, { dpop });
      const outcome = await guard.present(await other.headers({ method, url }));
      if (outcome.outcome !== 'accepted') throw new Error('refused');
      expect(outcome.agent.confirmation).toEqual({ method: 'dpop', jkt: await other.thumbprint() });
      expect(guard.decisions.at(-1)).toMatchObject({
        agent: { sub: 'alice', confirmation: 'dpop' },
        checks: [
          { check: tokenFormat() === 'jwt' ? 'signature' : 'status' },
          { check: 'confirmation', source: 'dpop-proof', ageSeconds: expect.any(Number) },
        ],
      });
    },
  );

  it.each([
    ['as it was when the request came', 0.456, 0.456],
    ['of none where the proof comes from ahead', -3, 0],
  ])('says the age of its proof, %s', async (_what, elapsed, ageSeconds) => {
    guard.clock.set(Math.floor(guard.clock.now() / 1000) * 1000);
    const fields = await agent.headers({ method, url }, { claims: { iat: guard.clock.now() / 1000 } });
    guard.clock.advance(elapsed);
    const allow = () => {
      guard.clock.advance(2);
      return true;
    };
    expect(await guard.ask(fields, {}, { allow })).toBe('accepted');
    expect(guard.decisions.at(-1)?.checks.at(-1)).toEqual({ check: 'confirmation', source: 'dpop-proof', ageSeconds });
  });

  it('is accepted in whatever case the scheme is written [DPOP-33 BRR-02]', async () => {
    for (const scheme of ['dpop', 'DPOP', 'dPoP']) {
      const { authorization, dpop } = await agent.headers({ method, url });
      expect(await guard.ask({ authorization: authorization.replace('DPoP', scheme), dpop })).toBe('accepted');
    }
  });

  it('is never a bearer token, not even with a good proof beside it [DPOP-31]', async () => {
    const { authorization, dpop } = await agent.headers({ method, url });
    const bearer = authorization.replace('DPoP', 'Bearer');
    expect(await guard.ask({ authorization: bearer, dpop })).toBe('ERR_TOKEN_BOUND');
    expect(await challengesOf({ authorization: bearer })).toEqual([
      `Bearer ${badToken}, ${metadata}`,
      `DPoP ${metadata}, ${algs}`,
    ]);
    expect(await guard.ask({ authorization, dpop })).toBe('accepted');
  });

  it('needs a proof [DPOP-29 DPOP-35]', async () => {
    const { authorization } = await agent.headers({ method, url });
    expect(await guard.ask({ authorization })).toBe('ERR_DPOP_ABSENT');
    const [first] = await challengesOf({ authorization });
    expect(first).toMatch(/^DPoP error="invalid_dpop_proof", /);
  });

  it('needs one proof, on one line [DPOP-01]', async () => {
    const { authorization, dpop } = await agent.headers({ method, url });
    expect(await guard.ask({ authorization, dpop: [dpop, dpop] })).toBe('ERR_DPOP_REPEATED');
    expect(await guard.ask({ authorization, dpop: [dpop, ''] })).toBe('ERR_DPOP_REPEATED');
    expect(await guard.ask({ authorization, dpop: `${dpop}, ${dpop}` })).toBe('ERR_DPOP_MALFORMED');
    expect(await guard.ask({ authorization, dpop })).toBe('accepted');
  });

  it('is worth nothing with the key of another agent, as a token and not as a proof [DPOP-28 DPOP-36]', async () => {
    const thief = createTestAgent(guard.issuer, { sub: 'mallory' }, { dpop: true });
    const token = await agent.token();
    const fields = await thief.headers({ method, url, token });
    expect(await guard.ask(fields)).toBe('ERR_TOKEN_BINDING');
    expect(await challengesOf(fields)).toEqual([`DPoP ${badToken}, ${metadata}, ${algs}`, `Bearer ${metadata}`]);
    expect(await guard.ask(await agent.headers({ method, url, token }))).toBe('accepted');
  });

  it('that is bad is refused as such, whether its proof is good or not [DPOP-37]', async () => {
    for (const defect of [undefined, 'missing-jti'] as const) {
      const token = await agent.token({}, { defect: 'expired' });
      const fields = await agent.headers({ method, url, token }, defect === undefined ? {} : { defect });
      expect(await guard.ask(fields)).toBe('ERR_TOKEN_EXPIRED');
    }
  });

  it('may be remembered: every request needs a proof of its own all the same [DPOP-30]', async () => {
    const token = await agent.token();
    for (let round = 0; round < 3; round += 1) {
      expect(await guard.ask(await agent.headers({ method, url, token }))).toBe('accepted');
      expect(await guard.ask({ authorization: `DPoP ${token}` })).toBe('ERR_DPOP_ABSENT');
      const forged = await agent.headers({ method, url, token }, { defect: 'tampered-signature' });
      expect(await guard.ask(forged)).toBe('ERR_DPOP_SIGNATURE');
    }
    expect(guard.decisions.at(-1)?.unverified).toMatchObject({ sub: 'alice' });
  });

  it('may be proven by another spelling of the same key, and by no other key, once its header is known', async () => {
    const token = await agent.token();
    expect(await guard.ask(await agent.headers({ method, url, token }))).toBe('accepted');
    const header = { kid: 'beside the point' };
    expect(await guard.ask(await agent.headers({ method, url, token }, { header }))).toBe('accepted');
    for (const defect of ['foreign-jwk', 'foreign-key', 'typ-jwt', 'unsigned'] as const) {
      expect(await guard.ask(await agent.headers({ method, url, token }, { defect }))).not.toBe('accepted');
    }
    expect(await guard.ask(await agent.headers({ method, url, token }))).toBe('accepted');
  });
});

describe('an unbound token', () => {
  it('is no DPoP token, with a proof or without [DPOP-32]', async () => {
    const token = await guard.issuer.token();
    const { dpop } = await agent.headers({ method, url, token });
    for (const fields of [{ authorization: `DPoP ${token}`, dpop }, { authorization: `DPoP ${token}` }]) {
      expect(await guard.ask(fields)).toBe('ERR_TOKEN_UNBOUND');
      expect((await challengesOf(fields))[0]).toBe(`DPoP ${badToken}, ${metadata}, ${algs}`);
    }
    expect(await guard.ask({ authorization: `Bearer ${token}` })).toBe('accepted');
  });

  it('is a bearer token whatever proof is beside it', async () => {
    const { dpop } = await agent.headers({ method, url });
    expect(await guard.ask({ ...(await bearerOf()), dpop })).toBe('accepted');
    expect(await guard.ask({ ...(await bearerOf()), dpop: 'nonsense' })).toBe('accepted');
  });
});

describe('a guard that asks for proofs', () => {
  const requirement = { senderConstraint: 'dpop' } as const;

  it('offers DPoP alone, and takes no bearer token [DPOP-34 DPOP-35 DPOP-39]', async () => {
    expect(await challengesOf(undefined, requirement)).toEqual([`DPoP ${metadata}, ${algs}`]);
    expect(await challengesOf(await bearerOf(), requirement)).toEqual([`DPoP ${badToken}, ${metadata}, ${algs}`]);
    expect(await guard.ask(await bearerOf(), {}, requirement)).toBe('ERR_TOKEN_SENDER_CONSTRAINT');
    expect(await guard.ask(await agent.headers({ method, url }), {}, requirement)).toBe('accepted');
  });

  it('refuses a bearer token behind a guard that took it, and not the next request', async () => {
    const { authorization } = await bearerOf();
    const request = { method, target: '/v1/data', headers: { authorization: [authorization] } };
    expect((await guard.verifier.check(request)).outcome).toBe('accepted');
    expect((await guard.verifier.check(request, { requirement })).outcome).toBe('refused');
    expect((await guard.verifier.check(request, { requirement: { senderConstraint: 'required' } })).outcome).toBe(
      'refused',
    );
    expect((await guard.verifier.check(request)).outcome).toBe('accepted');
  });

  it('refuses a bearer token as soon as it authenticates', async () => {
    const { authorization } = await bearerOf();
    const request = { method, target: '/v1/data', headers: { authorization: [authorization] } };
    expect(await guard.verifier.authenticate(request, { requirement })).toMatchObject({
      outcome: 'refused',
      error: { code: 'ERR_TOKEN_SENDER_CONSTRAINT' },
    });
    expect((await guard.verifier.authenticate(request)).outcome).toBe('accepted');
  });

  it('may ask when it is asked about an agent that is kept', async () => {
    const bearer = await guard.present(await bearerOf());
    const bound = await guard.present(await agent.headers({ method, url }));
    if (bearer.outcome !== 'accepted' || bound.outcome !== 'accepted') throw new Error('refused');
    expect((await guard.verifier.authorize(bearer.agent, { requirement })).outcome).toBe('refused');
    expect((await guard.verifier.authorize(bound.agent, { requirement })).outcome).toBe('accepted');
  });

  it('is never made weaker by a route [DPOP-39]', async () => {
    const strict = await guard.join({ requirement });
    expect(await strict.ask(await bearerOf(), {}, { senderConstraint: 'when-bound' })).toBe(
      'ERR_TOKEN_SENDER_CONSTRAINT',
    );
    const { body = '' } = await strict.verifier.metadata.handle({ method: 'GET', target: '/', headers: {} });
    expect(JSON.parse(body)).toMatchObject({
      dpop_bound_access_tokens_required: true,
      dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519', 'PS256'],
    });
  });
});

describe('a verifier without DPoP', () => {
  it('offers bearer tokens alone, refuses bound ones, and says nothing of proofs in its metadata', async () => {
    const off = await guard.join({ dpop: 'off' });
    const fields = await agent.headers({ method, url });
    expect(await off.ask(fields)).toBe('ERR_SCHEME_UNSUPPORTED');
    expect(await off.ask({ authorization: fields.authorization.replace('DPoP', 'Bearer') })).toBe('ERR_TOKEN_BOUND');
    const anonymous = await off.verifier.check({ method, target: '/', headers: {} });
    expect(anonymous).toMatchObject({ response: { headers: { 'www-authenticate': [`Bearer ${metadata}`] } } });
    const { body = '' } = await off.verifier.metadata.handle({ method: 'GET', target: '/', headers: {} });
    expect(body).not.toContain('dpop');
  });

  it.each(['dpop', 'dpop+mtls'] as const)('has no guard that asks for proofs: %s', async (senderConstraint) => {
    const requirement = { senderConstraint };
    const issue = { path: expect.stringContaining('senderConstraint'), message: expect.stringContaining("'off'") };
    await expect(guard.join({ dpop: 'off', requirement })).rejects.toMatchObject({ issues: [issue] });
    const off = await guard.join({ dpop: 'off' });
    expect(() => off.verifier.prepare(requirement)).toThrow(expect.objectContaining({ issues: [issue] }));
  });
});

describe('nonces', () => {
  const secrets = [Buffer.alloc(32, 1)];
  const startStrict = () => guard.join({ dpop: { nonces: { secrets, lifetimeSeconds: 300 } } });
  const nonceOf = (outcome: Awaited<ReturnType<Guard['present']>>) =>
    (outcome.outcome === 'refused' ? outcome.response.headers : outcome.headers)['dpop-nonce'];

  it('are handed out with a challenge, and make the next proof good [DPOP-14 DPOP-15 DPOP-17 DPOP-19 DPOP-20]', async () => {
    const strict = await startStrict();
    const outcome = await strict.present(await agent.headers({ method, url }));
    expect(outcome).toMatchObject({
      error: { code: 'ERR_DPOP_NONCE' },
      response: { status: 401, headers: { 'cache-control': ['no-store'], 'dpop-nonce': [expect.any(String)] } },
    });
    const [first] = outcome.outcome === 'refused' ? (outcome.response.headers['www-authenticate'] ?? []) : [];
    expect(first).toMatch(/^DPoP error="use_dpop_nonce", /);
    const [nonce = ''] = nonceOf(outcome) ?? [];
    const accepted = await strict.present(await agent.headers({ method, url, nonce }));
    expect(accepted).toMatchObject({ outcome: 'accepted', headers: {} });
  });

  it('of one process are good in another with the same secrets, and in no other [DPOP-15 DPOP-21]', async () => {
    const [one, two] = [await startStrict(), await startStrict()];
    const foreign = await guard.join({ dpop: { nonces: { secrets: [Buffer.alloc(32, 2)] } } });
    const [nonce = ''] = nonceOf(await one.present(await agent.headers({ method, url }))) ?? [];
    expect(await two.ask(await agent.headers({ method, url, nonce }))).toBe('accepted');
    expect(await foreign.ask(await agent.headers({ method, url, nonce }))).toBe('ERR_DPOP_NONCE');
  });

  it('are sent ahead when they are past half of their life, and uncacheable [DPOP-18 DPOP-19]', async () => {
    const strict = await startStrict();
    const [nonce = ''] = nonceOf(await strict.present(await agent.headers({ method, url }))) ?? [];
    guard.clock.advance(151);
    const outcome = await strict.present(await agent.headers({ method, url, nonce }));
    expect(outcome).toMatchObject({
      outcome: 'accepted',
      headers: { 'dpop-nonce': [expect.any(String)], 'cache-control': ['no-store'] },
    });
    const [next = ''] = nonceOf(outcome) ?? [];
    expect(next).not.toBe(nonce);
    expect(await strict.ask(await agent.headers({ method, url, nonce }))).toBe('accepted');
    guard.clock.advance(150);
    expect(await strict.ask(await agent.headers({ method, url, nonce }))).toBe('ERR_DPOP_NONCE');
    expect(await strict.ask(await agent.headers({ method, url, nonce: next }))).toBe('accepted');
  });

  it('come with every challenge, one of them, and with no outage [DPOP-17]', async () => {
    const strict = await startStrict();
    const anonymous = await strict.verifier.check({ method, target: '/', headers: {} });
    expect(nonceOf(anonymous)).toHaveLength(1);
    await strict.verifier.close();
    expect(nonceOf(await strict.present(await agent.headers({ method, url })))).toBeUndefined();
  });

  it('are looked at before the signature, and use up nothing [DPOP-25]', async () => {
    const strict = await startStrict();
    const forged = await agent.headers({ method, url }, { defect: 'tampered-signature' });
    expect(await strict.ask(forged)).toBe('ERR_DPOP_NONCE');
  });
});
