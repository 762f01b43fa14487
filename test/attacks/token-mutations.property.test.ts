import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createVerifier, type HttpRequest } from '@gatehouse/core';
import fc from 'fast-check';
import { createLocalJWKSet, errors, type JWTVerifyOptions, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';

const now = 1_800_000_000;
const resource = 'https://api.example';
const issuer = 'https://as.example';

const keys = {
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ed: generateKeyPairSync('ed25519'),
  stranger: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
};
const publish = (key: KeyObject, kid: string) => {
  const { kty = '', ...members } = key.export({ format: 'jwk' });
  return { kty, ...members, kid };
};
const jwks = { keys: [publish(keys.ec.publicKey, 'ec'), publish(keys.ed.publicKey, 'ed')] };

const verifier = createVerifier({ resource, issuers: [{ issuer, jwks }], now: () => now * 1000 });
const keySet = createLocalJWKSet(jwks);
/** What a careful caller of jose asks for: the same issuer, audience, algorithms, type, claims and clock. */
const options: JWTVerifyOptions = {
  issuer,
  audience: resource,
  algorithms: ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'],
  typ: 'at+jwt',
  requiredClaims: ['sub', 'client_id', 'jti', 'iat', 'exp'],
  clockTolerance: 5,
  currentDate: new Date(now * 1000),
};

type Answer = { readonly claims: unknown } | { readonly code: string };

async function askGatehouse(token: string): Promise<Answer> {
  const request: HttpRequest = { method: 'GET', target: '/', headers: { authorization: [`Bearer ${token}`] } };
  const outcome = await verifier.check(request);
  if (outcome.outcome === 'anonymous') throw new Error('The request has credentials.');
  return outcome.outcome === 'accepted' ? { claims: outcome.agent.claims } : { code: outcome.error.code };
}

async function askJose(token: string): Promise<Answer> {
  try {
    return { claims: (await jwtVerify(token, keySet, options)).payload };
  } catch (error) {
    if (error instanceof errors.JOSEError) return { code: error.code };
    throw error;
  }
}

type Members = Readonly<Record<string, unknown>>;

const goodHeader = { alg: 'ES256', typ: 'at+jwt', kid: 'ec' };
const goodClaims = { iss: issuer, aud: resource, sub: 'alice', client_id: 'bot', jti: '1', iat: now, exp: now + 60 };
const encode = (text: string | Uint8Array): string => Buffer.from(text).toString('base64url');

/** Signs two texts, whatever they are. */
function write(header: string, payload: string, key: keyof typeof keys = 'ec'): string {
  const input = `${encode(header)}.${encode(payload)}`;
  const { privateKey } = keys[key];
  const signature =
    key === 'ed'
      ? sign(null, Buffer.from(input), privateKey)
      : sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${input}.${encode(signature)}`;
}

const writeChanged = (header: Members, claims: Members = {}): string =>
  write(JSON.stringify({ ...goodHeader, ...header }), JSON.stringify({ ...goodClaims, ...claims }));

const [headerJson, claimsJson] = [JSON.stringify(goodHeader), JSON.stringify(goodClaims)];

/** An object in JSON with one more member, of 70 levels. */
const nestDeeply = (json: string): string => json.replace(/\}$/, `,"deep":${'['.repeat(70)}${']'.repeat(70)}}`);

/** For a signature of 64 bytes, whose last character holds four bits that are not used. */
const addStrayBits = (token: string): string =>
  token.slice(0, -1) + { A: 'B', Q: 'R', g: 'h', w: 'x' }[token.slice(-1)];

const fiveActors = { sub: 'a', act: { sub: 'b', act: { sub: 'c', act: { sub: 'd', act: { sub: 'e' } } } } };

/** Every member in every way. */
const listChanges = (table: Readonly<Record<string, readonly unknown[]>>): readonly Members[] =>
  Object.entries(table).flatMap(([name, values]) => values.map((value) => ({ [name]: value })));
const headerChanges = listChanges({
  alg: ['EdDSA', 'Ed25519', 'none', 'None', 'HS256', 'RS256', 'ES384', 'es256', '', null, 7, ['ES256']],
  typ: ['AT+JWT', 'application/at+jwt', 'APPLICATION/AT+JWT', 'JWT', undefined, 'at+jwt ', 'at+jwt;a=b', 'x/at+jwt', 7],
  kid: ['ed', 'other', undefined, '', '__proto__', 7, null],
  crit: [[], ['exp'], ['b64'], 'b64', ['alg'], null],
  b64: [true, false, 'x'],
  jwk: [jwks.keys[0], publish(keys.stranger.publicKey, 'ec'), 'x'],
  jku: ['https://evil.example/jwks'],
  x5c: [['AAAA'], 'x'],
  zip: ['DEF'],
});
const times = [now - 6, now - 5, now - 4.5, now, now + 0.5, now + 5, now + 6, 0, -1, 1e300, `${now}`, null, undefined];
const names = ['', 'bob', 7, null, ['alice'], {}, undefined, 'a\uD800'];
const claimChanges = listChanges({
  iss: [`${issuer}/`, 'https://AS.example', [issuer], undefined, null],
  aud: [`${resource}/`, [resource], [resource, 'other'], [resource, 7], [[resource]], [], 'other', 7, null, undefined],
  exp: times,
  iat: times,
  nbf: times,
  sub: names,
  client_id: names,
  jti: names,
  scope: ['', 'read write', ['read'], 7, null],
  act: [{ sub: 'bot' }, fiveActors, 'bot', {}, null],
  cnf: [{}, { jkt: 'x' }, 'x', null],
  extra: [{ deep: [1, 'é'] }, '\u{1F600}'],
});

/** A token that is not written yet: what it says, how its texts are spoilt, who signs it. */
interface Draft {
  readonly header: Members;
  readonly claims: Members;
  readonly key: keyof typeof keys;
  readonly editHeader: (json: string) => string;
  readonly editPayload: (json: string) => string;
  readonly editCompact: (compact: string) => string;
}

const keep = (text: string): string => text;
const good: Draft = {
  header: goodHeader,
  claims: goodClaims,
  key: 'ec',
  editHeader: keep,
  editPayload: keep,
  editCompact: keep,
};

/** Puts a text over a place of another one, or around it. */
const editWith = (inserted: fc.Arbitrary<string>): fc.Arbitrary<(text: string) => string> =>
  fc.tuple(fc.nat(), fc.option(fc.nat(2)), inserted).map(([place, length, added]) => (text: string) => {
    if (length === null) return place % 2 === 0 ? added + text : text + added;
    const at = place % (text.length + 1);
    return text.slice(0, at) + added + text.slice(at + length);
  });
const addedMember = fc.constantFrom(
  '"sub":"mallory"',
  '"\\u0073ub":"mallory"',
  '"alg":"none"',
  '"__proto__":{}',
  '"":0',
);
const jsonEdit = fc.oneof(
  editWith(fc.constantFrom(' ', '\n', '\uFEFF', '\0', '"', '{}', ',', 'é')),
  addedMember.map((member) => (text: string) => text.replace('{', `{${member},`)),
  fc.constant(nestDeeply),
);
const compactEdit = editWith(fc.constantFrom('=', '==', '.', ' ', '+', '/', '-', '_', 'A', 'B', 'w', '\n', 'é', '~'));

type Change = (draft: Draft) => Partial<Draft>;
const change = fc.oneof(
  fc.constantFrom(...headerChanges).map(
    (part): Change =>
      ({ header }) => ({ header: { ...header, ...part } }),
  ),
  fc.constantFrom(...claimChanges).map(
    (part): Change =>
      ({ claims }) => ({ claims: { ...claims, ...part } }),
  ),
  fc.constantFrom('EdDSA', 'Ed25519').map(
    (alg): Change =>
      ({ header }) => ({ key: 'ed', header: { ...header, alg, kid: 'ed' } }),
  ),
  fc.constantFrom('ed' as const, 'stranger' as const).map(
    (key): Change =>
      () => ({ key }),
  ),
  jsonEdit.map(
    (editHeader): Change =>
      () => ({ editHeader }),
  ),
  jsonEdit.map(
    (editPayload): Change =>
      () => ({ editPayload }),
  ),
  compactEdit.map(
    (editCompact): Change =>
      () => ({ editCompact }),
  ),
);
const changedToken = fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
  const draft = { ...good };
  for (const apply of changes) Object.assign(draft, apply(draft));
  const header = draft.editHeader(JSON.stringify(draft.header));
  const payload = draft.editPayload(JSON.stringify(draft.claims));
  return draft.editCompact(write(header, payload, draft.key));
});

/** All that we refuse and jose, asked in this way, accepts. */
const stricter: readonly (readonly [what: string, code: string, token: string])[] = [
  ['a claim that is repeated', 'ERR_TOKEN_MALFORMED', write(headerJson, claimsJson.replace('{', '{"sub":"mallory",'))],
  [
    'a header member that is repeated',
    'ERR_TOKEN_MALFORMED',
    write(headerJson.replace('{', '{"alg":"none",'), claimsJson),
  ],
  ['a claim named __proto__', 'ERR_TOKEN_MALFORMED', write(headerJson, claimsJson.replace('{', '{"__proto__":{},'))],
  ['a claim of 70 levels', 'ERR_TOKEN_MALFORMED', write(headerJson, nestDeeply(claimsJson))],
  ['stray bits behind its signature', 'ERR_TOKEN_MALFORMED', addStrayBits(writeChanged({}))],
  ['padding', 'ERR_TOKEN_MALFORMED', `${writeChanged({})}==`],
  ['a line break at its end', 'ERR_AUTHORIZATION_MALFORMED', `${writeChanged({})}\n`],
  ['an extension that jose knows', 'ERR_TOKEN_CRITICAL', writeChanged({ crit: ['b64'], b64: true })],
  ['a subject that is no text', 'ERR_TOKEN_CLAIM_MALFORMED', writeChanged({}, { sub: 7 })],
  ['an audience among other things', 'ERR_TOKEN_CLAIM_MALFORMED', writeChanged({}, { aud: [resource, 7] })],
  ['a list of scopes', 'ERR_TOKEN_CLAIM_MALFORMED', writeChanged({}, { scope: ['read'] })],
  ['a time to come in iat', 'ERR_TOKEN_ISSUED_IN_FUTURE', writeChanged({}, { iat: now + 6 })],
  ['a life of more than a day', 'ERR_TOKEN_LIFETIME', writeChanged({}, { iat: now - 86_400, exp: now + 60 })],
  ['a key that it is bound to', 'ERR_TOKEN_BOUND', writeChanged({}, { cnf: { jkt: `${'x'.repeat(42)}A` } })],
  [
    'a certificate that it is bound to',
    'ERR_TOKEN_CERTIFICATE_ABSENT',
    writeChanged({}, { cnf: { 'x5t#S256': `${'x'.repeat(42)}A` } }),
  ],
  ['a binding that nobody knows', 'ERR_TOKEN_CONFIRMATION', writeChanged({}, { cnf: { kid: 'x' } })],
  ['an act that names nobody', 'ERR_TOKEN_ACTOR', writeChanged({}, { act: {} })],
  ['an act of too many actors', 'ERR_TOKEN_ACTOR_DEPTH', writeChanged({}, { act: fiveActors })],
];

describe('a token', () => {
  const codes = stricter.map(([, code]) => code);

  async function compare(token: string): Promise<void> {
    // Spaces before the token belong to the field, not to the token (RFC 9110 §11.4).
    const [ours, theirs] = [await askGatehouse(token), await askJose(token.replace(/^ +/, ''))];
    if ('claims' in ours) expect(theirs).toEqual(ours);
    else if ('claims' in theirs) expect(codes).toContain(ours.code);
  }

  it('with one member changed is refused where jose refuses it, and says the same to both where it is not [JWT-28 AT-09]', async () => {
    for (const header of headerChanges) await compare(writeChanged(header));
    for (const claims of claimChanges) await compare(writeChanged({}, claims));
  });

  it('changed in up to three ways is refused where jose refuses it, and says the same to both where it is not [JWT-17 JWT-18]', async () => {
    await fc.assert(fc.asyncProperty(changedToken, compare));
  });

  it.each(stricter)(
    'with %s is refused, though jose accepts it [JWT-18 JWT-19 JWT-20 JWT-28]',
    async (_, code, token) => {
      expect(await askJose(token)).toHaveProperty('claims');
      expect(await askGatehouse(token)).toEqual({ code });
    },
  );

  it('without a fault is accepted by both: the control of this list', async () => {
    const token = writeChanged({}, { extra: [{ deep: 1 }] });
    expect(await askGatehouse(token)).toEqual({ claims: { ...goodClaims, extra: [{ deep: 1 }] } });
    expect(await askJose(token)).toEqual(await askGatehouse(token));
  });
});
