import { isDeepStrictEqual } from 'node:util';
import { decodeJwt, decodeProtectedHeader, generateKeyPair, SignJWT } from 'jose';

/**
 * Tokens that differ from a good one in one thing. The good one is the control: it goes first and is accepted.
 *
 * @param {import('../demo.mjs').World} world
 */
export async function attacks(world) {
  const { transcript, api, agents, badges, decisions } = world;
  const { auditor } = agents;
  transcript.scene(
    'Attacks',
    'Each token below differs from a good one in one thing. Callers learn that it is invalid and where to get a new ' +
      'one. The cause is for the operator.',
  );

  const { token: good } = badges.auditor;
  const control = await auditor.call('GET', `${api}/reports`, good);
  transcript.expect('the good token is accepted', control.status, 200);
  const resigned = await auditor.call('GET', `${api}/reports`, await world.server.sign(decodeJwt(good)));
  transcript.expect('so are its claims, signed once more by the server', resigned.status, 200);

  const [first, ...others] = await forge(world, good);
  transcript.say(first.name);
  const refusal = await auditor.call('GET', `${api}/reports`, first.token);
  transcript.answer(refusal.exchange);
  transcript.expect('refused', [refusal.status, refusal.challenge.error], [401, 'invalid_token']);
  transcript.expect(`the operator reads ${first.code}`, decisions.at(-1)?.refusal?.code, first.code);

  for (const { name, token, code } of others) {
    transcript.say(name);
    const { exchange, body } = await auditor.call('GET', `${api}/reports`, token);
    transcript.statusLine(exchange);
    // Which check failed is nothing for a caller who may be guessing.
    const same = challengeOf(exchange) === challengeOf(refusal.exchange) && isDeepStrictEqual(body, refusal.body);
    transcript.expect('refused by the same answer, to the byte', same, true);
    transcript.expect(`the operator reads ${code}`, decisions.at(-1)?.refusal?.code, code);
  }

  transcript.say('The good token, in the address instead of the header.');
  const leaked = await auditor.call('GET', `${api}/reports?access_token=${good}`);
  transcript.request(leaked.exchange);
  transcript.answer(leaked.exchange);
  // RFC 9700 §4.3.2: addresses end up in logs and histories, so a token in one is never looked at.
  transcript.expect('not even read: no token came', [leaked.status, leaked.challenge.error], [401, undefined]);
}

/** @param {import('../demo.mjs').World} world @param {string} good */
async function forge({ api, otherApi, server, agents: { auditor }, badges }, good) {
  const header = { ...decodeProtectedHeader(good), alg: 'ES256' };
  const claims = decodeJwt(good);
  const now = Math.floor(Date.now() / 1000);
  const { privateKey } = await generateKeyPair('ES256');
  const [head, payload, signature] = good.split('.');
  const gate = await auditor.discover(await auditor.call('GET', `${api}/reports`), api);
  const elsewhere = await auditor.actForItself({ ...gate, resource: otherApi }, 'payroll:read');

  return [
    {
      name: 'Signed with the key of an attacker, under the id of the real one.',
      token: await new SignJWT(claims).setProtectedHeader(header).sign(privateKey),
      code: 'ERR_TOKEN_SIGNATURE',
    },
    {
      name: 'The scope edited, the signature kept.',
      token: `${head}.${encode({ ...claims, scope: 'reports:write' })}.${signature}`,
      code: 'ERR_TOKEN_SIGNATURE',
    },
    {
      name: 'Not signed at all: alg is none.',
      token: `${encode({ ...header, alg: 'none' })}.${payload}.`,
      code: 'ERR_TOKEN_ALGORITHM',
    },
    {
      name: 'Signed by the server, and expired an hour ago.',
      token: await server.sign({ ...claims, iat: now - 7200, exp: now - 3600 }),
      code: 'ERR_TOKEN_EXPIRED',
    },
    {
      name: 'Issued by the server, for the payroll API.',
      token: elsewhere.token,
      code: 'ERR_TOKEN_AUDIENCE',
    },
    {
      name: "Alice's ID token: it says who she is, and allows nobody anything.",
      token: badges.alice.idToken,
      code: 'ERR_TOKEN_TYPE',
    },
  ];
}

/** @param {import('../wire.mjs').Exchange} exchange */
const challengeOf = ({ responseFields }) =>
  JSON.stringify(responseFields.filter(([name]) => name.toLowerCase() === 'www-authenticate'));

/** @param {object} value */
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
