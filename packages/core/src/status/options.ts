import { z } from 'zod';
import type { RevocationList } from './revocation-list.ts';

const methods = ['find', 'add', 'lift', 'list', 'page', 'health'] as const;

/** A list is the user's: it is called, and neither copied nor frozen nor closed. */
export const revocationStoreSchema: z.ZodType<RevocationList> = z
  .custom<RevocationList>(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((name) => typeof (value as Partial<RevocationList>)[name] === 'function'),
    'must be a revocation list',
  )
  .transform((list) => ({
    find: (token) => list.find(token),
    add: (revocation) => list.add(revocation),
    lift: (revocation) => list.lift(revocation),
    list: (target) => list.list(target),
    page: (after) => list.page(after),
    health: () => list.health(),
    ready: async () => list.ready?.(),
  }));
