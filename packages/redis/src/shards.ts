import type { ReplayProof } from '@gatehouse/core';

/**
 * Where a proof is kept. Every process has to agree on all of this, whatever it is set to, and so do versions of this
 * package: a proof that two processes look for in two places is accepted twice.
 */
export interface Placement {
  readonly shard: number;
  /** The names of the buckets in which the key of the proof can be, one for each slice of time. */
  readonly buckets: readonly string[];
  /** Which of them takes this proof. */
  readonly own: number;
  /** The last moment at which its bucket is needed for proofs of the same life: seconds since the epoch. */
  readonly until: number;
  /** What stands for the key in its bucket: a decimal integer of 63 bits. */
  readonly member: string;
}

/**
 * Hash tags, one for each shard, with which the shards lie evenly over the slots of a Cluster: any number of masters that
 * have consecutive ranges get their part.
 */
const tags = ['u0', 'qp', 'dj', 'wz', 'd2', 'pv', 'uh', 'iy', 'ly', 'h9', 'uv', 'q6', '9s', 'qn', 'dt', 'ha'] as const;

/** One server runs one script at a time: it gains nothing from a second shard. */
export const shardsOf: { readonly server: number; readonly cluster: number } = { server: 1, cluster: tags.length };

/**
 * Buckets of one slice of time, over all shards. Redis keeps a set of up to 512 integers as a sorted list of eight bytes
 * each: with this many, a slice has room for eight million proofs, and a million is enough for the name of a bucket to
 * weigh little.
 */
const bucketsOfSlice = 16_384;
/** Shorter slices would end sooner, but a key had to be looked for in more of them. */
const sliceSeconds = 128;
/** Buckets of one slice end one after another, because Redis stands still while it drops many at the same time. */
const dropSeconds = 16;

/** The largest prime number of 63 bits, and any large number: a key becomes an integer that Redis keeps as one. */
const prime = 2n ** 63n - 25n;
const multiplier = 0x4f1b_bcdc_bfa5_3e0an;

export interface Shards {
  readonly count: number;
  /** The key of what is known of a shard as a whole. */
  markerOf(shard: number): string;
  place(proof: ReplayProof): Placement;
}

/** @param count one of `shardsOf` */
export function createShards(prefix: string, count: number): Shards {
  const markers = tags.slice(0, count).map((tag) => `${prefix}:{${tag}}:p`);
  const markerOf = (shard: number): string => markers[shard] ?? '';

  return {
    count,
    markerOf,
    place({ key, issuedAt, expiresAt }) {
      const bytes = new DataView(key.buffer, key.byteOffset, key.byteLength);
      const bucket = bytes.getUint16(0) % bucketsOfSlice;
      const shard = bucket % count;
      const lifeSeconds = expiresAt - issuedAt;
      const slice = sliceOf(issuedAt);
      // Another proof with this key was made as long before or after this one as a proof lives, at most.
      const first = sliceOf(issuedAt - lifeSeconds);
      const last = sliceOf(issuedAt + lifeSeconds);
      const buckets: string[] = [];
      const marker = markerOf(shard);
      for (let index = first; index <= last; index += 1) {
        buckets.push(`${marker}:${index.toString(36)}:${bucket.toString(36)}`);
      }
      const until = (slice + 1) * sliceSeconds + lifeSeconds + (dropSeconds * bucket) / bucketsOfSlice;
      // Every bit of the key counts. Of keys in one bucket, which are hashes, two in 2^63 have the same.
      const member = ((bytes.getBigUint64(0) * multiplier + bytes.getBigUint64(8)) % prime).toString();
      return { shard, buckets, own: slice - first, until, member };
    },
  };
}

function sliceOf(time: number): number {
  return Math.floor(time / sliceSeconds);
}
