import type { UnavailableError } from '../errors.ts';

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
  /**
   * How far any two clocks may differ, in seconds: those of agents, of processes, and of whatever the store goes by.
   */
  readonly toleranceSeconds: number;
  /**
   * The epoch of the store when the nonce of the proof was found to be good: the proof is younger than that epoch.
   * Undefined where nonces are not demanded, and where the store has no epochs.
   */
  readonly epoch?: string | undefined;
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
   * Names the unbroken stretch of the store's memory, by a text that no other stretch has or will have. Nonces end with
   * it, so that a proof with a nonce of the present epoch was made after the last loss, whatever its `iat`. Undefined as
   * long as it is not known: no nonce is made or accepted then. Default, without this member: nonces outlive the memory.
   */
  readonly epoch?: string | undefined;
  /**
   * Looks for a proof and records it, in one atomic step: of any number of identical proofs at the same time, one is
   * `fresh`. What is recorded stays until `expiresAt` at the least, that moment included; nothing makes it go earlier.
   *
   * Throws or rejects when it cannot know, best with an `UnavailableError`: the answer is then 503, never success.
   */
  record(proof: ReplayProof): ReplayAnswer | Promise<ReplayAnswer>;
  /** Resolves when proofs can be recorded; rejects with an `UnavailableError` when they cannot. `ready` of verifiers waits for it. */
  ready?(): Promise<void>;
  /** What a probe wants to know, for `health` of verifiers. Asks nobody. */
  health?(): StoreHealth;
  /** Lets go of connections, and does nothing when called again. No proof that was recorded becomes `fresh` by it. */
  close?(): Promise<void>;
}

/** How a store is. */
export interface StoreHealth {
  /**
   * `ready`: it answers. `connecting`: it has no connection, and is trying to get one. `unfit`: what it works with is set up or behaves
   * in a way that allows no answer. `closed`: for good.
   */
  readonly state: 'ready' | 'connecting' | 'unfit' | 'closed';
  /** Why proofs are refused; of a store that is ready, why some of them are. Absent where none is. */
  readonly code?: UnavailableError['code'];
  /** By how many seconds the clock that the store goes by is ahead of the one of this process. Absent where it is not known. */
  readonly clockDifferenceSeconds?: number;
}

/** The epoch of a store: empty where it has none, undefined where it does not know it yet. */
export function epochOf(store: ReplayStore): string | undefined {
  return 'epoch' in store ? store.epoch : '';
}
