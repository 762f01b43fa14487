import { createSecretKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { type JwsAlgorithm, jwsAlgorithms } from '../issuer/algorithms.ts';
import { type Complete, functionSchema, readyOr } from '../schema.ts';
import { revocationStoreSchema } from '../status/options.ts';
import type { RevocationList } from '../status/revocation-list.ts';
import type { ReplayStore } from './replay-store.ts';

/** How DPoP proofs are verified (RFC 9449). */
export interface DpopOptions {
  /** What proofs may be signed with. Default: ES256, EdDSA, Ed25519, PS256. */
  readonly algorithms?: readonly JwsAlgorithm[] | undefined;
  /** How long a proof is good after its `iat`, before the clock tolerance; 1 to 600. Default 60. */
  readonly maxAgeSeconds?: number | undefined;
  /** Demands nonces of ours in proofs (RFC 9449 §9). Default: no nonces. */
  readonly nonces?: NonceOptions | undefined;
}

/** Nonces that every process with the same secrets knows. */
export interface NonceOptions {
  /**
   * One to eight, each at least 32 random bytes: the first makes nonces, all are accepted. To rotate, add a new one at the end; once every
   * process has it, put it in front; once old nonces have expired, drop the old one.
   */
  readonly secrets: readonly Uint8Array[];
  /** How long a nonce is good; 1 to 86400. A younger one is sent ahead after half of it. Default 300. */
  readonly lifetimeSeconds?: number | undefined;
}

/** DPoP options with every default filled in. */
export interface DpopSettings extends Omit<Complete<DpopOptions>, 'nonces'> {
  readonly nonces: NonceSettings | undefined;
}

interface NonceSettings {
  readonly secrets: readonly KeyObject[];
  readonly lifetimeSeconds: number;
}

const secretSchema = z
  .instanceof(Uint8Array, { error: 'must be bytes' })
  .refine((secret) => secret.byteLength >= 32, 'must be at least 32 bytes')
  // A key neither shows in logs nor changes with the bytes that it was made of.
  .transform((secret) => createSecretKey(secret));

const nonceSchema = z.strictObject({
  secrets: z.array(secretSchema).nonempty().max(8),
  lifetimeSeconds: z.number().min(1).max(86_400).default(300),
});

const dpopOptionsSchema = z.strictObject({
  algorithms: z.array(z.enum(jwsAlgorithms)).nonempty().default(['ES256', 'EdDSA', 'Ed25519', 'PS256']),
  maxAgeSeconds: z.number().min(1).max(600).default(60),
  nonces: nonceSchema.optional(),
});

/** `'off'` serves bearer tokens alone: tokens that are bound to a key are refused. */
export const dpopSchema: z.ZodType<DpopSettings | 'off'> = readyOr(
  (value) => value === 'off',
  dpopOptionsSchema.prefault({}).transform(({ nonces, ...others }) => ({ ...others, nonces })),
);

/** Where processes share what they remember; what `createRedisStores` of `@gatehouse/redis` makes, as it is. */
export interface StoreOptions {
  /**
   * Which proofs were used. An answer that takes more than five seconds is none: 503. Default: the memory of this process,
   * for all its verifiers together, which is exact as long as there is no other process.
   */
  readonly replay?: ReplayStore | undefined;
  /**
   * What is revoked. Default: a list in the memory of this process, for all its verifiers together. With several processes,
   * a list that all of them share, or what is revoked in one is good in the others.
   */
  readonly revocations?: RevocationList | undefined;
}

/** A store is the user's: it is called, and neither copied nor frozen nor closed. */
const replayStoreSchema = z
  .custom<ReplayStore>((value) => typeof value === 'object' && value !== null && 'record' in value, 'must be a store')
  .refine(({ record }) => typeof record === 'function', { path: ['record'], message: 'must be a function' })
  .transform(wrapStore);

function wrapStore(store: ReplayStore): ReplayStore {
  const { ready, health } = store;
  const wrapped: ReplayStore = {
    record: (proof) => store.record(proof),
    ...(ready && { ready: () => ready.call(store) }),
    ...(health && { health: () => health.call(store) }),
  };
  // Looked up at every use, because it changes.
  return 'epoch' in store
    ? Object.defineProperty(wrapped, 'epoch', { get: () => store.epoch, enumerable: true })
    : wrapped;
}

/** What stores that come together bring beside themselves: who made them calls it. */
const ofMaker = functionSchema<() => unknown>().optional();

export const storesSchema: z.ZodType<StoreOptions> = z
  .strictObject({
    replay: replayStoreSchema.optional(),
    revocations: revocationStoreSchema.optional(),
    ready: ofMaker,
    health: ofMaker,
    close: ofMaker,
  })
  .transform(({ replay, revocations }) => ({
    ...(replay === undefined ? {} : { replay }),
    ...(revocations === undefined ? {} : { revocations }),
  }));
