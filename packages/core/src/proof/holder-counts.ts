import { randomInt } from 'node:crypto';

const counters = 2 ** 15;
/** Secret, so that nobody can choose a holder that shares the counter of another. */
const factor = randomInt(2 ** 32) | 1;

/**
 * How many proofs holders have. Holders that share a counter, by a chance of 1 in 32768 for each two, count as one: it
 * costs a million of them no more memory than it does ten.
 */
export class HolderCounts {
  readonly #counts = new Uint32Array(counters);
  #active = 0;

  /** Which counter is a holder's, in all instances. */
  static counterOf(holder: string): number {
    let hash = factor;
    for (let index = 0; index < holder.length; index += 1) {
      hash = Math.imul(hash ^ holder.charCodeAt(index), factor);
      // A product tells the lower bits nothing of the higher ones: without this, one factor in twenty spreads badly.
      hash ^= hash >>> 15;
    }
    return Math.imul(hash, factor) >>> 17;
  }

  /** How many holders have a proof. */
  get active(): number {
    return this.#active;
  }

  get(counter: number): number {
    return this.#counts[counter] ?? 0;
  }

  increment(counter: number): void {
    const count = this.get(counter);
    if (count === 0) this.#active += 1;
    this.#counts[counter] = count + 1;
  }

  /** Takes away what another instance has counted, too. */
  subtract(others: HolderCounts): void {
    for (let counter = 0; counter < counters; counter += 1) {
      const count = others.get(counter);
      if (count === 0) continue;
      const rest = this.get(counter) - count;
      if (rest === 0) this.#active -= 1;
      this.#counts[counter] = rest;
    }
  }
}
