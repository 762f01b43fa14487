import { z } from 'zod';
import { type Complete, functionSchema } from './schema.ts';

/** What the process gives: the network and the time. */
export interface Environment {
  /** Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: (() => number) | undefined;
}

export type CompleteEnvironment = Complete<Environment>;

/** Looked up at every call, so that what instruments the global one later is seen. */
const callGlobalFetch: typeof globalThis.fetch = (input, init) => globalThis.fetch(input, init);

/** The members of a schema that has an environment among its own. */
export const environmentShape: {
  readonly fetch: z.ZodType<typeof globalThis.fetch>;
  readonly now: z.ZodType<() => number>;
} = {
  fetch: functionSchema<typeof globalThis.fetch>().default(() => callGlobalFetch),
  now: functionSchema<() => number>().default(() => Date.now),
};

export const environmentSchema: z.ZodType<CompleteEnvironment> = z.strictObject(environmentShape);
