import { type IndexPage, PageIndex } from './page-index.ts';
import { actorValue, type FiledTarget, type RevocationKind, revocationKinds } from './revocation.ts';
import { TextMap } from './text-map.ts';

/** What is looked at of a token. Every agent has it. */
export interface RevocableToken {
  readonly iss: string;
  readonly tokenId: string | undefined;
  readonly sub: string;
  readonly session: string | undefined;
  readonly clientId: string;
  readonly actor: { readonly iss: string; readonly sub: string; readonly source: 'act' | 'client' };
  readonly confirmation: { readonly method: string; readonly jkt?: string; readonly thumbprint?: string };
  readonly task: { readonly id?: string };
  readonly issuedAt: Date;
}

/** An entry as it is held. All times are seconds since the epoch; whole ones take less memory. */
export interface FiledRevocation extends FiledTarget {
  readonly author: string;
  readonly reason: string | undefined;
  readonly at: number;
  readonly issuedBefore: number;
  readonly expiresAt: number;
}

interface Entry extends FiledRevocation {
  /** Of another author, about the same. */
  next: Entry | undefined;
}

type IssuerEntries = Readonly<Record<RevocationKind, TextMap<Entry>>>;

/**
 * Entries by what they are about: for a token one look for its issuer, and one for each kind of entry that there is. Texts
 * that repeat are held once.
 */
export class RevocationTable {
  readonly #issuers = new Map<string, IssuerEntries>();
  readonly #pages = new PageIndex<Entry>();
  #texts = new Map<string, string>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The first entry found that is about this token and has not expired. A clock that says nothing (NaN) ends none. */
  find(token: RevocableToken, now: number): FiledRevocation | undefined {
    const entries = this.#issuers.get(token.iss);
    if (entries === undefined) return undefined;
    const { actor, confirmation } = token;
    return (
      findIn(entries.tokenId, token.tokenId, token, now) ??
      findIn(entries.sub, token.sub, token, now) ??
      findIn(entries.session, token.session, token, now) ??
      findIn(entries.clientId, token.clientId, token, now) ??
      // A client id never equals the subject of an actor by itself.
      (entries.actor.size > 0 && actor.source === 'act'
        ? findIn(entries.actor, actorValue(actor, token.iss), token, now)
        : undefined) ??
      findIn(entries.thumbprint, confirmation.jkt, token, now) ??
      findIn(entries.thumbprint, confirmation.thumbprint, token, now) ??
      findIn(entries.task, token.task.id, token, now)
    );
  }

  /** The entry of this target and author. */
  get({ kind, iss, value }: FiledTarget, author: string): FiledRevocation | undefined {
    return this.about({ kind, iss, value }).find((entry) => entry.author === author);
  }

  /** Every entry of one target. */
  about({ kind, iss, value }: FiledTarget): readonly FiledRevocation[] {
    const found: Entry[] = [];
    for (let entry = this.#issuers.get(iss)?.[kind].get(value); entry !== undefined; entry = entry.next) {
      found.push(entry);
    }
    return found;
  }

  /** Puts an entry in the place of the one with the same target and author, if there is one. */
  set(revocation: FiledRevocation): void {
    this.delete(revocation, revocation.author);
    const { kind, value } = revocation;
    const entries = this.#entriesOf(revocation.iss)[kind];
    const next = entries.get(value);
    const entry: Entry = {
      kind,
      iss: this.#share(revocation.iss),
      value: next?.value ?? value,
      author: this.#share(revocation.author),
      reason: revocation.reason === undefined ? undefined : this.#share(revocation.reason),
      at: revocation.at,
      issuedBefore: revocation.issuedBefore,
      expiresAt: revocation.expiresAt,
      next,
    };
    entries.set(entry);
    this.#pages.add(entry);
    this.#size += 1;
  }

  /** False where there is no such entry. */
  delete({ kind, iss, value }: FiledTarget, author: string): boolean {
    const entries = this.#issuers.get(iss)?.[kind];
    const first = entries?.get(value);
    if (entries === undefined || first === undefined) return false;
    if (first.author === author) {
      if (first.next === undefined) entries.delete(value);
      else entries.set(first.next);
      this.#pages.delete(first);
      this.#size -= 1;
      return true;
    }
    let before = first;
    while (before.next !== undefined && before.next.author !== author) before = before.next;
    const entry = before.next;
    if (entry === undefined) return false;
    before.next = entry.next;
    this.#pages.delete(entry);
    this.#size -= 1;
    return true;
  }

  /** Some of them, in an order that does not change: see `PageIndex.read`. */
  page(from: number, fewest: number): IndexPage<FiledRevocation> {
    return this.#pages.read(from, fewest);
  }

  /** All of them, by issuer and by kind. What is deleted or added meanwhile may be there or not. */
  *values(): Generator<FiledRevocation> {
    for (const entries of this.#issuers.values()) {
      for (const kind of revocationKinds) {
        for (const first of entries[kind].values()) {
          for (let entry: Entry | undefined = first; entry !== undefined; entry = entry.next) yield entry;
        }
      }
    }
  }

  #entriesOf(iss: string): IssuerEntries {
    const known = this.#issuers.get(iss);
    if (known !== undefined) return known;
    const entries = Object.fromEntries(
      revocationKinds.map((kind) => [kind, new TextMap()]),
    ) as unknown as IssuerEntries;
    this.#issuers.set(iss, entries);
    return entries;
  }

  #share(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= mostSharedTexts) this.#texts = new Map();
    this.#texts.set(text, text);
    return text;
  }
}

const mostSharedTexts = 4096;

function findIn(
  entries: TextMap<Entry>,
  value: string | undefined,
  token: RevocableToken,
  now: number,
): FiledRevocation | undefined {
  if (value === undefined || entries.size === 0) return undefined;
  for (let entry = entries.get(value); entry !== undefined; entry = entry.next) {
    if (now >= entry.expiresAt) continue;
    if (!(token.issuedAt.getTime() / 1000 >= entry.issuedBefore)) return entry;
  }
  return undefined;
}

/** Both entries of one target and author as one, which is weaker than neither, in whichever order they come. */
export function mergeRevocations(one: FiledRevocation, other: FiledRevocation): FiledRevocation {
  const later = isLater(one, other) ? one : other;
  return {
    ...later,
    issuedBefore: Math.max(one.issuedBefore, other.issuedBefore),
    expiresAt: Math.max(one.expiresAt, other.expiresAt),
  };
}

function isLater(one: FiledRevocation, other: FiledRevocation): boolean {
  return one.at === other.at ? (one.reason ?? '') > (other.reason ?? '') : one.at > other.at;
}
