import type { AuthError } from '../errors.ts';
import { TooManyRequestsError, UnavailableError } from '../errors.ts';
import { buildChallenges, type ChallengeContext } from './challenge.ts';
import type { HeaderLists, HttpResponse } from './request.ts';

/**
 * What the body of a refusal says: problem details (RFC 9457 §3), with the parameters of the challenge as extension
 * members, for agents that see bodies only. Nothing in it depends on which of its causes a refusal had.
 */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly error?: string;
  readonly scope?: string;
  readonly resource_metadata?: string;
}

/** Turns a refusal into a body. `error` is for choosing words: its code and reasons are not for callers. */
export type RenderProblem = (
  problem: Problem,
  error: AuthError,
) => { readonly contentType: string; readonly body: string };

/** The answer to a refused request: status, challenges, `Retry-After`, body. */
export function buildRefusal(
  error: AuthError,
  context: ChallengeContext,
  render: RenderProblem = renderProblem,
): HttpResponse {
  const isTemporary = error instanceof UnavailableError || error instanceof TooManyRequestsError;
  const { contentType, body } = render(describeProblem(error, isTemporary ? undefined : context), error);
  return {
    status: error.status,
    headers: {
      ...(isTemporary
        ? { 'retry-after': [String(Math.max(1, Math.ceil(error.retryAfterSeconds)))] }
        : { 'www-authenticate': buildChallenges(error, context), ...nonceHeader(context) }),
      'cache-control': ['no-store'],
      'content-type': [contentType],
    },
    body,
  };
}

function nonceHeader({ nonce }: ChallengeContext): HeaderLists {
  return nonce === undefined ? {} : { 'dpop-nonce': [nonce] };
}

function describeProblem(error: AuthError, context: ChallengeContext | undefined): Problem {
  return {
    type: 'about:blank',
    title: error.title,
    status: error.status,
    detail: error.description,
    ...(error.error === undefined ? {} : { error: error.error }),
    ...(context === undefined || context.scopes.length === 0 ? {} : { scope: context.scopes.join(' ') }),
    ...(context === undefined ? {} : { resource_metadata: context.resourceMetadata }),
  };
}

function renderProblem(problem: Problem): { contentType: string; body: string } {
  return { contentType: 'application/problem+json', body: JSON.stringify(problem) };
}
