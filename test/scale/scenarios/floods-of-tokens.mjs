import { randomBytes, randomUUID } from 'node:crypto';
import { createFixture, encode, withToken } from '../fixtures.mjs';
import { createFloods } from '../flood.mjs';
import { runScenario, sized } from '../scenario.mjs';

/** Floods of a million bad tokens, no two alike. */

const count = sized(1_000_000);

await runScenario('Floods of bad tokens', async (scenario) => {
  const fixture = await createFixture();
  const floods = createFloods(fixture, scenario);
  const [header, payload = ''] = fixture.mint().split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const random = (/** @type {number} */ bytes) => randomBytes(bytes).toString('base64url');

  const makeMalformed = () => withToken(`${random(24)}.${random(120)}.${random(64)}`);
  await floods.send('Malformed', { count, make: makeMalformed, answers: ['ERR_TOKEN_MALFORMED'] });

  const makeForged = () => withToken(`${header}.${payload}.${random(64)}`);
  await floods.send('Forged', { count, make: makeForged, answers: ['ERR_TOKEN_SIGNATURE'] });

  const makeUnknownKid = () =>
    withToken(`${encode({ alg: 'ES256', typ: 'at+jwt', kid: randomUUID() })}.${payload}.${random(64)}`);
  await floods.send('Kids', { count, make: makeUnknownKid, answers: ['ERR_TOKEN_KEY'] });

  const makeForeign = () =>
    withToken(`${header}.${encode({ ...claims, iss: `https://${randomUUID()}.example` })}.${random(64)}`);
  await floods.send('Issuers', { count, make: makeForeign, answers: ['ERR_TOKEN_ISSUER'] });

  const directory = {
    advertised: [],
    find: async (/** @type {string} */ iss) => (iss === fixture.issuer ? iss : undefined),
  };
  const answers = ['ERR_TOKEN_ISSUER', 'ERR_DIRECTORY_BUSY'];
  await floods.send('Of a directory', { count, make: makeForeign, answers, issuers: directory });

  const { issuer, introspection } = fixture;
  const makeOpaque = () => withToken(random(24));
  const ofOpaque = ['ERR_TOKEN_INACTIVE', 'ERR_INTROSPECTION_BUSY'];
  await floods.send('Opaque', { count, make: makeOpaque, answers: ofOpaque, issuers: [{ issuer, introspection }] });
  await fixture.close();
});
