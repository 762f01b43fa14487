import { setImmediate as turn } from 'node:timers/promises';
import type { Revocation } from '@gatehouse/core';
import type { Change } from './revocation-memory.ts';

/** What was seen in Redis, to tell what it lacks. */
export interface Survey {
  note(change: Change): void;
  /** Those of these entries that Redis lacks, or has in a weaker form. Requests go on meanwhile. */
  findMissing(known: Iterable<Revocation>): Promise<Revocation[]>;
}

/** How many are compared in one turn of the event loop. To compare a million at once would stop the process for seconds. */
const mostCompared = 1000;

export function createSurvey(): Survey {
  const seen = new Map<string, number>();

  return {
    note(change) {
      if (change.kind === 'revoked') seen.set(change.entry.id, strengthOf(change.entry));
    },
    async findMissing(known) {
      const missing: Revocation[] = [];
      let compared = 0;
      for (const entry of known) {
        if (seen.get(entry.id) !== strengthOf(entry)) missing.push(entry);
        compared += 1;
        if (compared % mostCompared === 0) await turn();
      }
      return missing;
    },
  };
}

/** Whoever knows nothing lacks nothing: the first reading of a million need not be kept in mind. */
export const blindSurvey: Survey = { note: () => undefined, findMissing: async () => [] };

/** Changes with whatever makes an entry stronger. */
function strengthOf({ issuedBefore, expiresAt }: Revocation): number {
  return issuedBefore.getTime() + expiresAt.getTime();
}
