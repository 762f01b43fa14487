/** A DPoP proof that has passed every other check, as its replay is told. */
export interface ReplayProof {
  /**
   * What makes the proof this one: 16 bytes of a hash over the thumbprint of its key, the method, the normalized URI and
   * `jti`. All of them count, and they do not change after the call.
   */
  readonly key: Uint8Array;
  /** `iat` of the proof: seconds since the epoch, fractions allowed. May lie ahead by the clock tolerance. */
  readonly issuedAt: number;
  /**
   * The last moment at which any process might accept the proof: `iat`, the greatest age, the clock tolerance twice (the
   * proof's clock and another process may each be off) and a second, in the same unit.
   */
  readonly expiresAt: number;
  /** Whose proof it is: the thumbprint of its key. No part of what makes the proof this one. */
  readonly holder: string;
}

/**
 * `fresh`: never seen, and recorded now. `replayed`: recorded before. `holder-over-limit`: not recorded, because the store
 * is nearly full and this holder has more than its fair share of it.
 */
export type ReplayAnswer = 'fresh' | 'replayed' | 'holder-over-limit';

/**
 * Remembers DPoP proofs, so that each is accepted once (RFC 9449 §11.1). `replayStoreRules` of `@gatehouse/testing` is the
 * contract, to be run against any store.
 */
export interface ReplayStore {
  /**
   * Looks for a proof and records it, in one atomic step: of any number of identical proofs at the same time, one is
   * `fresh`. What is recorded stays until `expiresAt` at the least, that moment included; nothing makes it go earlier.
   *
   * Throws or rejects when it cannot know, best with an `UnavailableError`: the answer is then 503, never success.
   */
  record(proof: ReplayProof): ReplayAnswer | Promise<ReplayAnswer>;
  /** Lets go of connections, and does nothing when called again. No proof that was recorded becomes `fresh` by it. */
  close?(): Promise<void>;
}
