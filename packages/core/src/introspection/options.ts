import { z } from 'zod';
import type { Complete } from '../schema.ts';

/** How often an issuer is asked about tokens, and how long its answers count. Everything here is for each issuer and process. */
export interface QuestionOptions {
  /**
   * How long the answer counts that an opaque token is active, at most until its `exp`: a token that is revoked at the
   * issuer is refused here after this long at the latest. 0 asks at every request; at most an hour. Default 10.
   */
  readonly cacheSeconds?: number | undefined;
  /**
   * How long the answer counts that a token is not active, so that whoever repeats a bad token is not heard by the issuer.
   * A token that the issuer does not know yet is refused for this long. At most a minute. Default 5, or `cacheSeconds` if that is less.
   */
  readonly inactiveSeconds?: number | undefined;
  /** Answers about active tokens that are kept; 0 to 1000000. Default 10000. */
  readonly cachedAnswers?: number | undefined;
  /**
   * Questions that are under way at the same time; 2 to 1024. Half of them are kept for tokens that were active before, or
   * whose signature was verified: what nobody knows cannot keep the others waiting. Default 64.
   */
  readonly callsInFlight?: number | undefined;
  /** Questions in a second, of which half are kept in the same way; 2 to 100000. Default 1000. */
  readonly callsPerSecond?: number | undefined;
  /** How long a request waits until its question may be sent, before it is answered with 503; 0 to 10. Default 1. */
  readonly waitSeconds?: number | undefined;
}

/** With every default filled in. */
export type QuestionSettings = Complete<QuestionOptions>;

/** The members of a schema that has these options among its own; `completeQuestions` adds what depends on another. */
export const questionShape: {
  readonly cacheSeconds: z.ZodDefault<z.ZodNumber>;
  readonly inactiveSeconds: z.ZodOptional<z.ZodNumber>;
  readonly cachedAnswers: z.ZodDefault<z.ZodInt>;
  readonly callsInFlight: z.ZodDefault<z.ZodInt>;
  readonly callsPerSecond: z.ZodDefault<z.ZodInt>;
  readonly waitSeconds: z.ZodDefault<z.ZodNumber>;
} = {
  cacheSeconds: z.number().min(0).max(3600).default(10),
  inactiveSeconds: z.number().min(0).max(60).optional(),
  cachedAnswers: z.int().min(0).max(1_000_000).default(10_000),
  callsInFlight: z.int().min(2).max(1024).default(64),
  callsPerSecond: z.int().min(2).max(100_000).default(1000),
  waitSeconds: z.number().min(0).max(10).default(1),
};

/** For the end of that schema. */
export function completeQuestions<Given extends { cacheSeconds: number; inactiveSeconds?: number | undefined }>(
  given: Given,
): Given & { readonly inactiveSeconds: number } {
  return { ...given, inactiveSeconds: given.inactiveSeconds ?? Math.min(5, given.cacheSeconds) };
}
