/** So many that of ten million values some 600 share a shelf. */
const shelves = 2 ** 14;
/** Places are hashes, so that they mean the same for another number of shelves. */
const bitsOfPlace = 18;

/**
 * Values in an order by a hash of their text, which is the same wherever the same values are held: whoever reads a part of
 * them in one process can go on in another. A value that stays has one place, whatever else comes and goes.
 */
export class PageIndex<Value extends { readonly value: string }> {
  readonly #shelves = new Array<Value[] | undefined>(shelves);

  add(value: Value): void {
    const shelf = shelfOf(value.value);
    const held = this.#shelves[shelf];
    if (held === undefined) this.#shelves[shelf] = [value];
    else held.push(value);
  }

  /** Takes away this very object, which was added. */
  delete(value: Value): void {
    const held = this.#shelves[shelfOf(value.value)] ?? [];
    const at = held.indexOf(value);
    const last = held.pop();
    if (last !== undefined && last !== value) held[at] = last;
  }

  /**
   * The values from a place on: at least so many, if there are, and those that share a place with the last of them.
   *
   * @param from 0, or what was `next` before: a whole number below 2^32
   */
  read(from: number, fewest: number): IndexPage<Value> {
    const values: Value[] = [];
    for (let shelf = from >>> bitsOfPlace; shelf < shelves; shelf += 1) {
      if (values.length >= fewest) return { values, next: shelf * 2 ** bitsOfPlace };
      for (const value of this.#shelves[shelf] ?? []) values.push(value);
    }
    return { values, next: undefined };
  }
}

export interface IndexPage<Value> {
  readonly values: readonly Value[];
  /** Where to go on; undefined at the end. */
  readonly next: number | undefined;
}

function shelfOf(text: string): number {
  return hashText(text) >>> bitsOfPlace;
}

/** FNV-1a over UTF-16 code units, with its bits mixed: the upper ones choose the shelf. The same in every version. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
