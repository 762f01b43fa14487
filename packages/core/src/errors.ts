import { type AnswerClass, answers, type CodeOf } from './answers.ts';
import { resumeStackTraces, suspendStackTraces } from './stack-traces.ts';

/** What an error can say beside its code. */
export interface AuthErrorDetails extends ErrorOptions {
  /** For decisions, never for callers: claim names, missing scopes, what `allow` gave as reasons. */
  readonly reasons?: readonly string[];
}

const brand: unique symbol = Symbol.for('gatehouse.AuthError');

/**
 * A request that is refused. `message` is a constant for each `code`: it holds no token, claim, URL or upstream text.
 * Callers see `description`, which is the same for every code of a class. `stack` says name and message and no calls: it is
 * an answer, and `code` says where it comes from.
 */
export abstract class AuthError<Class extends AnswerClass = AnswerClass> extends Error {
  readonly class: Class;
  readonly code: CodeOf<Class>;
  readonly status: number;
  readonly title: string;
  /** The OAuth error code of the answer, where it has one. */
  readonly error: string | undefined;
  readonly description: string;
  readonly reasons: readonly string[];

  constructor(answerClass: Class, code: CodeOf<Class>, details?: AuthErrorDetails) {
    const answer = answers[answerClass];
    const codes: Readonly<Record<string, string>> = answer.codes;
    const stackTraces = suspendStackTraces();
    try {
      super(codes[code], details);
    } finally {
      resumeStackTraces(stackTraces);
    }
    this.name = answerClass;
    this.class = answerClass;
    this.code = code;
    this.status = answer.status;
    this.title = answer.title;
    this.error = answer.error;
    this.description = answer.description;
    this.reasons = details?.reasons ?? [];
    Object.defineProperty(this, brand, { value: true });
  }

  /** True for every refusal of Gatehouse, also one from another copy of this package. */
  static is(value: unknown): value is AuthError {
    return typeof value === 'object' && value !== null && Object.hasOwn(value, brand);
  }
}

/** No credentials that this API takes: 401 without an error code (RFC 6750 §3.1). */
export class MissingTokenError extends AuthError<'MissingTokenError'> {
  constructor(code: CodeOf<'MissingTokenError'>, details?: AuthErrorDetails) {
    super('MissingTokenError', code, details);
  }
}

/** Credentials that cannot be read as such: 400 `invalid_request` (RFC 6750 §3.1). */
export class InvalidRequestError extends AuthError<'InvalidRequestError'> {
  constructor(code: CodeOf<'InvalidRequestError'>, details?: AuthErrorDetails) {
    super('InvalidRequestError', code, details);
  }
}

/** A token that is malformed, forged, expired or not for this API: 401 `invalid_token` (RFC 6750 §3.1). */
export class InvalidTokenError extends AuthError<'InvalidTokenError'> {
  constructor(code: CodeOf<'InvalidTokenError'>, details?: AuthErrorDetails) {
    super('InvalidTokenError', code, details);
  }
}

/** A DPoP proof with a defect: 401 `invalid_dpop_proof` (RFC 9449 §7.1). */
export class InvalidDpopProofError extends AuthError<'InvalidDpopProofError'> {
  constructor(code: CodeOf<'InvalidDpopProofError'>, details?: AuthErrorDetails) {
    super('InvalidDpopProofError', code, details);
  }
}

/** A DPoP proof without a good nonce of ours: 401 `use_dpop_nonce` and one `DPoP-Nonce` field (RFC 9449 §9). */
export class UseDpopNonceError extends AuthError<'UseDpopNonceError'> {
  constructor(code: CodeOf<'UseDpopNonceError'>, details?: AuthErrorDetails) {
    super('UseDpopNonceError', code, details);
  }
}

