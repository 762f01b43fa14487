// @ts-check
/** @import { Mutation } from './mutations.mjs' */

/** What an issuer says about a token. @type {readonly Mutation[]} */
export const ofActiveAnswers = [
  {
    check: 'a refresh token is no access token',
    rows: ['INT-14'],
    find: "if (!takenTypes.includes(type)) throw new InvalidTokenError('ERR_TOKEN_TYPE', { reasons: ['token_type'] });",
    replace: '',
  },
  {
    check: 'token_type DPoP needs a key',
    rows: ['INT-11'],
    find: "if (type === 'dpop' && !isBound) throw new InvalidTokenError('ERR_TOKEN_CLAIM_MISSING', { reasons: ['cnf.jkt'] });",
    replace: '',
  },
  {
    check: 'an answer is searched for marks of other tokens',
    rows: ['INT-14'],
    find: 'looksForMarks: true, ',
    replace: '',
  },
  {
    check: 'an answer that differs from the token refuses it',
    rows: ['INT-05'],
    find: "if (different.length > 0) throw new InvalidTokenError('ERR_TOKEN_CONTRADICTED', { reasons: different });",
    replace: '',
  },
  {
    check: 'an answer for another API refuses a JWT',
    rows: ['INT-05'],
    find: "if (answer['aud'] !== undefined) refuseOtherAudiences(answer, audiences);",
    replace: '',
  },
  {
    check: 'scopes are those that both name',
    rows: [],
    find: 'claims.scopes.filter((scope) => granted.includes(scope))',
    replace: 'claims.scopes',
  },
];

/** What a signed answer must be. @type {readonly Mutation[]} */
export const ofSignedAnswers = [
  {
    check: 'a signed answer has its type',
    rows: ['IJW-02'],
    find: "if (!isSignedAnswer(typ)) throw invalid('typ');",
    replace: '',
  },
  {
    check: 'a signed answer is of the issuer',
    rows: ['IJW-03'],
    find: "if (iss !== issuer) throw invalid('iss');",
    replace: '',
  },
  {
    check: 'a signed answer verifies',
    rows: ['IJW-03'],
    find: "if (typeof found === 'string') throw invalid('signature');",
    replace: '',
  },
];

/** What an endpoint answers. @type {readonly Mutation[]} */
export const ofEndpointAnswers = [
  {
    check: 'active is a boolean',
    rows: ['INT-04'],
    find: "if (typeof members['active'] !== 'boolean')",
    replace: "if (!('active' in members))",
  },
  {
    check: 'a plain answer is none where a signed one is required',
    rows: ['IJW-06'],
    find: 'if (answer.mediaType !== signedMediaType) throw unexpectedType();',
    replace: 'if (answer.mediaType !== signedMediaType) return parseJsonObject(answer.body) ?? {};',
  },
  {
    check: 'that the issuer refuses us is told apart',
    rows: ['INT-08'],
    find: 'if (answer.status === 403 || isInvalidClient(answer)) throw refused(answer);',
    replace: '',
  },
];
