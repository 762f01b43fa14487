import { hash } from 'node:crypto';
import {
  type AuthError,
  InvalidDpopProofError,
  InvalidTokenError,
  TooManyRequestsError,
  UnavailableError,
  UseDpopNonceError,
} from '../errors.ts';
import type { HttpRequest } from '../http/request.ts';
import type { JwsAlgorithm } from '../issuer/algorithms.ts';
import { createVerificationKey, type VerificationKey } from '../issuer/signature.ts';
import { type Ready, whenFailed, whenReady } from '../ready.ts';
import { withTimeout } from '../timeout.ts';
import { decodeJsonObject, normalizeType } from '../token/jws.ts';
import type { NonceState, Nonces } from './nonce.ts';
import { invalidClaim, readId, readText, readTime, splitProof } from './proof-jws.ts';
import { importPublicJwk, readPublicJwk } from './public-jwk.ts';
import { epochOf, type ReplayProof, type ReplayStore } from './replay-store.ts';
import type { TargetUris } from './target-uri.ts';
import type { VerificationQueue } from './verification-queue.ts';

/** The header of a proof by an RSA key of 4096 bits is shorter; padded ones are read every time. */
const maxRememberedHeader = 1536;
/** A store that takes longer is one that does not answer. */
const storeTimeoutSeconds = 5;

/** The token that a proof has to belong to. */
interface BoundToken {
  /** SHA-256 of the token, base64url: what `ath` must be. */
  readonly hash: string;
  /** The thumbprint of its key. */
  readonly jkt: string;
  /** What is remembered of the token: as long as it is, so is the key of the proofs that were verified for it. */
  readonly entry: object;
}

/** A key that has verified a proof, and the very bytes that named it: a client sends the same ones every time. */
interface ProofKey {
  /** The header segment. */
  readonly header: string;
  readonly key: VerificationKey;
}

/** What a good proof says. */
interface VerifiedProof {
  readonly issuedAtSeconds: number;
  /** Undefined where nonces are not required. */
  readonly nonce: Exclude<NonceState, 'invalid'> | undefined;
}

/** A good nonce, and the epoch of the replay store that it belongs to; empty where the store has none. */
interface JudgedNonce {
  readonly state: Exclude<NonceState, 'invalid'>;
  readonly epoch: string;
}

export interface ProofVerifier {
  /**
   * Verifies the proof of a request (RFC 9449 §4.3), the cheap checks before the signature, and remembers it last, so that
   * a proof that is refused stays unused.
   *
   * @throws InvalidDpopProofError for a defect of the proof
   * @throws InvalidTokenError when the proof is of another key than the token
   * @throws UseDpopNonceError when a nonce is required and there is no good one
   * @throws InvalidRequestError when the target of the request is not one that a proof can name
   * @throws TooManyRequestsError when one key uses more than its share of what is bounded
   * @throws UnavailableError when nobody can tell whether the proof was used before, and after `close`
   */
  verify(request: HttpRequest, token: BoundToken): Ready<VerifiedProof>;
}

export interface ProofVerifierOptions {
  readonly algorithms: readonly JwsAlgorithm[];
  readonly maxAgeSeconds: number;
  readonly toleranceSeconds: number;
  readonly targetUris: TargetUris;
  readonly nonces: Nonces | undefined;
  readonly queue: VerificationQueue;
  readonly replay: ReplayStore;
  readonly now: () => number;
}

