// @ts-check
/** @import { Mutation } from './mutations.mjs' */

/** What a token demands. @type {readonly Mutation[]} */
export const ofConfirmations = [
  {
    check: 'cnf is an object',
    rows: ['JWT-28'],
    find: "if (!isJsonObject(cnf)) throw malformed('cnf');",
    replace: 'if (!isJsonObject(cnf)) return undefined;',
  },
  {
    check: 'a token that is bound to a certificate is not taken for one that is not',
    rows: ['MTL-02', 'MTL-05'],
    find: "const certificateThumbprint = readThumbprint(cnf, 'x5t#S256');",
    replace: 'const certificateThumbprint: string | undefined = undefined;',
  },
  {
    check: 'a cnf that demands nothing known is not taken for none',
    rows: ['MTL-04'],
    find: "throw new InvalidTokenError('ERR_TOKEN_CONFIRMATION');",
    replace: 'return undefined;',
  },
  {
    check: 'what cnf names is a thumbprint',
    rows: ['DPOP-38', 'MTL-03'],
    find: 'if (!isThumbprint) throw',
    replace: 'if (!isThumbprint) return undefined;\n  if (!isThumbprint) throw',
  },
  { check: 'a thumbprint is as long as a SHA-256', rows: ['DPOP-38'], find: 'value.length === 43 && ', replace: '' },
  {
    check: 'a thumbprint is strict base64url',
    rows: ['DPOP-38'],
    find: ' && decodeBase64url(value) !== undefined',
    replace: '',
  },
];

/** What a request has to prove. @type {readonly Mutation[]} */
export const ofAuthentication = [
  {
    check: 'a bound token is no bearer token',
    rows: ['DPOP-31'],
    find: "scheme === 'Bearer' || proofs === undefined",
    replace: 'proofs === undefined',
  },
  {
    check: 'a bound token that comes as a bearer token without a proof is not let through',
    rows: ['DPOP-31'],
    find: "if (scheme === 'Bearer' || proofs === undefined) throw new InvalidTokenError('ERR_TOKEN_BOUND');",
    replace: "if (scheme === 'Bearer' || proofs === undefined) return [];",
  },
  {
    check: 'an unbound token is no DPoP token',
    rows: ['DPOP-32'],
    find: "if (scheme === 'DPoP') throw new InvalidTokenError('ERR_TOKEN_UNBOUND');",
    replace: '',
  },
  {
    check: 'a bound token needs a proof',
    rows: ['DPOP-29'],
    find: 'const proof = proofs.verify(',
    replace: "if (visit.request.headers['dpop'] === undefined) return checks;\n    const proof = proofs.verify(",
  },
  {
    check: 'a token that is remembered needs a proof again',
    rows: ['DPOP-30'],
    find: 'const proof = proofs.verify(',
    replace: `if (token.signature?.source === 'token-cache') return new Possession(now(), certificate, undefined);
    const proof = proofs.verify(`,
  },
  {
    check: 'the age of a proof is the one at which it was accepted',
    rows: [],
    find: '(at - proofIssuedAtSeconds * 1000) / 1000',
    replace: '(now() - proofIssuedAtSeconds * 1000) / 1000',
  },
  {
    check: 'the binding that a guard demands is there before the proof is looked at',
    rows: [],
    find: "throw new InvalidTokenError('ERR_TOKEN_SENDER_CONSTRAINT');",
    replace: '',
  },
  {
    check: 'a request is proven once, however many guards ask',
    rows: ['DPOP-23'],
    find: 'visit.possession ??= keepFailure(',
    replace: 'visit.possession = keepFailure(',
  },
  {
    check: 'a younger nonce is sent ahead',
    rows: ['DPOP-18'],
    find: "visit.needsNonce = nonce === 'aging';",
    replace: '',
  },
  {
    check: 'what is not remembered is of the grammar of tokens',
    rows: ['BRR-04'],
    find: 'if (known === undefined) refuseOtherThanToken68(compact);',
    replace: '',
  },
  {
    check: 'a request that was refused stays refused',
    rows: [],
    find: 'visit.claim ??= keepFailure(() => readClaim(visit, maxStatusAgeSeconds));',
    replace: 'visit.claim ??= readClaim(visit, maxStatusAgeSeconds);',
  },
  {
    check: 'the DPoP scheme is not served where DPoP is off',
    rows: [],
    find: "proofs === undefined ? ['Bearer'] : accessTokenSchemes",
    replace: 'accessTokenSchemes',
  },
];

/** What a guard demands. @type {readonly Mutation[]} */
export const ofConstraints = [
  {
    check: "a bearer token does not satisfy 'required'",
    rows: ['DPOP-39'],
    find: "required: ['dpop',",
    replace: "required: ['none', 'dpop',",
  },
  {
    check: "a bearer token does not satisfy 'dpop'",
    rows: ['DPOP-39'],
    find: "\n  dpop: ['dpop',",
    replace: "\n  dpop: ['none', 'dpop',",
  },
  {
    check: "a token that is bound to a key alone does not satisfy 'mtls'",
    rows: [],
    find: "\n  mtls: ['mtls',",
    replace: "\n  mtls: ['dpop', 'mtls',",
  },
  {
    check: "'dpop+mtls' asks for both",
    rows: [],
    find: "'dpop+mtls': ['dpop+mtls']",
    replace: "'dpop+mtls': ['mtls', 'dpop+mtls']",
  },
  {
    check: 'a route never weakens the binding of the baseline',
    rows: ['DPOP-39'],
    find: 'if (one === undefined || other === undefined) return one ?? other;',
    replace: 'if (one !== undefined || other !== undefined) return other ?? one;',
  },
];

/** What a guard demands of an agent that is kept. @type {readonly Mutation[]} */
export const ofAuthorization = [
  {
    check: 'an agent that is kept is asked for its binding too',
    rows: [],
    find: "throw new InvalidTokenError('ERR_TOKEN_SENDER_CONSTRAINT');",
    replace: '',
  },
];

/** What callers are told of. @type {readonly Mutation[]} */
export const ofOffers = [
  {
    check: 'a bearer token is not offered where it cannot succeed',
    rows: ['DPOP-39'],
    find: 'takesBearerScheme(requirement) ? [{',
    replace: 'true ? [{',
  },
];

/** What goes back. @type {readonly Mutation[]} */
export const ofAnswers = [
  {
    check: 'an answer that brings a nonce is not cached',
    rows: ['DPOP-19'],
    find: ', ...uncacheable }',
    replace: ' }',
  },
  {
    check: 'a challenge brings a nonce',
    rows: ['DPOP-17', 'DPOP-20'],
    find: 'resourceMetadata, nonce }',
    replace: 'resourceMetadata }',
  },
];

/** Whose an agent is. @type {readonly Mutation[]} */
export const ofAgents = [
  {
    check: 'an agent is of the verifier that made it',
    rows: [],
    find: ' && agent.#keeper === keeper',
    replace: '',
  },
];

/** What waits, and what fails. @type {readonly Mutation[]} */
export const ofSteps = [
  {
    check: 'what fails later is taken as what fails at once',
    rows: [],
    find: 'return isPromise(value) ? value.then(undefined, recover) : value;',
    replace: 'return value;',
  },
  {
    check: 'a step waits for the one before it',
    rows: [],
    find: 'return isPromise(value) ? value.then(next) : next(value);',
    replace: 'return next(value as Value);',
  },
];
