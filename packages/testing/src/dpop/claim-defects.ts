import { type DefectWriter, pad, withClaims, withPayload } from '../defect-writers.ts';
import type { JsonObject } from '../token.ts';
import type { ProofDefectTable } from './defect.ts';
import { hashToken, type ProofDraft } from './proof.ts';

/** What is wrong with a claim of a proof. */
export type ClaimDefect =
  | 'missing-jti'
  | 'empty-jti'
  | 'number-jti'
  | 'long-jti'
  | 'surrogate-jti'
  | 'missing-htm'
  | 'foreign-htm'
  | 'lowercase-htm'
  | 'number-htm'
  | 'missing-htu'
  | 'foreign-scheme'
  | 'foreign-host'
  | 'foreign-port'
  | 'foreign-path'
  | 'trailing-slash'
  | 'encoded-slash'
  | 'user-info'
  | 'relative-htu'
  | 'number-htu'
  | 'missing-iat'
  | 'string-iat'
  | 'null-iat'
  | 'infinite-iat'
  | 'negative-iat'
  | 'too-old'
  | 'issued-in-future'
  | 'missing-ath'
  | 'foreign-ath'
  | 'hex-ath'
  | 'padded-ath'
  | 'half-ath'
  | 'utf16-ath'
  | 'foreign-nonce'
  | 'number-nonce';

const hour = 3600;

export const claimDefects: ProofDefectTable<ClaimDefect> = {
  'missing-jti': { means: 'There is no `jti`.', write: withClaims({ jti: undefined }) },
  'empty-jti': { means: '`jti` is an empty string.', write: withClaims({ jti: '' }) },
  'number-jti': { means: '`jti` is a number.', write: withClaims({ jti: 42 }) },
  'long-jti': { means: '`jti` is 257 characters long.', write: withClaims({ jti: 'x'.repeat(257) }) },
  'surrogate-jti': {
    means: '`jti` ends in half of a surrogate pair, which is no character.',
    write: withClaims(({ claims }) => ({ jti: `${claims.jti}\ud800` })),
  },
  'missing-htm': { means: 'There is no `htm`.', write: withClaims({ htm: undefined }) },
  'foreign-htm': {
    means: '`htm` is another method: `GET`, or `POST` in its place.',
    write: withClaims(({ claims }) => ({ htm: claims.htm === 'GET' ? 'POST' : 'GET' })),
  },
  'lowercase-htm': {
    means: '`htm` is the method in lower case, or in upper case in its place.',
    write: withClaims(({ claims }) => ({ htm: otherCase(String(claims.htm)) })),
  },
  'number-htm': { means: '`htm` is a number.', write: withClaims({ htm: 42 }) },
  'missing-htu': { means: 'There is no `htu`.', write: withClaims({ htu: undefined }) },
  'foreign-scheme': {
    means: '`htu` has the scheme `http` for `https`, or the other way about.',
    write: withUrl((url) => {
      url.protocol = url.protocol === 'https:' ? 'http:' : 'https:';
    }),
  },
  'foreign-host': {
    means: '`htu` names another host.',
    write: withUrl((url) => {
      url.hostname = 'other-api.example';
    }),
  },
  'foreign-port': {
    means: '`htu` names another port: 8443, or 9443 in its place.',
    write: withUrl((url) => {
      url.port = url.port === '8443' ? '9443' : '8443';
    }),
  },
  'foreign-path': {
    means: '`htu` has another path, which ends like the right one.',
    write: withUrl((url) => {
      url.pathname = `/other${url.pathname}`;
    }),
  },
  'trailing-slash': {
    means: 'The path of `htu` has a slash too many at its end.',
    write: withUrl((url) => {
      url.pathname = `${url.pathname}/`;
    }),
  },
  'encoded-slash': {
    means: 'The path of `htu` begins with `/other/..%2F`, which leads to the right one if the slash is decoded.',
    write: withUrl((url) => {
      url.pathname = `/other/..%2F${url.pathname.slice(1)}`;
    }),
  },
  'user-info': {
    means: '`htu` has a user name before the host.',
    write: withUrl((url) => {
      url.username = 'alice';
    }),
  },
  'relative-htu': {
    means: '`htu` is the path alone.',
    write: withClaims(({ claims }) => ({ htu: new URL(String(claims.htu)).pathname })),
  },
  'number-htu': { means: '`htu` is a number.', write: withClaims({ htu: 42 }) },
  'missing-iat': { means: 'There is no `iat`.', write: withClaims({ iat: undefined }) },
  'string-iat': { means: '`iat` is a string of digits.', write: withClaims(({ now }) => ({ iat: String(now) })) },
  'null-iat': {
    means: '`iat` is `null`, as JSON writers make of a number that is none.',
    write: withClaims({ iat: null }),
  },
  'infinite-iat': {
    means: '`iat` is `1e999`, which many parsers take for infinity.',
    write: (draft) =>
      withPayload((json) => json.replace('"iat":0', '"iat":1e999'))({ ...draft, claims: { ...draft.claims, iat: 0 } }),
  },
  'negative-iat': { means: '`iat` is now with a minus sign.', write: withClaims(({ now }) => ({ iat: -now })) },
  'too-old': { means: '`iat` is an hour ago.', write: withClaims(({ now }) => ({ iat: now - hour })) },
  'issued-in-future': { means: '`iat` is an hour ahead.', write: withClaims(({ now }) => ({ iat: now + hour })) },
  'missing-ath': { means: 'There is no `ath`.', write: withTokenHash(() => undefined) },
  'foreign-ath': {
    means: '`ath` is the hash of another token.',
    write: withTokenHash((token) => hashToken(`${token}2`)),
  },
  'hex-ath': {
    means: '`ath` is the right hash in hexadecimal.',
    write: withTokenHash((token) => Buffer.from(hashToken(token), 'base64url').toString('hex')),
  },
  'padded-ath': { means: '`ath` ends in `=`.', write: withTokenHash((token) => pad(hashToken(token))) },
  'half-ath': {
    means: '`ath` is the left half of the hash, as `at_hash` of ID tokens is.',
    write: withTokenHash((token) => Buffer.from(hashToken(token), 'base64url').subarray(0, 16).toString('base64url')),
  },
  'utf16-ath': {
    means: '`ath` is the hash of the token in UTF-16.',
    write: withTokenHash((token) => hashToken(Buffer.from(token, 'utf16le'))),
  },
  'foreign-nonce': {
    means: '`nonce` is one that the API never handed out.',
    write: withClaims({ nonce: 'nobody-handed-this-out' }),
  },
  'number-nonce': { means: '`nonce` is a number.', write: withClaims({ nonce: 42 }) },
};

function otherCase(method: string): string {
  const lower = method.toLowerCase();
  return lower === method ? method.toUpperCase() : lower;
}

/** Another `htu`, from the right one. */
function withUrl(change: (url: URL) => void): DefectWriter<ProofDraft> {
  return withClaims(({ claims }) => {
    const url = new URL(String(claims.htu));
    change(url);
    return { htu: url.href };
  });
}

/** Another `ath`. Without a token, every `ath` would be as good as none. */
function withTokenHash(hash: (token: string) => string | undefined): DefectWriter<ProofDraft> {
  return withClaims(({ token }): JsonObject => {
    if (token === undefined) throw new TypeError('Give the proof a `token`, for its hash to be wrong.');
    return { ath: hash(token) };
  });
}
