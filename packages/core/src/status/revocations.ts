import cluster from 'node:cluster';
import { z } from 'zod';
import { ConfigurationError, InvalidTokenError, RevocationError, UnavailableError } from '../errors.ts';
import { longestTokenLifetimeSeconds } from '../issuer/options.ts';
import type { TrustedIssuers } from '../issuer/trusted.ts';
import { parseSettings } from '../schema.ts';
import {
  fileTarget,
  makeRevocationSchema,
  type NewRevocation,
  type Revocation,
  type RevocationKind,
  type RevocationTarget,
  readId,
  targetSchema,
  unfileTarget,
  writeId,
} from './revocation.ts';
import { createRevocationList, type RevocationList, type RevocationPage } from './revocation-list.ts';
import type { RevocableToken } from './revocation-table.ts';

/** Ends tokens before they expire, wherever the list of this verifier is read. */
export interface Revocations {
  /**
   * Revokes all tokens of an issuer that name the target. Resolves with the entry once it counts: from then on no guard
   * lets one pass, whether its token is remembered, its agent was kept, or its request is being answered.
   *
   * Who revokes the same again gets the same entry, never a weaker one.
   *
   * @throws RevocationError with every problem of the revocation, an issuer that is not trusted here included; or because
   *   the list is full
   */
  revoke(revocation: NewRevocation): Promise<Revocation>;
  /**
   * The entries that count now: of one target, or all, which may be a million. In no order.
   *
   * @throws RevocationError with every problem of the target
   */
  list(target?: RevocationTarget): Iterable<Revocation>;
  /**
   * The same, all of them, a page at a time: for whoever shows or sends them. It is read at once, and holds up nobody.
   *
   * @param after `next` of the page before; the first page without
   * @returns undefined for a text that is no `next`
   */
  page(after?: string): RevocationPage | undefined;
  /**
   * Takes back one entry; those of other authors about the same stay. Resolves to false where there is no such entry.
   *
   * @param author whose entry it is. Default: `application`
   * @throws RevocationError when the entry is of another author
   */
  lift(id: string, author?: string): Promise<boolean>;
}

/** One for all verifiers of this process that read the same clock: what is revoked by one is revoked. */
const processLists = new WeakMap<() => number, RevocationList>();

export function findProcessList(now: () => number): RevocationList {
  const known = processLists.get(now);
  if (known !== undefined) return known;
  const list = createRevocationList({ now });
  processLists.set(now, list);
  return list;
}

const revocationSchema = makeRevocationSchema(z.date('must be a date'));
const byApplication = 'application';

/** From now on, for good: another login is another session, and a key that is not trusted is not trusted later. */
const endsForGood: readonly RevocationKind[] = ['session', 'task', 'thumbprint'];

export function createRevocations(options: {
  readonly list: RevocationList;
  /** Whether other processes learn of what is revoked here. */
  readonly isShared: boolean;
  readonly issuers: Pick<TrustedIssuers, 'find'>;
  readonly toleranceSeconds: number;
  readonly now: () => number;
}): Revocations {
  const { list, isShared, issuers, toleranceSeconds, now } = options;

  /** A directory that does not answer stops no revocation. */
  async function findLongestLifetime(iss: string): Promise<number> {
    try {
      const issuer = await issuers.find(iss);
      if (issuer !== undefined) return issuer.maxTokenLifetimeSeconds;
    } catch (error) {
      if (error instanceof UnavailableError) return longestTokenLifetimeSeconds;
      throw error;
    }
    const issues = [{ path: 'iss', message: 'is no issuer that is trusted here' }];
    throw new RevocationError('ERR_REVOCATION_INVALID', { issues });
  }

  return {
    async revoke(given) {
      const revocation = parse(revocationSchema, given);
      if (!isShared && cluster.isWorker) throw new RevocationError('ERR_REVOCATION_LIST_LOCAL');
      const lifetimeSeconds = await findLongestLifetime(revocation.iss);
      const { author = byApplication, reason } = revocation;
      const filed = fileTarget(revocation);
      const target = unfileTarget(filed);
      const at = now();
      const times = findTimes(filed.kind, revocation, { at, lifetimeSeconds, toleranceSeconds });
      const described = reason === undefined ? {} : { reason };
      const entry = { id: writeId(filed, author), ...target, ...times, at: new Date(at), author, ...described };
      await list.add(entry);
      return [...list.list(target)].find(({ id }) => id === entry.id) ?? entry;
    },
    list(target) {
      return list.list(target === undefined ? undefined : parse(targetSchema, target));
    },
    page: (after) => list.page(after),
    async lift(id, author = byApplication) {
      const read = readId(id);
      if (read === undefined) return false;
      if (read.author !== author) throw new RevocationError('ERR_REVOCATION_AUTHOR');
      const entry = [...list.list(unfileTarget(read.target))].find((held) => held.id === id);
      return entry !== undefined && list.lift(entry);
    },
  };
}

/** Every token that is refused stays so until it has expired: in between, no entry ends, and no `iat` is late enough. */
function findTimes(
  kind: RevocationKind,
  given: Pick<NewRevocation, 'issuedBefore' | 'expiresAt'>,
  known: { readonly at: number; readonly lifetimeSeconds: number; readonly toleranceSeconds: number },
): Pick<Revocation, 'issuedBefore' | 'expiresAt'> {
  const lifetime = known.lifetimeSeconds * 1000;
  const tolerance = known.toleranceSeconds * 1000;
  if (kind === 'tokenId') {
    // It has been issued: by a clock that may be ahead, and is accepted as long as one may be behind.
    const end = given.expiresAt ?? new Date(known.at + lifetime + 2 * tolerance);
    return { issuedBefore: end, expiresAt: end };
  }
  const before = given.issuedBefore?.getTime() ?? known.at + tolerance + (endsForGood.includes(kind) ? lifetime : 0);
  const issuedBefore = Math.ceil(before / 1000) * 1000;
  return {
    issuedBefore: new Date(issuedBefore),
    expiresAt: given.expiresAt ?? new Date(issuedBefore + lifetime + tolerance),
  };
}

function parse<Value>(schema: z.ZodType<Value>, value: unknown): Value {
  try {
    return parseSettings('revocation', schema, value);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new RevocationError('ERR_REVOCATION_INVALID', { issues: error.issues });
  }
}

/**
 * Whether a list knows that a token is not revoked: then undefined. Otherwise, where the list is behind, what it throws, for
 * whoever knows somebody else to ask.
 *
 * @throws InvalidTokenError for a token that is revoked, with what of it and why as reasons
 * @throws UnavailableError when nobody can know
 */
export type FindDoubt = (token: RevocableToken) => UnavailableError | undefined;

export function createRevocationCheck(list: Pick<RevocationList, 'find'>): FindDoubt {
  return (token) => {
    let found: Revocation | undefined;
    try {
      found = list.find(token);
    } catch (error) {
      if (error instanceof UnavailableError && error.code === 'ERR_REVOCATIONS_BEHIND') return error;
      throw error;
    }
    if (found === undefined) return undefined;
    const { kind } = fileTarget(found);
    throw new InvalidTokenError('ERR_TOKEN_REVOKED', {
      reasons: found.reason === undefined ? [kind] : [kind, found.reason],
    });
  };
}
