import { isJsonObject, type JsonObject, parseJsonObject } from '../../json.ts';
import type { JwsAlgorithm } from '../algorithms.ts';
import type { KeySet } from '../key-set.ts';
import { findVerifyingKeys } from '../verify-signature.ts';
import { fault } from './transport.ts';

/** The members that a signed answer holds about a token (RFC 9701 §5). @throws UnavailableError */
export type VerifySignedAnswer = (body: Uint8Array) => Promise<JsonObject>;

/** How far from now `iat` may be: the answer was made for this very question. */
const maxAgeSeconds = 60;

/**
 * Verifies answers by RFC 9701 §5: the media type in `typ`, the signature by a key of the issuer, `iss`, `aud`, `iat` within
 * a minute of now. What stands beside `token_introspection` says nothing about the token.
 */
export function createSignedAnswerVerifier(options: {
  readonly issuer: string;
  /** What `aud` must name. */
  readonly audience: string;
  readonly algorithms: readonly JwsAlgorithm[];
  readonly keys: KeySet;
  readonly now: () => number;
}): VerifySignedAnswer {
  const { issuer, audience, algorithms, keys, now } = options;

  async function readPayload(compact: string): Promise<JsonObject> {
    const { typ, alg, kid, ...others } = readSegment(compact.split('.', 1)[0]);
    const algorithm = algorithms.find((name) => name === alg);
    if (!isSignedAnswer(typ)) throw invalid('typ');
    if ('crit' in others || 'b64' in others) throw invalid('crit');
    if (algorithm === undefined) throw invalid('alg');
    const found = await findVerifyingKeys(compact, keys, {
      alg: algorithm,
      ...(typeof kid === 'string' ? { kid } : {}),
    });
    if (typeof found === 'string') throw invalid('signature');
    return readSegment(compact.split('.', 2)[1]);
  }

  return async (body) => {
    const payload = await readPayload(Buffer.from(body).toString('latin1'));
    const { iss, aud, iat, exp, token_introspection: members } = payload;
    if (iss !== issuer) throw invalid('iss');
    if (aud !== audience && !(Array.isArray(aud) && aud.includes(audience))) throw invalid('aud');
    const age = now() / 1000 - Number(iat);
    if (typeof iat !== 'number' || !(Math.abs(age) <= maxAgeSeconds)) throw invalid('iat');
    // RFC 9701 §5 says not to set it; where it is set all the same, it counts (RFC 7519 §4.1.4).
    if (exp !== undefined && !(now() / 1000 < Number(exp))) throw invalid('exp');
    if (!isJsonObject(members)) throw invalid('token_introspection');
    return members;
  };
}

/** RFC 9701 §5. `typ` is a media type: case does not matter, `application/` may be left out (RFC 7515 §4.1.9). */
function isSignedAnswer(typ: unknown): boolean {
  return typeof typ === 'string' && /^(?:application\/)?token-introspection\+jwt$/i.test(typ);
}

function readSegment(segment = ''): JsonObject {
  const object = parseJsonObject(Buffer.from(segment, 'base64url'));
  if (object === undefined) throw invalid('form');
  return object;
}

function invalid(part: string) {
  return fault('ERR_INTROSPECTION_SIGNATURE', `${part} of the signed answer`);
}
