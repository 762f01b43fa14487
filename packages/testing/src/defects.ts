import {
  afterSigning,
  type DefectWriter,
  flipBit,
  hmacWithPublicKey,
  loosen,
  pad,
  signedByAttacker,
  unsigned,
  withBase64,
  withClaims,
  withHeader,
  withHeaderText,
  withPayload,
} from './defect-writers.ts';
import { type Draft, encode, type JsonObject } from './token.ts';

/** The one thing that is wrong with a token. The README describes each. */
export type TokenDefect =
  | 'expired'
  | 'not-yet-valid'
  | 'issued-in-future'
  | 'foreign-issuer'
  | 'foreign-audience'
  | 'missing-audience'
  | 'missing-expiry'
  | 'missing-subject'
  | 'missing-client-id'
  | 'missing-issued-at'
  | 'missing-token-id'
  | 'string-expiry'
  | 'array-scope'
  | 'act-string'
  | 'act-without-subject'
  | 'act-too-deep'
  | 'cnf-string'
  | 'confirmation-unknown'
  | 'jkt-number'
  | 'jkt-short'
  | 'jkt-padded'
  | 'jkt-loose'
  | 'jkt-hex'
  | 'dpop-bound'
  | 'x5t-sha1'
  | 'x5t-padded'
  | 'x5t-hex'
  | 'mtls-bound'
  | 'id-token'
  | 'typ-jwt'
  | 'missing-typ'
  | 'critical-header'
  | 'unencoded-payload'
  | 'foreign-key'
  | 'unknown-key'
  | 'embedded-jwk'
  | 'unsigned'
  | 'hmac-with-public-key'
  | 'tampered-payload'
  | 'tampered-signature'
  | 'padded-base64'
  | 'loose-base64'
  | 'duplicate-claim'
  | 'duplicate-header'
  | 'invalid-utf8'
  | 'array-payload'
  | 'two-segments'
  | 'json-serialization';

interface Defect {
  /** What is wrong, in a sentence; the README shows it. */
  readonly means: string;
  readonly write: DefectWriter;
}

const hour = 3600;
/** That of the key in RFC 7638 §3.1, which is nobody's here. */
const someThumbprint = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';

