import { isDeepStrictEqual } from 'node:util';
import { InvalidTokenError } from '../errors.ts';
import type { ClaimPlaces } from '../issuer/claim-mapping.ts';
import type { JsonObject } from '../json.ts';
import {
  type AccessTokenClaims,
  type ClaimExpectations,
  checkClaims,
  refuseOtherAudiences,
  refuseOutOfTime,
} from './claims.ts';
import { readConfirmation } from './confirmation.ts';
import { findPresent, malformed, readScopes, readString, readTime } from './read-claims.ts';

/** What an issuer says of an active token (RFC 7662 §2.2). */
export type ActiveAnswer = JsonObject;

/**
 * The claims of an opaque token, of which the issuer alone speaks: checked as those of a JWT are. RFC 7662 §2.2 demands none
 * of them; what is done without each:
 *
 * - `iss` is the issuer that was asked, `jti` is unknown;
 * - `sub` is the client, which acts for itself then;
 * - `exp` or `iat`, but not both, is as far from the other as tokens of the issuer may live: the token ends no later, and was
 *   issued no earlier, than it is taken for.
 *
 * Without anything else the token is refused.
 *
 * @throws InvalidTokenError
 */
export function checkAnswer(answer: ActiveAnswer, given: ClaimExpectations): AccessTokenClaims {
  const expected = expectAnswer(answer, given);
  const { issuer, places } = expected;
  const claims = checkClaims(
    {
      ...answer,
      ...completeTimes(answer, expected),
      iss: answer['iss'] === undefined ? issuer : answer['iss'],
      sub: answer['sub'] === undefined ? readString(answer, ...places.clientId) : answer['sub'],
    },
    expected,
  );
  refuseOtherTypes(answer, claims);
  return { ...claims, all: answer };
}

/**
 * The claims of a token that was verified, as far as the answer of its issuer agrees with them. It can only narrow: who, for
 * whom, and what the token is bound to must not differ; scopes are those that both name; the earlier end counts. What the
 * answer does not say stays.
 *
 * @throws InvalidTokenError
 */
export function narrowClaims(
  claims: AccessTokenClaims,
  answer: ActiveAnswer,
  given: ClaimExpectations,
): AccessTokenClaims {
  const expected = expectAnswer(answer, given);
  const { audiences, places, profile } = expected;
  const read = (...names: readonly string[]) =>
    findPresent(answer, names) === undefined ? undefined : readString(answer, ...names);
  refuseDifferent(claims, {
    iss: read('iss'),
    sub: read('sub'),
    tokenId: claims.tokenId === undefined ? undefined : read(...places.tokenId),
    clientId: read(...places.clientId),
    confirmation: readConfirmation(answer['cnf']),
  });
  refuseOtherTypes(answer, claims);
  if (answer['aud'] !== undefined) refuseOtherAudiences(answer, audiences);
  const { expiresAtSeconds: end } = claims;
  const expiresAtSeconds = answer['exp'] === undefined ? end : Math.min(end, readTime(answer, 'exp'));
  const notBeforeSeconds = answer['nbf'] === undefined ? undefined : readTime(answer, 'nbf');
  refuseOutOfTime({ expiresAtSeconds, notBeforeSeconds }, expected);
  const scopeNames = claims.subjectType === 'client' ? places.clientScopes : places.scopes;
  const granted = readScopes(answer, scopeNames, { ...profile, needsScopes: false });
  const isSilent = findPresent(answer, scopeNames) === undefined;
  const scopes = isSilent ? claims.scopes : claims.scopes.filter((scope) => granted.includes(scope));
  return { ...claims, expiresAtSeconds, scopes };
}

/**
 * That two views of one token are of one token: who, for whom, and what it is bound to. What one view does not say counts as
 * the same.
 *
 * @throws InvalidTokenError
 */
export function refuseDifferent(claims: AccessTokenClaims, said: Said): void {
  const names = Object.keys(said) as (keyof Identity)[];
  const different = names.filter((name) => said[name] !== undefined && !isDeepStrictEqual(said[name], claims[name]));
  if (different.length > 0) throw new InvalidTokenError('ERR_TOKEN_CONTRADICTED', { reasons: different });
}

type Identity = Pick<AccessTokenClaims, 'iss' | 'sub' | 'tokenId' | 'clientId' | 'confirmation'>;
type Said = { readonly [Name in keyof Identity]: Identity[Name] | undefined };

/**
 * Issuers keep things in answers where they do in tokens, or under the names of RFC 7662 §2.2. Nothing says of an answer that
 * it is about an access token as `typ` does of a JWT, so that it is searched for marks of other tokens.
 */
function expectAnswer(answer: ActiveAnswer, expected: ClaimExpectations): ClaimExpectations {
  const { clientId, scopes, clientScopes, tokenId } = expected.places;
  const tokenIds = [...tokenId, 'jti'];
  const places: ClaimPlaces = {
    ...expected.places,
    clientId: [...clientId, 'client_id'],
    scopes: [...scopes, 'scope'],
    clientScopes: [...clientScopes, 'scope'],
    tokenId: findPresent(answer, tokenIds) === undefined ? [] : tokenIds,
  };
  return { ...expected, places, profile: { ...expected.profile, looksForMarks: true, needsScopes: false } };
}

function completeTimes(answer: ActiveAnswer, { maxLifetimeSeconds, nowSeconds }: ClaimExpectations): JsonObject {
  const { exp, iat } = answer;
  if (exp === undefined && iat !== undefined) return { exp: readTime(answer, 'iat') + maxLifetimeSeconds };
  if (exp === undefined || iat !== undefined) return {};
  const left = readTime(answer, 'exp') - maxLifetimeSeconds;
  if (!(left <= nowSeconds)) throw new InvalidTokenError('ERR_TOKEN_LIFETIME');
  return { iat: Math.ceil(left) };
}

/** `access_token` is what a few issuers write in place of the type that RFC 6749 §5.1 means. */
const takenTypes: readonly string[] = ['bearer', 'dpop', 'access_token'];

/** `token_type` (RFC 7662 §2.2), where it is there, must be that of an access token, and DPoP for one that is bound by it (RFC 9449 §6.2). */
function refuseOtherTypes(answer: ActiveAnswer, { confirmation }: AccessTokenClaims): void {
  const { token_type: given } = answer;
  if (given === undefined) return;
  if (typeof given !== 'string') throw malformed('token_type');
  const type = given.toLowerCase();
  if (!takenTypes.includes(type)) throw new InvalidTokenError('ERR_TOKEN_TYPE', { reasons: ['token_type'] });
  const isBound = confirmation?.jkt !== undefined;
  if (type === 'dpop' && !isBound) throw new InvalidTokenError('ERR_TOKEN_CLAIM_MISSING', { reasons: ['cnf.jkt'] });
  if (type !== 'dpop' && isBound) throw malformed('token_type');
}
