import { UnavailableError } from '@gatehouse/core';

/** Why Redis gives no answer. */
export type FailureCode = Extract<UnavailableError['code'], `ERR_REPLAY_STORE_${string}`>;

const codes: readonly (readonly [RegExp, FailureCode])[] = [
  // Inside a script, Redis 7 says it in words.
  [/\b(?:NOPERM|NOAUTH|WRONGPASS)\b|The user executing the script can't/, 'ERR_REPLAY_STORE_PERMISSION'],
  [/\b(?:READONLY|NOREPLICAS|MISCONF)\b/, 'ERR_REPLAY_STORE_READ_ONLY'],
  [/\bOOM\b/, 'ERR_REPLAY_STORE_FULL'],
];

/** What an error of ioredis or of Redis means for the proofs that were asked about. */
export function codeOf(error: unknown): FailureCode {
  const message = error instanceof Error ? error.message : '';
  return codes.find(([pattern]) => pattern.test(message))?.[1] ?? 'ERR_REPLAY_STORE_UNAVAILABLE';
}

/**
 * What callers get of it. Of the error itself only a word is kept, because ioredis attaches the command that failed: that
 * of a login has the password.
 */
export function failureOf(error: unknown): UnavailableError {
  const code = codeOf(error);
  return failure(code, { cause: new Error(`Redis or its connection says: ${wordOf(error)}`) });
}

/** @param details after how many seconds to come again, by default one; and the cause */
export function failure(
  code: FailureCode,
  details: ErrorOptions & { readonly retryAfterSeconds?: number } = {},
): UnavailableError {
  const { retryAfterSeconds = 1, ...options } = details;
  return new UnavailableError(code, retryAfterSeconds, options);
}

/** `ECONNREFUSED`, `NOPERM`, `CLUSTERDOWN`; of other errors their class. */
function wordOf(error: unknown): string {
  if (!(error instanceof Error)) return 'nothing';
  const { code } = error as NodeJS.ErrnoException;
  return code ?? /^[A-Z]{2,}\b/.exec(error.message)?.[0] ?? error.name;
}
