import { randomBytes, randomUUID } from 'node:crypto';
import { createFixture, encode, resource, withProof } from '../fixtures.mjs';
import { createFloods } from '../flood.mjs';
import { runScenario, sized } from '../scenario.mjs';

/** Floods of proofs with keys, no two alike: those of strangers with a token that they found, and those of agents. */

const count = sized(1_000_000);
/** Each costs a key, two signatures to make and two to verify. */
const agents = sized(100_000);
/** `limits.cachedTokens` by default. */
const cachedTokens = 10_000;

await runScenario('Floods of keys', async (scenario) => {
  const fixture = await createFixture();
  const floods = createFloods(fixture, scenario);
  const random = (/** @type {number} */ bytes) => randomBytes(bytes).toString('base64url');

  /** Nobody looks at its claims, nor at its signature, nor whether this is a point of the curve. */
  function makeStrange() {
    const jwk = { crv: 'P-256', kty: 'EC', x: random(32), y: random(32) };
    const claims = { jti: randomUUID(), htm: 'GET', htu: `${resource}/data`, iat: Math.floor(Date.now() / 1000) };
    return withProof(
      floods.stolen,
      `${encode({ typ: 'dpop+jwt', alg: 'ES256', jwk })}.${encode(claims)}.${random(64)}`,
    );
  }
  await floods.send('Strangers', { count, make: makeStrange, answers: ['ERR_TOKEN_BINDING'] });

  const makeAgent = () => fixture.createAgent().prove();
  await floods.send('Agents', { count: agents, make: makeAgent, answers: ['accepted'], remembered: cachedTokens });
  await fixture.close();
});
