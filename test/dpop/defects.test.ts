import { createTestAgent, type DpopTestAgent, type ProofDefect, proofDefects } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Guard, method, startGuard, url } from './guard.ts';

let guard: Guard;
let agent: DpopTestAgent;
beforeAll(async () => {
  guard = await startGuard({
    dpop: { algorithms: ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'PS256', 'RS256'] },
  });
  agent = createTestAgent(guard.issuer, { sub: 'alice', scope: 'read:data' }, { dpop: true });
});
afterAll(() => guard.close());

/** What each defect is refused for: a defect of the proof, unless the proof is sound and of another key. */
const codes: Readonly<Record<ProofDefect, string>> = {
  empty: 'ERR_DPOP_MALFORMED',
  'not-a-jws': 'ERR_DPOP_MALFORMED',
  quoted: 'ERR_DPOP_MALFORMED',
  'two-proofs': 'ERR_DPOP_MALFORMED',
  'two-segments': 'ERR_DPOP_MALFORMED',
  'json-serialization': 'ERR_DPOP_MALFORMED',
  'padded-base64': 'ERR_DPOP_MALFORMED',
  'loose-base64': 'ERR_DPOP_MALFORMED',
  'duplicate-header': 'ERR_DPOP_MALFORMED',
  'duplicate-claim': 'ERR_DPOP_MALFORMED',
  'invalid-utf8': 'ERR_DPOP_MALFORMED',
  'array-payload': 'ERR_DPOP_MALFORMED',
  oversized: 'ERR_DPOP_MALFORMED',
  'missing-typ': 'ERR_DPOP_TYPE',
  'typ-jwt': 'ERR_DPOP_TYPE',
  'typ-at-jwt': 'ERR_DPOP_TYPE',
  'critical-header': 'ERR_DPOP_CRITICAL',
  'unencoded-payload': 'ERR_DPOP_CRITICAL',
  'missing-alg': 'ERR_DPOP_ALGORITHM',
  'lowercase-alg': 'ERR_DPOP_ALGORITHM',
  'foreign-alg': 'ERR_DPOP_KEY',
  'sha1-alg': 'ERR_DPOP_ALGORITHM',
  unsigned: 'ERR_DPOP_ALGORITHM',
  'unsigned-mixed-case': 'ERR_DPOP_ALGORITHM',
  'hmac-with-public-key': 'ERR_DPOP_ALGORITHM',
  'missing-signature': 'ERR_DPOP_SIGNATURE',
  'zero-signature': 'ERR_DPOP_SIGNATURE',
  'der-signature': 'ERR_DPOP_SIGNATURE',
  'foreign-key': 'ERR_DPOP_SIGNATURE',
  'tampered-header': 'ERR_DPOP_SIGNATURE',
  'tampered-payload': 'ERR_DPOP_SIGNATURE',
  'tampered-signature': 'ERR_DPOP_SIGNATURE',
  'missing-jwk': 'ERR_DPOP_KEY',
  'string-jwk': 'ERR_DPOP_KEY',
  'array-jwk': 'ERR_DPOP_KEY',
  'incomplete-jwk': 'ERR_DPOP_KEY',
  'kid-for-jwk': 'ERR_DPOP_KEY',
  'jku-for-jwk': 'ERR_DPOP_KEY',
  'x5c-for-jwk': 'ERR_DPOP_KEY',
  'foreign-jwk': 'ERR_TOKEN_BINDING',
  'private-jwk': 'ERR_DPOP_KEY',
  'jwk-with-prime': 'ERR_DPOP_KEY',
  'jwk-with-secret': 'ERR_DPOP_KEY',
  'symmetric-jwk': 'ERR_DPOP_ALGORITHM',
  'point-off-curve': 'ERR_DPOP_KEY',
  'loose-coordinate': 'ERR_DPOP_KEY',
  'padded-coordinate': 'ERR_DPOP_KEY',
  'long-coordinate': 'ERR_DPOP_KEY',
  'short-coordinate': 'ERR_DPOP_KEY',
  'rsa-2047': 'ERR_DPOP_KEY',
  'rsa-exponent-3': 'ERR_DPOP_KEY',
  'missing-jti': 'ERR_DPOP_CLAIM',
  'empty-jti': 'ERR_DPOP_CLAIM',
  'number-jti': 'ERR_DPOP_CLAIM',
  'long-jti': 'ERR_DPOP_CLAIM',
  'surrogate-jti': 'ERR_DPOP_CLAIM',
  'missing-htm': 'ERR_DPOP_CLAIM',
  'foreign-htm': 'ERR_DPOP_METHOD',
  'lowercase-htm': 'ERR_DPOP_METHOD',
  'number-htm': 'ERR_DPOP_CLAIM',
  'missing-htu': 'ERR_DPOP_CLAIM',
  'foreign-scheme': 'ERR_DPOP_URI',
  'foreign-host': 'ERR_DPOP_URI',
  'foreign-port': 'ERR_DPOP_URI',
  'foreign-path': 'ERR_DPOP_URI',
  'trailing-slash': 'ERR_DPOP_URI',
  'encoded-slash': 'ERR_DPOP_URI',
  'user-info': 'ERR_DPOP_URI',
  'relative-htu': 'ERR_DPOP_URI',
  'number-htu': 'ERR_DPOP_CLAIM',
  'missing-iat': 'ERR_DPOP_CLAIM',
  'string-iat': 'ERR_DPOP_CLAIM',
  'null-iat': 'ERR_DPOP_CLAIM',
  'infinite-iat': 'ERR_DPOP_TIME',
  'negative-iat': 'ERR_DPOP_TIME',
  'too-old': 'ERR_DPOP_TIME',
  'issued-in-future': 'ERR_DPOP_TIME',
  'missing-ath': 'ERR_DPOP_CLAIM',
  'foreign-ath': 'ERR_DPOP_TOKEN',
  'hex-ath': 'ERR_DPOP_TOKEN',
  'padded-ath': 'ERR_DPOP_TOKEN',
  'half-ath': 'ERR_DPOP_TOKEN',
  'utf16-ath': 'ERR_DPOP_TOKEN',
  'foreign-nonce': 'ERR_DPOP_NONCE',
  'number-nonce': 'ERR_DPOP_CLAIM',
};