export function createProofVerifier(options: ProofVerifierOptions): ProofVerifier {
  const { algorithms, maxAgeSeconds, toleranceSeconds, targetUris, nonces, queue, replay, now } = options;

  const provenKeys = new WeakMap<object, ProofKey>();

  function readHeader(segment: string, jkt: string): VerificationKey {
    const header = decodeJsonObject(segment);
    if (header === undefined) throw new InvalidDpopProofError('ERR_DPOP_MALFORMED');
    const { typ, alg, jwk } = header;
    if (normalizeType(typ) !== 'dpop+jwt') throw new InvalidDpopProofError('ERR_DPOP_TYPE');
    if ('crit' in header || 'b64' in header) throw new InvalidDpopProofError('ERR_DPOP_CRITICAL');
    const algorithm = algorithms.find((name) => name === alg);
    if (algorithm === undefined) throw new InvalidDpopProofError('ERR_DPOP_ALGORITHM');
    const publicJwk = readPublicJwk(jwk, algorithm);
    if (publicJwk === undefined) throw new InvalidDpopProofError('ERR_DPOP_KEY');
    // Before the key is imported, which costs as much as the signature.
    if (publicJwk.thumbprint !== jkt) throw new InvalidTokenError('ERR_TOKEN_BINDING');
    const key = importPublicJwk(publicJwk);
    if (key === undefined) throw new InvalidDpopProofError('ERR_DPOP_KEY');
    return createVerificationKey(algorithm, key);
  }

  /** Most clients write the URI as it is normalized. */
  function names(htu: string, uri: string): boolean {
    return htu === uri || targetUris.read(htu) === uri;
  }

  function checkTime(issuedAtSeconds: number): void {
    const nowSeconds = now() / 1000;
    const isInTime =
      issuedAtSeconds >= nowSeconds - maxAgeSeconds - toleranceSeconds &&
      issuedAtSeconds <= nowSeconds + toleranceSeconds;
    if (!isInTime) throw new InvalidDpopProofError('ERR_DPOP_TIME');
  }

  function checkNonce(nonce: unknown): JudgedNonce | undefined {
    if (nonce !== undefined && typeof nonce !== 'string') throw invalidClaim('nonce');
    if (nonces === undefined) return undefined;
    const epoch = epochOf(replay);
    // Nobody can tell a good nonce before the store was reached for the first time.
    if (epoch === undefined) {
      throw new UnavailableError(replay.health?.().code ?? 'ERR_REPLAY_STORE_UNAVAILABLE', 1);
    }
    const state = nonces.judge(nonce, epoch);
    if (state === 'invalid') throw new UseDpopNonceError('ERR_DPOP_NONCE');
    return { state, epoch };
  }

  /** A store that has lost its memory asks for proofs that were made since: a nonce of its new epoch shows it. */
  function invite(error: AuthError, nonce: JudgedNonce | undefined): AuthError {
    const isForgotten = error instanceof UnavailableError && error.code === 'ERR_REPLAY_STORE_FORGOTTEN';
    if (!isForgotten || nonce === undefined || epochOf(replay) === nonce.epoch) return error;
    return new UseDpopNonceError('ERR_DPOP_NONCE', { cause: error });
  }

  function remember(key: Uint8Array, issuedAt: number, holder: string, nonce: JudgedNonce | undefined): Ready<void> {
    // To the end of the time in which the proof could be accepted once more, also by a process whose clock is behind; and
    // a second, because sums of fractions are rounded.
    const expiresAt = issuedAt + maxAgeSeconds + 2 * toleranceSeconds + 1;
    const proof = { key, issuedAt, expiresAt, holder, toleranceSeconds, epoch: nonce?.epoch };
    const answer = whenFailed(
      () => ask(replay, proof),
      (error) => {
        throw invite(toRefusal(error), nonce);
      },
    );
    return whenReady(answer, refuseUnlessFresh);
  }

  return {
    verify(request, token) {
      const uri = targetUris.of(request.target);
      const { header, payload, signature, input } = splitProof(request);
      const known = provenKeys.get(token.entry);
      const proofKey = known?.header === header ? known : { header, key: readHeader(header, token.jkt) };
      const claims = decodeJsonObject(payload);
      if (claims === undefined) throw new InvalidDpopProofError('ERR_DPOP_MALFORMED');
      if (readText(claims, 'htm') !== request.method) throw new InvalidDpopProofError('ERR_DPOP_METHOD');
      if (!names(readText(claims, 'htu'), uri)) throw new InvalidDpopProofError('ERR_DPOP_URI');
      if (readText(claims, 'ath') !== token.hash) throw new InvalidDpopProofError('ERR_DPOP_TOKEN');
      const id = readId(claims);
      const issuedAtSeconds = readTime(claims);
      checkTime(issuedAtSeconds);
      const nonce = checkNonce(claims['nonce']);
      const verification = queue.run(token.jkt, () => proofKey.key.verify(input, signature));
      const use = whenReady(verification, (isValid) => {
        if (!isValid) throw new InvalidDpopProofError('ERR_DPOP_SIGNATURE');
        if (proofKey !== known && header.length <= maxRememberedHeader) provenKeys.set(token.entry, proofKey);
        return remember(replayKey(token.jkt, request.method, uri, id), issuedAtSeconds, token.jkt, nonce);
      });
      return whenReady(use, () => ({ issuedAtSeconds, nonce: nonce?.state }));
    },
  };
}

/** A store that does not answer in time knows nothing. */
function ask(replay: ReplayStore, proof: ReplayProof): Ready<unknown> {
  const answer = replay.record(proof);
  return typeof answer === 'string' ? answer : withTimeout(answer, storeTimeoutSeconds);
}

/** Whatever else a store throws is an outage, never a fresh proof. */
function toRefusal(error: unknown): AuthError {
  if (error instanceof UnavailableError || error instanceof TooManyRequestsError) return error;
  return new UnavailableError('ERR_REPLAY_STORE_UNAVAILABLE', 1, { cause: error });
}

function refuseUnlessFresh(answer: unknown): void {
  switch (answer) {
    case 'fresh':
      return;
    case 'replayed':
      throw new InvalidDpopProofError('ERR_DPOP_REPLAYED');
    case 'holder-over-limit':
      throw new TooManyRequestsError('ERR_HOLDER_LIMIT', 1);
    default:
      throw new UnavailableError('ERR_REPLAY_STORE_UNAVAILABLE', 1);
  }
}

/**
 * Whoever repeats the `jti` of another key, or for another request, burns nothing. No two proofs have the same text: neither
 * a thumbprint nor a URI has spaces. Half of the digest, through hex: a `Buffer` straight from `hash` has memory of its own,
 * which takes twice as long to get, and is work for the garbage collector.
 */
function replayKey(jkt: string, method: string, uri: string, id: string): Uint8Array {
  const digest = hash('sha256', `${jkt} ${uri} ${method.length} ${method} ${id}`, 'hex');
  return Buffer.from(digest.slice(0, 32), 'hex');
}
