import type { AuthError } from '../errors.ts';
import { InsufficientUserAuthenticationError } from '../errors.ts';
import type { AccessTokenScheme } from './credentials.ts';

/** A scheme that can succeed here, with the parameters that it always carries (`algs` for DPoP, RFC 9449 §7.1). */
export interface ChallengeOffer {
  readonly scheme: AccessTokenScheme;
  readonly parameters?: ChallengeParameters;
}

type ChallengeParameters = Readonly<Record<string, string | undefined>>;

/** What a refusal tells the caller beside the error itself. */
export interface ChallengeContext {
  /** In the order in which they are offered to callers that came without credentials. */
  readonly offers: readonly ChallengeOffer[];
  /** The scheme that the caller tried, when that is unambiguous. */
  readonly attempted: AccessTokenScheme | undefined;
  /** Everything that the operation needs (RFC 6750 §3). */
  readonly scopes: readonly string[];
  /** URL of the resource metadata (RFC 9728 §5.1). */
  readonly resourceMetadata: string;
  /** A nonce for the next proof (RFC 9449 §9), where nonces are required. */
  readonly nonce?: string | undefined;
}

/**
 * The `WWW-Authenticate` field lines of a refusal, one challenge each (RFC 9110 §11.6.1): the scheme that was tried comes
 * first and alone carries the error, every one where no offered scheme was tried; without credentials none has one (RFC
 * 6750 §3.1, RFC 9449 §7.2).
 */
export function buildChallenges(error: AuthError, context: ChallengeContext): readonly string[] {
  const attempted = context.offers.find(({ scheme }) => scheme === context.attempted)?.scheme;
  const isAttempted = ({ scheme }: ChallengeOffer): boolean => scheme === attempted;
  const others = context.offers.filter((offer) => !isAttempted(offer));
  return [...context.offers.filter(isAttempted), ...others].map(({ scheme, parameters }) => {
    const carriesError = error.class !== 'ForbiddenError' && (attempted === undefined || scheme === attempted);
    return serializeChallenge(scheme, {
      ...(carriesError ? errorParameters(error) : {}),
      scope: context.scopes.length === 0 ? undefined : context.scopes.join(' '),
      resource_metadata: context.resourceMetadata,
      ...parameters,
    });
  });
}

function errorParameters(error: AuthError): ChallengeParameters {
  if (error.error === undefined) return {};
  const { acrValues, maxAgeSeconds } = error instanceof InsufficientUserAuthenticationError ? error.needed : {};
  return {
    error: error.error,
    error_description: error.description,
    acr_values: acrValues?.join(' '),
    max_age: maxAgeSeconds?.toString(),
  };
}

/**
 * One challenge, every value a quoted-string (RFC 9110 §11.2). Absent parameters are left out; characters that a field
 * may not hold become `?`, so that no value can end its line or its quotes.
 */
export function serializeChallenge(scheme: string, parameters: ChallengeParameters): string {
  let challenge = scheme;
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) challenge += `${challenge === scheme ? ' ' : ', '}${name}="${escapeQuoted(value)}"`;
  }
  return challenge;
}

function escapeQuoted(value: string): string {
  return isPlain.test(value) ? value : value.replace(/[^\x20-\x7E]/g, '?').replace(/["\\]/g, '\\$&');
}

/** What a quoted-string holds as it stands; nearly every value is. */
const isPlain = /^[\x20\x21\x23-\x5B\x5D-\x7E]*$/;
