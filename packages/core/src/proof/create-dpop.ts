import type { ChallengeOffer } from '../http/challenge.ts';
import { createProofVerifier, type ProofVerifier } from './dpop.ts';
import { createNonces } from './nonce.ts';
import type { DpopSettings, StoreOptions } from './options.ts';
import { createMemoryReplayStore } from './replay-memory.ts';
import { epochOf, type ReplayStore, type StoreHealth } from './replay-store.ts';
import { createTargetUris } from './target-uri.ts';
import { createVerificationQueue } from './verification-queue.ts';

/** More proofs than this do not wait for their signature to be checked: two cores need a fifth of a second for them. */
const maxWaiting = 4096;

/** One for all verifiers of this process that read the same clock: a proof that one has seen is not new to another. */
const processMemories = new WeakMap<() => number, ReplayStore>();

function findProcessMemory(now: () => number): ReplayStore {
  const known = processMemories.get(now);
  if (known !== undefined) return known;
  const memory = createMemoryReplayStore({ now });
  processMemories.set(now, memory);
  return memory;
}

/** DPoP at one resource: what is verified, and what callers are told of it. */
export interface Dpop {
  readonly verifier: ProofVerifier;
  readonly offer: ChallengeOffer;
  /** A nonce for the next proof; undefined where nonces are not required, and as long as the replay store was never reached. */
  issueNonce(): string | undefined;
  /** Resolves when the replay store can record. */
  ready(): Promise<void>;
  /** That of the replay store, where it tells. */
  health(): StoreHealth | undefined;
  /** Refuses the proofs whose signature waits to be checked. */
  close(): void;
}

export function createDpop(options: {
  readonly settings: DpopSettings;
  readonly stores: StoreOptions;
  readonly resource: string;
  readonly publicUrl: string;
  readonly toleranceSeconds: number;
  readonly verificationsInFlight: number;
  readonly now: () => number;
}): Dpop {
  const { settings, stores, resource, publicUrl, toleranceSeconds, verificationsInFlight, now } = options;
  const { algorithms, maxAgeSeconds } = settings;
  const nonces = settings.nonces && createNonces({ ...settings.nonces, resource, toleranceSeconds, now });
  const queue = createVerificationQueue({ inFlight: verificationsInFlight, waiting: maxWaiting });
  const replay = stores.replay ?? findProcessMemory(now);
  return {
    verifier: createProofVerifier({
      algorithms,
      maxAgeSeconds,
      toleranceSeconds,
      targetUris: createTargetUris(publicUrl),
      nonces,
      queue,
      replay,
      now,
    }),
    // RFC 9449 §7.1.
    offer: { scheme: 'DPoP', parameters: { algs: algorithms.join(' ') } },
    issueNonce() {
      const epoch = epochOf(replay);
      return epoch === undefined ? undefined : nonces?.issue(epoch);
    },
    ready: async () => replay.ready?.(),
    health: () => replay.health?.(),
    close: () => queue.close(),
  };
}