/** A nonce of somebody else is nothing to a resource that asks for none. */
const ofNonces: readonly ProofDefect[] = ['foreign-nonce'];

describe('a proof', () => {
  it.each(proofDefects.filter((defect) => !ofNonces.includes(defect)))(
    'with the defect %s is refused with the code of its cause, and one without is accepted [DPOP-02 DPOP-03 DPOP-04 DPOP-05 DPOP-06 DPOP-07 DPOP-08 DPOP-09 DPOP-10 DPOP-22 DPOP-24 DPOP-27 DPOP-28 DPOP-30 DPOP-36]',
    async (defect) => {
      const fields = await agent.headers({ method, url }, { defect });
      const outcome = await guard.present(fields);
      if (outcome.outcome !== 'refused') throw new Error('accepted');
      expect(outcome.error.code).toBe(codes[defect]);
      const error = codes[defect] === 'ERR_TOKEN_BINDING' ? 'invalid_token' : 'invalid_dpop_proof';
      const [first, second] = outcome.response.headers['www-authenticate'] ?? [];
      expect(outcome.response.status).toBe(401);
      expect(first).toMatch(new RegExp(`^DPoP error="${error}", .* algs="ES256 `));
      expect(second).toMatch(/^Bearer resource_metadata=/);
      // The control is the same request but for the defect.
      const { authorization } = fields;
      const token = authorization.replace('DPoP ', '');
      const { dpop } = await agent.headers({ method, url, token });
      const isOwnKey = (await guard.ask({ authorization, dpop })) === 'accepted';
      expect(isOwnKey || (await guard.ask(await agent.headers({ method, url }))) === 'accepted').toBe(true);
    },
  );

  it('is refused for its nonce alone where nonces are asked for [DPOP-15]', async () => {
    const strict = await guard.join({ dpop: { nonces: { secrets: [Buffer.alloc(32, 1)] } } });
    const fields = await agent.headers({ method, url }, { defect: 'foreign-nonce' });
    expect(await strict.ask(fields)).toBe('ERR_DPOP_NONCE');
    expect(await guard.ask(fields)).toBe('accepted');
  });

  it('has three segments, and no fourth, not even an empty one [DPOP-02]', async () => {
    const { authorization, dpop } = await agent.headers({ method, url });
    for (const more of ['.', '.e30', '..']) {
      expect(await guard.ask({ authorization, dpop: `${dpop}${more}` })).toBe('ERR_DPOP_MALFORMED');
    }
    expect(await guard.ask({ authorization, dpop })).toBe('accepted');
  });

  it('says nothing of how its payload is encoded, not even what is so anyway', async () => {
    const ask = async (header: Readonly<Record<string, unknown>>) =>
      guard.ask(await agent.headers({ method, url }, { header }));
    for (const header of [{ b64: true }, { b64: false }, { crit: [] }]) {
      expect(await ask(header)).toBe('ERR_DPOP_CRITICAL');
    }
    expect(await ask({ kid: 'b64' })).toBe('accepted');
  });

  it('is signed with an algorithm that the options allow, good as another may be [DPOP-05]', async () => {
    const other = createTestAgent(guard.issuer, { sub: 'alice' }, { dpop: 'ES384' });
    const usual = await guard.join({ dpop: {} });
    expect(await usual.ask(await other.headers({ method, url }))).toBe('ERR_DPOP_ALGORITHM');
    expect(await guard.ask(await other.headers({ method, url }))).toBe('accepted');
  });
});
