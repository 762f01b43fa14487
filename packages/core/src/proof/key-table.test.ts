import { randomFillSync } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { KeyPlacement, KeyTable } from './key-table.ts';

let placement: KeyPlacement;
let table: KeyTable;

beforeEach(() => {
  placement = new KeyPlacement();
  table = new KeyTable(placement);
});

const has = (key: Uint8Array) => table.has(placement.read(key));
const add = (key: Uint8Array) => table.add(placement.read(key));
const zeros = new Uint8Array(16);
/** `key` with one bit flipped. */
const flip = (key: Uint8Array, bit: number) =>
  key.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));

describe('a table of keys', () => {
  it.each([
    ['zeros', zeros],
    ['ones', new Uint8Array(16).fill(0xff)],
    ['zeros that end in a one', flip(zeros, 120)],
    ['zeros that start with a one', flip(zeros, 0)],
    ['digits', Buffer.from('0123456789abcdef')],
  ])('finds a key of %s once it has been added, and not before', (_, key) => {
    expect(has(key)).toBe(false);
    add(key);
    expect(has(key)).toBe(true);
    expect(table.size).toBe(1);
  });

  it.each([zeros, randomFillSync(new Uint8Array(16))])(
    'takes keys that differ in one bit for different keys',
    (key) => {
      const bits = Array.from({ length: 128 }, (_, bit) => bit);
      add(key);
      for (const bit of bits) expect(has(flip(key, bit))).toBe(false);
      for (const bit of bits) add(flip(key, bit));
      for (const bit of bits) expect(has(flip(key, bit))).toBe(true);
      expect(table.size).toBe(129);
    },
  );

  it('reads a key wherever it lies in its buffer', () => {
    const bytes = randomFillSync(Buffer.alloc(64));
    for (let start = 0; start < 48; start += 1) {
      add(bytes.subarray(start, start + 16));
      expect(has(Uint8Array.from(bytes.subarray(start, start + 16)))).toBe(true);
    }
  });

  it('keeps a copy, not the bytes that it was given', () => {
    const key = randomFillSync(new Uint8Array(16));
    const copy = key.slice();
    add(key);
    key.fill(0);
    expect(has(copy)).toBe(true);
    expect(has(key)).toBe(false);
  });

  it.each([
    ['random ones', () => randomFillSync(new Uint32Array(4 * 20_000))],
    ['consecutive ones', () => new Uint32Array(4 * 20_000).map((_, index) => (index % 4 === 3 ? index : 0))],
    ['one word alone', () => new Uint32Array(4 * 20_000).map((_, index) => (index % 4 === 0 ? index << 12 : 7))],
  ])('grows with its keys and loses none: %s', (_, makeWords) => {
    const bytes = new Uint8Array(makeWords().buffer);
    const keys = Array.from({ length: 20_000 }, (__, index) => bytes.subarray(16 * index, 16 * index + 16));
    expect(new Set(keys.map((key) => placement.read(key).place)).size).toBeGreaterThan(19_900);
    for (const key of keys) if (!has(key)) add(key);
    expect(keys.every(has)).toBe(true);
    expect(table.size).toBe(20_000);
  });

  it('gives a key another place in every process and store: nobody can choose keys that crowd one', () => {
    const key = randomFillSync(new Uint8Array(16));
    const places = Array.from({ length: 100 }, () => new KeyPlacement().read(key).place);
    expect(new Set(places).size).toBeGreaterThan(95);
  });
});
