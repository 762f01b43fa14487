import { randomFillSync } from 'node:crypto';

/** A key of 16 bytes as its four words, and the place that it has in every table: a number of 32 bits. */
export interface PlacedKey {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly place: number;
}

/**
 * Gives keys their places, evenly. Callers could grind keys until many of them share a place; they cannot know which do,
 * because the factors are secret.
 */
export class KeyPlacement {
  readonly #bytes = new Uint8Array(16);
  readonly #words = new Int32Array(this.#bytes.buffer);
  readonly #factors = randomFillSync(new Int32Array(4)).map((factor) => factor | 1);

  read(key: Uint8Array): PlacedKey {
    this.#bytes.set(key);
    const words = this.#words;
    const [a, b, c, d] = [wordAt(words, 0), wordAt(words, 1), wordAt(words, 2), wordAt(words, 3)];
    return { a, b, c, d, place: this.placeOf(a, b, c, d) };
  }

  placeOf(a: number, b: number, c: number, d: number): number {
    const factors = this.#factors;
    const low = Math.imul(a, wordAt(factors, 0)) + Math.imul(b, wordAt(factors, 1));
    const high = Math.imul(c, wordAt(factors, 2)) + Math.imul(d, wordAt(factors, 3));
    return (low + high) >>> 0;
  }
}

/** Many segments that grow one at a time: to move a million keys at once would stop the process for a while. */
const segmentBits = 8;

/** A set of keys, of 16 bytes each in typed arrays that are at most three quarters full. */
export class KeyTable {
  readonly #placement: KeyPlacement;
  readonly #segments: (Segment | undefined)[] = Array.from({ length: 2 ** segmentBits });
  /** A slot of zeros is an empty one, so that the key of zeros has no slot. */
  #hasZeros = false;
  #size = 0;

  constructor(placement: KeyPlacement) {
    this.#placement = placement;
  }

  get size(): number {
    return this.#size;
  }

  has(key: PlacedKey): boolean {
    return isZeros(key) ? this.#hasZeros : (this.#segments[segmentOf(key)]?.has(key) ?? false);
  }

  /** Adds a key that is not in the table. */
  add(key: PlacedKey): void {
    if (isZeros(key)) this.#hasZeros = true;
    else this.#openSegment(segmentOf(key)).add(key, this.#placement);
    this.#size += 1;
  }

  #openSegment(index: number): Segment {
    const segment = this.#segments[index] ?? new Segment();
    this.#segments[index] = segment;
    return segment;
  }
}

function segmentOf({ place }: PlacedKey): number {
  return place >>> (32 - segmentBits);
}

const wordsOfSlot = 4;
const fewestSlots = 8;
const greatestLoad = 0.75;
/** A table that is large grows by little, so that few of its slots are empty: 21 to 27 bytes for each key. */
const growthFactor = (slots: number): number => (slots < 256 ? 2 : 1.25);

/** Open addressing with linear probing: a key is in the slot of its place, or in the next one that was empty. */
class Segment {
  #slots = new Int32Array(fewestSlots * wordsOfSlot);
  #used = 0;

  has({ a, b, c, d, place }: PlacedKey): boolean {
    const slots = this.#slots;
    for (let at = firstSlot(slots, place); ; at = nextSlot(slots, at)) {
      if (slots[at] === a && slots[at + 1] === b && slots[at + 2] === c && slots[at + 3] === d) return true;
      if (isEmpty(slots, at)) return false;
    }
  }

  add({ a, b, c, d, place }: PlacedKey, placement: KeyPlacement): void {
    const capacity = this.#slots.length / wordsOfSlot;
    if (this.#used + 1 > capacity * greatestLoad) this.#grow(Math.ceil(capacity * growthFactor(capacity)), placement);
    put(this.#slots, place, a, b, c, d);
    this.#used += 1;
  }

  /** Places rise with the slots, so that both arrays are walked in order. */
  #grow(capacity: number, placement: KeyPlacement): void {
    const from = this.#slots;
    const to = new Int32Array(capacity * wordsOfSlot);
    for (let at = 0; at < from.length; at += wordsOfSlot) {
      if (isEmpty(from, at)) continue;
      const a = wordAt(from, at);
      const b = wordAt(from, at + 1);
      const c = wordAt(from, at + 2);
      const d = wordAt(from, at + 3);
      put(to, placement.placeOf(a, b, c, d), a, b, c, d);
    }
    this.#slots = to;
  }
}

function put(slots: Int32Array, place: number, a: number, b: number, c: number, d: number): void {
  let at = firstSlot(slots, place);
  while (!isEmpty(slots, at)) at = nextSlot(slots, at);
  slots[at] = a;
  slots[at + 1] = b;
  slots[at + 2] = c;
  slots[at + 3] = d;
}

/** The bits of a place below those that chose the segment, scaled to the slots. */
function firstSlot(slots: Int32Array, place: number): number {
  const fraction = ((place << segmentBits) >>> 0) / 2 ** 32;
  return Math.floor(fraction * (slots.length / wordsOfSlot)) * wordsOfSlot;
}

function nextSlot(slots: Int32Array, at: number): number {
  const next = at + wordsOfSlot;
  return next === slots.length ? 0 : next;
}

function isEmpty(slots: Int32Array, at: number): boolean {
  return slots[at] === 0 && slots[at + 1] === 0 && slots[at + 2] === 0 && slots[at + 3] === 0;
}

function isZeros({ a, b, c, d }: PlacedKey): boolean {
  return (a | b | c | d) === 0;
}

/** For an index that is within the array. */
function wordAt(words: Int32Array, index: number): number {
  return words[index] as number;
}
