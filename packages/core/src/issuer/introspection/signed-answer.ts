import { decodeBase64url } from '../../base64url.ts';
import { isJsonObject, type JsonObject, parseJsonObject } from '../../json.ts';
import type { JwsAlgorithm } from '../algorithms.ts';
import type { KeySet } from '../key-set.ts';
import { findVerifyingKeys } from '../verify-signature.ts';
import { fault } from './transport.ts';

/** The members that a signed answer holds about a token (RFC 9701 §5). @throws UnavailableError */
export type VerifySignedAnswer = (body: Uint8Array) => Promise<JsonObject>;

/** How far from now `iat` may be, and clocks from each other: the answer was made for this very question. */
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
    const [header, payload, signature, ...more] = compact.split('.', 4);
    if (signature === undefined || more.length > 0) throw invalid('form');
    const { typ, alg, kid, ...others } = readSegment(header);
    const algorithm = algorithms.find((name) => name === alg);
    if (!isSignedAnswer(typ)) throw invalid('typ');
    if ('crit' in others || 'b64' in others) throw invalid('crit');
    if (algorithm === undefined) throw invalid('alg');
    const found = await findVerifyingKeys(compact, keys, {
      alg: algorithm,
      ...(typeof kid === 'string' ? { kid } : {}),
    });
    if (typeof found === 'string') throw invalid('signature');
    return readSegment(payload);
  }

  return async (body) => {
    const payload = await readPayload(Buffer.from(body).toString('latin1'));
    const { iss, aud, token_introspection: members } = payload;
    if (iss !== issuer) throw invalid('iss');
    if (aud !== audience && !(Array.isArray(aud) && aud.includes(audience))) throw invalid('aud');
    refuseOutOfTime(payload, now() / 1000);
    if (!isJsonObject(members)) throw invalid('token_introspection');
    return members;
  };
}

/** RFC 9701 §5 has no use for `exp` and `nbf`; where they are set all the same, they count (RFC 7519 §4.1.4, §4.1.5). */
function refuseOutOfTime({ iat, exp = Number.MAX_VALUE, nbf = 0 }: JsonObject, nowSeconds: number): void {
  if (typeof iat !== 'number' || !(Math.abs(nowSeconds - iat) <= maxAgeSeconds)) throw invalid('iat');
  if (typeof exp !== 'number' || !(nowSeconds < exp + maxAgeSeconds)) throw invalid('exp');
  if (typeof nbf !== 'number' || !(nowSeconds >= nbf - maxAgeSeconds)) throw invalid('nbf');
}

/** RFC 9701 §5. `typ` is a media type: case does not matter, `application/` may be left out (RFC 7515 §4.1.9). */
function isSignedAnswer(typ: unknown): boolean {
  return typeof typ === 'string' && /^(?:application\/)?token-introspection\+jwt$/i.test(typ);
}

function readSegment(segment: string | undefined): JsonObject {
  const bytes = decodeBase64url(segment);
  const object = bytes && parseJsonObject(bytes);
  if (object === undefined) throw invalid('form');
  return object;
}

function invalid(part: string) {
  return fault('ERR_INTROSPECTION_SIGNATURE', `${part} of the signed answer`);
}
