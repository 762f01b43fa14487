import { isDeepStrictEqual } from 'node:util';
import { InvalidTokenError } from '../errors.ts';
import { freezeDeeply } from '../freeze.ts';
import type { JsonObject } from '../json.ts';
import { type ParsedJws, parseJws } from '../token/jws.ts';

/** Claims that are the signer's to choose (RFC 7519 §4.1). Whatever else it signed would be metadata of its own. */
export const signerClaims: readonly string[] = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'];

/** How long caches keep the document, and how old a signature becomes. */
export const maxAgeSeconds = 3600;

/** The least time from a failure to the next attempt: strangers ask for the document, and signing may cost. */
export const cooldownSeconds = 5;

export interface SigningOptions {
  readonly sign: (claims: JsonObject) => string | Promise<string>;
  readonly now: () => number;
  readonly timeoutSeconds: number;
}

/** The signature of a metadata document (RFC 9728 §2.2). */
export interface SignedMetadata {
  /**
   * The JWT, made when it is first asked for and once for all who wait. Rejects with what the signer threw, or with an
   * error that says what is wrong with what it gave.
   */
  get(): Promise<string>;
  /** Resolves once there has been a signature. Rejects as `get` does. */
  ready(): Promise<void>;
}

interface Attempt {
  readonly jwt: Promise<string>;
  /** Set when it ends: from when and for how long its result counts. */
  end?: { readonly at: number; readonly seconds: number };
}

export function createSignedMetadata(
  members: JsonObject,
  { sign, now, timeoutSeconds }: SigningOptions,
): SignedMetadata {
  // Who attests to the claims: the resource itself, unless the signer names somebody else.
  const claims: JsonObject = freezeDeeply({ iss: members['resource'], ...members });
  let last: Attempt | undefined;
  let isReady = false;

  async function signClaims(nowSeconds: number): Promise<string> {
    const given = await endWithin(timeoutSeconds, async () => sign(claims));
    // Somebody gets it at the end of its hour, and keeps it for another.
    return checkJwt(given, claims, nowSeconds + 2 * maxAgeSeconds);
  }

  function begin(): Attempt {
    const startedAt = now();
    const attempt: Attempt = { jwt: signClaims(startedAt / 1000) };
    attempt.jwt.then(
      () => {
        isReady = true;
        attempt.end = { at: startedAt, seconds: maxAgeSeconds };
      },
      () => {
        attempt.end = { at: now(), seconds: cooldownSeconds };
      },
    );
    return attempt;
  }

  /** A clock that was set back must not keep a signature for ever, nor a failure. */
  function isOver({ end }: Attempt): boolean {
    if (end === undefined) return false;
    const elapsed = (now() - end.at) / 1000;
    return elapsed < 0 || elapsed >= end.seconds;
  }

  function get(): Promise<string> {
    if (last === undefined || isOver(last)) last = begin();
    return last.jwt;
  }

  return {
    get,
    async ready() {
      if (!isReady) await get();
    },
  };
}

async function endWithin<Result>(seconds: number, action: () => Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = new Error(`metadata.sign took longer than ${seconds} seconds.`);
    timer = setTimeout(() => reject(error), seconds * 1000);
  });
  try {
    return await Promise.race([action(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * What the signer gave, when it is a JWT of these claims. The signature is not verified: its key is not known here.
 *
 * @throws TypeError otherwise, with what is wrong
 */
function checkJwt(given: unknown, claims: JsonObject, expiresAfter: number): string {
  const signed = parseSigned(given);
  if (signed === undefined) throw new TypeError('metadata.sign must give a compact JWS with a signature.');
  const { iss, exp = expiresAfter } = signed.payload;
  if (typeof iss !== 'string' || iss === '') throw new TypeError('metadata.sign must give a JWT with iss.');
  if (typeof exp !== 'number' || exp < Math.floor(expiresAfter)) {
    throw new TypeError('metadata.sign must give a JWT that lasts for two hours at least.');
  }
  const names = new Set([...Object.keys(claims), ...Object.keys(signed.payload)]);
  for (const claim of signerClaims) names.delete(claim);
  const changed = [...names].filter((name) => !isDeepStrictEqual(findOwn(signed.payload, name), findOwn(claims, name)));
  if (changed.length > 0)
    throw new TypeError(`metadata.sign must leave its claims as they are: ${changed.join(', ')}.`);
  return signed.compact;
}

/** Undefined for what an object inherits. JSON has no undefined. */
function findOwn(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function parseSigned(jwt: unknown): ParsedJws | undefined {
  if (typeof jwt !== 'string') return undefined;
  try {
    const parsed = parseJws(jwt);
    const { alg } = parsed.header;
    return typeof alg === 'string' && alg !== 'none' && !jwt.endsWith('.') ? parsed : undefined;
  } catch (error) {
    // Which is about tokens of callers.
    if (error instanceof InvalidTokenError) return undefined;
    throw error;
  }
}
