import { createHash, randomBytes } from 'node:crypto';
import type { ReplayProof } from '@gatehouse/core';
import { describe, expect, it } from 'vitest';
import { createShards, shardsOf } from './shards.ts';

const server = createShards('gatehouse', shardsOf.server);
const cluster = createShards('gatehouse', shardsOf.cluster);
const issuedAt = 1_800_000_000;

function describeProof(changes: Partial<ReplayProof> = {}): ReplayProof {
  const from = changes.issuedAt ?? issuedAt;
  return { key: randomBytes(16), issuedAt: from, expiresAt: from + 71, holder: 'x', toleranceSeconds: 5, ...changes };
}

/** Of Redis Cluster: CRC16 (XMODEM) of what stands in braces. */
function slotOf(key: string): number {
  const tag = /\{(.+?)\}/.exec(key)?.[1] ?? key;
  let crc = 0;
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return crc % 16_384;
}

describe('the place of a proof', () => {
  // Two versions that disagree about it accept a proof twice.
  it('is what it always was', () => {
    const key = createHash('sha256').update('a proof').digest().subarray(0, 16);
    expect(server.place(describeProof({ key }))).toEqual({
      shard: 0,
      buckets: ['gatehouse:{u0}:p:8deoz:2mp', 'gatehouse:{u0}:p:8dep0:2mp'],
      own: 1,
      until: expect.closeTo(1_800_000_202.329, 3),
      member: '1808985543500541297',
    });
    expect(cluster.place(describeProof({ key }))).toMatchObject({
      shard: 1,
      buckets: ['gatehouse:{qp}:p:8deoz:2mp', 'gatehouse:{qp}:p:8dep0:2mp'],
    });
    expect([server.markerOf(0), cluster.markerOf(15)]).toEqual(['gatehouse:{u0}:p', 'gatehouse:{ha}:p']);
  });

  it('has a bucket for each slice of time in which the same key can be acceptable at the same moment', () => {
    // A slice begins at the first of these moments, and ends behind the last.
    for (const from of [issuedAt, issuedAt + 64, issuedAt + 127]) {
      for (const offset of [-71, -70.5, -30, 0, 1, 70.5, 71]) {
        const key = randomBytes(16);
        const recorded = server.place(describeProof({ key, issuedAt: from + offset }));
        const { buckets } = server.place(describeProof({ key, issuedAt: from }));
        expect(buckets).toContain(recorded.buckets[recorded.own]);
      }
    }
  });

  it('has the same own bucket for every life: processes may have other ages of proofs', () => {
    const key = randomBytes(16);
    const own = [1, 71, 600, 1201].map((life) => {
      const { buckets, own: index } = server.place(describeProof({ key, expiresAt: issuedAt + life }));
      return buckets[index];
    });
    expect(new Set(own).size).toBe(1);
  });

  it('is needed until every proof of its slice has expired', () => {
    for (const offset of [0, 0.5, 40, 127]) {
      const proof = describeProof({ issuedAt: issuedAt + offset });
      const { until } = server.place(proof);
      expect(until).toBeGreaterThanOrEqual(proof.expiresAt);
      expect(until).toBeLessThanOrEqual(proof.expiresAt + 128 + 16);
    }
  });

  it('is another one, or another member, for each single bit of the key', () => {
    const key = randomBytes(16);
    const describePlace = (bytes: Uint8Array) => {
      const { buckets, member } = cluster.place(describeProof({ key: bytes }));
      return `${buckets[0]} ${member}`;
    };
    const places = Array.from({ length: 128 }, (_, bit) => {
      const other = Buffer.from(key);
      other.writeUInt8(other.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      return describePlace(other);
    });
    expect(new Set([...places, describePlace(key)]).size).toBe(129);
  });

  it('is read from where the key lies in its buffer', () => {
    const buffer = randomBytes(40);
    const there = cluster.place(describeProof({ key: buffer.subarray(7, 23) }));
    const copied = cluster.place(describeProof({ key: Uint8Array.from(buffer.subarray(7, 23)) }));
    expect(there).toEqual(copied);
  });
});

describe('shards', () => {
  it('are one for a server and sixteen for a Cluster, all of them in use', () => {
    const used = new Set(Array.from({ length: 1000 }, () => cluster.place(describeProof()).shard));
    expect([...used].sort((one, other) => one - other)).toEqual(Array.from({ length: 16 }, (_, shard) => shard));
    expect(server.place(describeProof()).shard).toBe(0);
  });

  it('have all their keys in one slot, of its own for each shard', () => {
    const slots = Array.from({ length: 16 }, (_, shard) => slotOf(cluster.markerOf(shard)));
    expect(new Set(slots).size).toBe(16);
    for (let count = 0; count < 100; count += 1) {
      const { shard, buckets } = cluster.place(describeProof());
      expect(buckets.map(slotOf)).toEqual(buckets.map(() => slots[shard]));
    }
  });

  it.each([1, 2, 3, 4, 5, 6, 8, 16])(
    'are spread evenly over %i masters with consecutive ranges of slots',
    (masters) => {
      const counts = Array<number>(masters).fill(0);
      for (let shard = 0; shard < 16; shard += 1) {
        const master = Math.floor((slotOf(cluster.markerOf(shard)) * masters) / 16_384);
        counts[master] = (counts[master] ?? 0) + 1;
      }
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    },
  );
});