const defects: Readonly<Record<TokenDefect, Defect>> = {
  expired: {
    means: '`exp` is an hour ago.',
    write: withClaims(({ now }) => ({ iat: now - 2 * hour, exp: now - hour })),
  },
  'not-yet-valid': {
    means: '`nbf` is an hour ahead.',
    write: withClaims(({ now }) => ({ nbf: now + hour, exp: now + 2 * hour })),
  },
  'issued-in-future': {
    means: '`iat` is an hour ahead.',
    write: withClaims(({ now }) => ({ iat: now + hour, exp: now + 2 * hour })),
  },
  'foreign-issuer': {
    means: '`iss` names another issuer; the key is the right one.',
    write: withClaims({ iss: 'https://other-issuer.example' }),
  },
  'foreign-audience': {
    means: '`aud` names another API.',
    write: withClaims({ aud: 'https://other-api.example' }),
  },
  'missing-audience': { means: 'There is no `aud`.', write: withClaims({ aud: undefined }) },
  'missing-expiry': { means: 'There is no `exp`.', write: withClaims({ exp: undefined }) },
  'missing-subject': { means: 'There is no `sub`.', write: withClaims({ sub: undefined }) },
  'missing-client-id': { means: 'There is no `client_id`.', write: withClaims({ client_id: undefined }) },
  'missing-issued-at': { means: 'There is no `iat`.', write: withClaims({ iat: undefined }) },
  'missing-token-id': { means: 'There is no `jti`.', write: withClaims({ jti: undefined }) },
  'string-expiry': {
    means: '`exp` is a string of digits.',
    write: withClaims(({ now }) => ({ exp: String(now + 300) })),
  },
  'array-scope': {
    means: '`scope` is an array.',
    write: withClaims(({ claims }) => ({ scope: String(claims.scope ?? 'read').split(' ') })),
  },
  'act-string': { means: '`act` is a string.', write: withClaims({ act: 'agent-1' }) },
  'act-without-subject': {
    means: '`act` is an object without `sub`.',
    write: withClaims({ act: { client_id: 'agent-1' } }),
  },
  'act-too-deep': { means: '`act` is nested eight deep.', write: withClaims({ act: nestedActors(8) }) },
  'cnf-string': {
    means: '`cnf` is a string: the thumbprint that should be its `jkt`.',
    write: withClaims((draft) => ({ cnf: thumbprintIn(draft) })),
  },
  'confirmation-unknown': {
    means: '`cnf` has no member that anybody knows.',
    write: withClaims({ cnf: { 'https://example.com/unknown': 'value' } }),
  },
  'jkt-number': { means: '`cnf.jkt` is a number.', write: withThumbprint(() => 42) },
  'jkt-short': {
    means: '`cnf.jkt` lacks its last character.',
    write: withThumbprint((jkt) => jkt.slice(0, -1)),
  },
  'jkt-padded': { means: '`cnf.jkt` ends in `=`; it decodes to the same bytes.', write: withThumbprint(pad) },
  'jkt-loose': {
    means: "`cnf.jkt`'s last character has spare bits set; a forgiving decoder gets the same bytes.",
    write: withThumbprint(loosen),
  },
  'jkt-hex': {
    means: '`cnf.jkt` is the thumbprint in hexadecimal.',
    write: withThumbprint(toHex),
  },
  'dpop-bound': {
    means: '`cnf.jkt` binds the token to a DPoP key; presented as `Bearer` it is a stolen one.',
    write: withClaims({ cnf: { jkt: someThumbprint } }),
  },
  'x5t-sha1': {
    means: '`cnf` binds the token to a certificate by `x5t`, which is SHA-1, and by nothing else.',
    write: withClaims({ cnf: { x5t: 'NzbLsXh8uDCcd-6MNwXF4W_7noU' } }),
  },
  'x5t-padded': {
    means: '`cnf[x5t#S256]` ends in `=`; it decodes to the same bytes.',
    write: withThumbprint(pad, 'x5t#S256'),
  },
  'x5t-hex': {
    means: '`cnf[x5t#S256]` is the thumbprint in hexadecimal.',
    write: withThumbprint(toHex, 'x5t#S256'),
  },
  'mtls-bound': {
    means: '`cnf[x5t#S256]` binds the token to a certificate; presented without it, it is a stolen one.',
    write: withClaims({ cnf: { 'x5t#S256': someThumbprint } }),
  },
  'id-token': {
    means: 'It is an ID token: `typ` is `JWT`, `aud` is the client, and there is a `nonce`.',
    write: (draft) =>
      withClaims({ aud: draft.claims.client_id, nonce: 'n-1' })({
        ...draft,
        header: { ...draft.header, typ: 'JWT' },
      }),
  },
  'typ-jwt': { means: '`typ` is `JWT`.', write: withHeader({ typ: 'JWT' }) },
  'missing-typ': { means: 'There is no `typ`.', write: withHeader({ typ: undefined }) },
  'critical-header': {
    means: '`crit` names a header member that nobody knows.',
    write: withHeader({ crit: ['https://example.com/unknown'], 'https://example.com/unknown': true }),
  },
  'unencoded-payload': {
    means: '`b64` is `false`, and `crit` names it: the payload is not base64url, says the header.',
    write: withHeader({ crit: ['b64'], b64: false }),
  },
  'foreign-key': { means: 'An attacker signed it, under the published `kid`.', write: signedByAttacker() },
  'unknown-key': {
    means: 'An attacker signed it, under a `kid` that is not published.',
    write: signedByAttacker(({ kid }) => ({ kid })),
  },
  'embedded-jwk': {
    means: 'An attacker signed it, and put the public key into the header as `jwk`.',
    write: signedByAttacker(({ publicJwk }) => ({ jwk: publicJwk })),
  },
  unsigned: { means: '`alg` is `none`, and the signature is empty.', write: unsigned() },
  'hmac-with-public-key': {
    means: "`alg` is `HS256`, and the secret is the public key's PEM.",
    write: hmacWithPublicKey,
  },
  'tampered-payload': {
    means: 'The scope `admin` was added after the signing.',
    write: afterSigning(([header, , signature], { claims }) => `${header}.${withAdminScope(claims)}.${signature}`),
  },
  'tampered-signature': {
    means: 'One bit of the signature is flipped.',
    write: afterSigning(([header, payload, signature]) => `${header}.${payload}.${flipBit(signature)}`),
  },
  'padded-base64': {
    means: 'A segment ends in `=`; it decodes to the same bytes.',
    write: withBase64(pad),
  },
  'loose-base64': {
    means: "A segment's last character has spare bits set; a forgiving decoder gets the same bytes.",
    write: withBase64(loosen),
  },
  'duplicate-claim': {
    means: '`sub` stands in the payload twice.',
    write: withPayload((json) => json.replace('{', '{"sub":"user-0",')),
  },
  'duplicate-header': {
    means: '`alg` stands in the header twice, `none` first.',
    write: withHeaderText((json) => json.replace('{', '{"alg":"none",')),
  },
  'invalid-utf8': {
    means: 'A string in the payload has a byte that is not UTF-8.',
    write: withPayload((json) =>
      Buffer.concat([Buffer.from('{"note":"'), Buffer.of(0xff), Buffer.from(`",${json.slice(1)}`)]),
    ),
  },
  'array-payload': {
    means: 'The payload is an array with the claims in it.',
    write: withPayload((json) => `[${json}]`),
  },
  'two-segments': {
    means: 'The signature is cut off, with its dot.',
    write: afterSigning(([header, payload]) => `${header}.${payload}`),
  },
  'json-serialization': {
    means: 'It is flattened JSON (RFC 7515 §7.2.2), not three segments.',
    write: afterSigning(([header, payload, signature]) => JSON.stringify({ payload, protected: header, signature })),
  },
};

/** Every defect, for a loop over the whole attack list. */
export const tokenDefects: readonly TokenDefect[] = Object.keys(defects) as TokenDefect[];

/** What is wrong with such a token, in a sentence. */
export function describeDefect(defect: TokenDefect): string {
  return defects[defect].means;
}

/** Writes a token that is sound but for one thing. */
export function writeDefectiveToken(draft: Draft, defect: TokenDefect): Promise<string> {
  return defects[defect].write(draft);
}

/** Another spelling of the `cnf.jkt`, or other member, that the token has, or of one that it could have. */
function withThumbprint(respell: (thumbprint: string) => unknown, member = 'jkt'): DefectWriter {
  return withClaims((draft) => ({ cnf: { [member]: respell(thumbprintIn(draft, member)) } }));
}

function thumbprintIn({ claims: { cnf } }: Draft, member = 'jkt'): string {
  const { [member]: thumbprint = someThumbprint } = { ...(cnf as JsonObject | undefined) };
  return String(thumbprint);
}

function toHex(thumbprint: string): string {
  return Buffer.from(thumbprint, 'base64url').toString('hex');
}

function nestedActors(depth: number): JsonObject {
  return depth === 1 ? { sub: 'agent-1' } : { sub: `agent-${depth}`, act: nestedActors(depth - 1) };
}

function withAdminScope(claims: JsonObject): string {
  const scope = claims.scope === undefined ? 'admin' : `${claims.scope} admin`;
  return encode(JSON.stringify({ ...claims, scope }));
}