/** The user must authenticate more strongly or more recently: 401 (RFC 9470 §3). */
export class InsufficientUserAuthenticationError extends AuthError<'InsufficientUserAuthenticationError'> {
  /** What would do: any of these classes, at most this many seconds ago. */
  readonly needed: { readonly acrValues?: readonly string[]; readonly maxAgeSeconds?: number };
  constructor(
    code: CodeOf<'InsufficientUserAuthenticationError'>,
    needed: InsufficientUserAuthenticationError['needed'],
    details?: AuthErrorDetails,
  ) {
    super('InsufficientUserAuthenticationError', code, details);
    this.needed = needed;
  }
}

/** A valid token without a required scope: 403 `insufficient_scope` (RFC 6750 §3.1). */
export class InsufficientScopeError extends AuthError<'InsufficientScopeError'> {
  constructor(code: CodeOf<'InsufficientScopeError'>, details?: AuthErrorDetails) {
    super('InsufficientScopeError', code, details);
  }
}

/** A valid token with all scopes, refused by a rule: 403 without an error in the challenge. */
export class ForbiddenError extends AuthError<'ForbiddenError'> {
  constructor(code: CodeOf<'ForbiddenError'>, details?: AuthErrorDetails) {
    super('ForbiddenError', code, details);
  }
}

/** One holder over its share: 429 with `Retry-After` (RFC 6585 §4). */
export class TooManyRequestsError extends AuthError<'TooManyRequestsError'> {
  readonly retryAfterSeconds: number;
  constructor(code: CodeOf<'TooManyRequestsError'>, retryAfterSeconds: number, details?: AuthErrorDetails) {
    super('TooManyRequestsError', code, details);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Something that verification depends on does not answer: 503 with `Retry-After` (RFC 9110 §15.6.4). */
export class UnavailableError extends AuthError<'UnavailableError'> {
  readonly retryAfterSeconds: number;
  constructor(code: CodeOf<'UnavailableError'>, retryAfterSeconds: number, details?: AuthErrorDetails) {
    super('UnavailableError', code, details);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** One thing that is wrong with options or a requirement. */
export interface ConfigurationIssue {
  /** Where: `issuers.0.jwksUri`; empty for the value as a whole. */
  readonly path: string;
  readonly message: string;
}

/** Options or a requirement that cannot be used. Thrown while building, with every problem at once. */
export class ConfigurationError extends Error {
  readonly code = 'ERR_CONFIGURATION';
  readonly issues: readonly ConfigurationIssue[];
  constructor(subject: string, issues: readonly ConfigurationIssue[]) {
    super(`The ${subject} cannot be used:${listIssues(issues)}`);
    this.name = 'ConfigurationError';
    this.issues = issues;
  }
}

/** Why something could not be revoked. */
export const revocationFaults = {
  ERR_REVOCATION_INVALID: 'The revocation cannot be used:',
  ERR_REVOCATION_LIST_FULL: 'The revocation list has no room for another entry. Nothing was revoked.',
  ERR_REVOCATION_LIST_LOCAL:
    'This process is a worker of node:cluster, and its revocation list is unknown to the others. Nothing was revoked.',
  ERR_REVOCATION_UNCONFIRMED:
    'It is revoked in this process, and nobody knows whether other processes will learn of it. Try again.',
  ERR_REVOCATION_AUTHOR: 'The entry is of another author, who alone can lift it.',
} as const;

export type RevocationErrorCode = keyof typeof revocationFaults;

/** A revocation that did not happen. */
export class RevocationError extends Error {
  readonly code: RevocationErrorCode;
  /** What is wrong with it, every problem at once. */
  readonly issues: readonly ConfigurationIssue[];
  constructor(
    code: RevocationErrorCode,
    details: ErrorOptions & { readonly issues?: readonly ConfigurationIssue[] } = {},
  ) {
    const { issues = [], ...options } = details;
    super(revocationFaults[code] + listIssues(issues), options);
    this.name = 'RevocationError';
    this.code = code;
    this.issues = issues;
  }
}

function listIssues(issues: readonly ConfigurationIssue[]): string {
  return issues.map(({ path, message }) => `\n  ${path === '' ? '' : `${path}: `}${message}`).join('');
}
