/**
 * Every answer that refuses a request, and every cause it can have: one entry per class of answer (what a caller can
 * observe), one code per cause (what an operator can act on). No other file holds a refusal's status.
 */
export const answers = {
  MissingTokenError: {
    status: 401,
    title: 'Unauthorized',
    // RFC 6750 §3.1: a request without credentials learns nothing about an error it did not make.
    error: undefined,
    description: 'An access token is needed. Get one from an authorization server named in the resource metadata.',
    codes: {
      ERR_TOKEN_ABSENT: 'The request has no Authorization field.',
      ERR_SCHEME_UNSUPPORTED: 'The Authorization field uses a scheme that this API does not take.',
    },
  },
  InvalidRequestError: {
    status: 400,
    title: 'Bad Request',
    error: 'invalid_request',
    description: 'The request carries its credentials in a form that cannot be read. Send one Authorization field.',
    codes: {
      ERR_AUTHORIZATION_REPEATED: 'The request has more than one Authorization field.',
      ERR_AUTHORIZATION_MALFORMED: 'The Authorization field is not a scheme followed by one token68 value.',
      ERR_FIELDS_TRUNCATED: 'The request has more field lines than Node keeps, so that some were not seen.',
      ERR_AUTHORIZATION_TOO_LARGE: 'The credentials are longer than the limit and were not parsed.',
      ERR_TARGET_MALFORMED:
        'The request target is not one that a proof can name: it has dot segments, another origin or stray characters.',
      ERR_CLIENT_CERT_REPEATED: 'A trusted proxy forwarded more than one Client-Cert field.',
      ERR_CLIENT_CERT_MALFORMED:
        'The Client-Cert field of a trusted proxy is not one byte sequence that holds a certificate in DER.',
    },
  },
  InvalidTokenError: {
    status: 401,
    title: 'Unauthorized',
    error: 'invalid_token',
    description: 'The access token is not valid here, or no longer. Get a new one for this resource.',
    codes: {
      ERR_TOKEN_MALFORMED: 'The token is not a compact JWS of strict base64url and JSON without repeated members.',
      ERR_TOKEN_TYPE: 'The token is not marked as an access token, or it is marked as something else.',
      ERR_TOKEN_CRITICAL: 'The token demands a header extension.',
      ERR_TOKEN_ISSUER: 'The token names no issuer that is trusted here.',
      ERR_TOKEN_ALGORITHM: 'The token is signed with an algorithm that is not allowed for its issuer.',
      ERR_TOKEN_KEY: 'The issuer publishes no key that fits the token.',
      ERR_TOKEN_SIGNATURE: 'The signature of the token does not verify.',
      ERR_TOKEN_CLAIM_MISSING: 'The token lacks a claim that access tokens must have.',
      ERR_TOKEN_CLAIM_MALFORMED: 'A claim of the token has the wrong type.',
      ERR_TOKEN_AUDIENCE: 'The token was issued for another resource.',
      ERR_TOKEN_EXPIRED: 'The token has expired.',
      ERR_TOKEN_NOT_YET_VALID: 'The token is not valid yet.',
      ERR_TOKEN_ISSUED_IN_FUTURE: 'The token claims to have been issued in the future.',
      ERR_TOKEN_LIFETIME: 'The token lives longer than tokens of its issuer may.',
      ERR_TOKEN_ACTOR: 'The act claim does not identify its actors.',
      ERR_TOKEN_ACTOR_DEPTH: 'The act claim nests more actors than the limit.',
      ERR_TOKEN_CONFIRMATION: 'The cnf claim of the token demands a proof that is not verified here.',
      ERR_TOKEN_BOUND: 'The token is bound to a key, but was sent as a bearer token.',
      ERR_TOKEN_UNBOUND: 'The token was sent with the DPoP scheme, but is bound to no key.',
      ERR_TOKEN_BINDING: 'The proof was made with another key than the token is bound to.',
      ERR_TOKEN_CERTIFICATE_ABSENT: 'The token is bound to a certificate, and the request came without one.',
      ERR_TOKEN_CERTIFICATE_MISMATCH: 'The token is bound to another certificate than the one of the request.',
      ERR_TOKEN_SENDER_CONSTRAINT: 'The guard takes only tokens whose possession is proven in a stricter way.',
      ERR_TOKEN_REVOKED: 'The token was revoked here, by itself or with all tokens of whatever it belongs to.',
      ERR_TOKEN_INACTIVE: 'The issuer says that the token is not active.',
      ERR_TOKEN_CONTRADICTED: 'What the issuer says about the token differs from what is known of it.',
      ERR_TOKEN_STATUS: 'The guard demands the status of the token, and its issuer is not set up to be asked.',
    },
  },
  InvalidDpopProofError: {
    status: 401,
    title: 'Unauthorized',
    error: 'invalid_dpop_proof',
    description: 'The DPoP proof is not valid for this request. Send a new proof.',
    codes: {
      ERR_DPOP_ABSENT: 'The request has the DPoP scheme, but no DPoP field.',
      ERR_DPOP_REPEATED: 'The request has more than one DPoP field.',
      ERR_DPOP_MALFORMED:
        'The proof is not a compact JWS of strict base64url and JSON without repeated members, of at most 8 KiB.',
      ERR_DPOP_TYPE: 'The proof is not marked as a DPoP proof.',
      ERR_DPOP_CRITICAL: 'The proof demands a header extension.',
      ERR_DPOP_ALGORITHM: 'The proof is signed with an algorithm that is not allowed.',
      ERR_DPOP_KEY: 'The proof brings no public key that fits its algorithm.',
      ERR_DPOP_CLAIM: 'The proof lacks a claim, or one has the wrong type.',
      ERR_DPOP_METHOD: 'The proof was made for another method.',
      ERR_DPOP_URI: 'The proof was made for another URI.',
      ERR_DPOP_TOKEN: 'The proof was made for another access token.',
      ERR_DPOP_TIME: 'The proof was made too long ago, or in the future.',
      ERR_DPOP_SIGNATURE: 'The signature of the proof does not verify.',
      ERR_DPOP_REPLAYED: 'The proof was used before.',
    },
  },
  UseDpopNonceError: {
    status: 401,
    title: 'Unauthorized',
    error: 'use_dpop_nonce',
    description: 'The DPoP proof needs the nonce of this response.',
    codes: { ERR_DPOP_NONCE: 'The DPoP proof has no nonce of ours, or one that is too old.' },
  },
  InsufficientUserAuthenticationError: {
    status: 401,
    title: 'Unauthorized',
    error: 'insufficient_user_authentication',
    description: 'The user must authenticate again, or more strongly.',
    codes: { ERR_USER_AUTHENTICATION: 'The authentication behind the token is too weak or too old.' },
  },
  InsufficientScopeError: {
    status: 403,
    title: 'Forbidden',
    error: 'insufficient_scope',
    description: 'The access token lacks a scope. Get one with every scope that is named here.',
    codes: { ERR_SCOPE: 'The token lacks a scope that the guard requires.' },
  },
  ForbiddenError: {
    status: 403,
    title: 'Forbidden',
    // In the body only: a challenge would make clients step up for scopes that they already have.
    error: 'access_denied',
    description: 'The access token is valid, but the rules of this resource do not allow the request.',
    codes: { ERR_ALLOW: 'The allow rule of the guard did not grant the request.' },
  },
  TooManyRequestsError: {
    status: 429,
    title: 'Too Many Requests',
    error: undefined,
    description: 'Too many requests at once. Try again later.',
    codes: { ERR_HOLDER_LIMIT: 'One holder uses more than its share of a bounded resource.' },
  },
  UnavailableError: {
    status: 503,
    title: 'Service Unavailable',
    // Our outage is never `invalid_token`: the caller's token may be perfectly good.
    error: undefined,
    description: 'The access token cannot be checked right now. Try again later with the same token.',
    codes: {
      ERR_METADATA_UNAVAILABLE: 'The metadata of the issuer cannot be fetched.',
      ERR_METADATA_INVALID: 'The metadata of the issuer is not a document about this issuer.',
      ERR_KEYS_UNAVAILABLE: 'The keys of the issuer cannot be fetched.',
      ERR_KEYS_INVALID: 'The keys of the issuer are not a JSON Web Key Set of at most 100 keys.',
      ERR_DIRECTORY_UNAVAILABLE: 'The directory of issuers does not answer.',
      ERR_DIRECTORY_INVALID: 'The directory of issuers gives an issuer that cannot be used.',
      ERR_DIRECTORY_BUSY: 'Too many issuers that are not known yet are being looked up in the directory.',
      ERR_INTROSPECTION_ENDPOINT: 'The metadata of the issuer names no introspection endpoint that can be used.',
      ERR_INTROSPECTION_UNREACHABLE: 'The introspection endpoint cannot be reached.',
      ERR_INTROSPECTION_TIMEOUT: 'The introspection endpoint does not answer completely in time.',
      ERR_INTROSPECTION_REFUSED: 'The introspection endpoint does not accept the credentials of this API.',
      ERR_INTROSPECTION_STATUS: 'The introspection endpoint answers with another status than 200.',
      ERR_INTROSPECTION_MEDIA_TYPE: 'The introspection endpoint answers in another media type than was asked for.',
      ERR_INTROSPECTION_TRUNCATED: 'The answer of the introspection endpoint breaks off.',
      ERR_INTROSPECTION_TOO_LARGE: 'The answer of the introspection endpoint is larger than 256 KiB.',
      ERR_INTROSPECTION_INVALID: 'The answer of the introspection endpoint is not a JSON object with a boolean active.',
      ERR_INTROSPECTION_SIGNATURE:
        'The signed answer of the introspection endpoint is not one of the issuer for this API.',
      ERR_INTROSPECTION_BUSY: 'Too many tokens are to be asked about at the issuer.',
      ERR_REPLAY_STORE_UNAVAILABLE: 'The store of used proofs does not answer.',
      ERR_REPLAY_STORE_FULL: 'The replay store has no room for another proof.',
      ERR_REPLAY_STORE_FORGOTTEN:
        'The replay store has forgotten proofs of this age, and cannot tell whether this one was used.',
      ERR_REPLAY_STORE_EVICTS: 'The Redis of the replay store may forget proofs when its memory is full.',
      ERR_REPLAY_STORE_READ_ONLY: 'The Redis of the replay store takes no writes.',
      ERR_REPLAY_STORE_PERMISSION: 'The Redis of the replay store does not let us in, or not do what has to be done.',
      ERR_REPLAY_STORE_INFO: 'The Redis of the replay store does not say what has to be known of it.',
      ERR_REPLAY_STORE_CLOCK:
        'The clock of the replay store and the one of this process differ by more than the tolerance.',
      ERR_REVOCATIONS_FORGOTTEN:
        'The revocation list has forgotten entries that may be about this token, because the clock was set back.',
      ERR_REVOCATIONS_BEHIND: 'The revocation list does not know yet, or no longer, what other processes have revoked.',
      ERR_VERIFIER_CLOSED: 'The verifier has been closed.',
    },
  },
} as const;

/** The class of an answer: what a caller can observe of a refusal. */
export type AnswerClass = keyof typeof answers;

/** The codes of one class. */
export type CodeOf<Class extends AnswerClass> = Class extends AnswerClass
  ? Extract<keyof (typeof answers)[Class]['codes'], string>
  : never;

/** The stable name of one cause of a refusal. `docs/errors.md` has a heading for each. */
export type AuthErrorCode = CodeOf<AnswerClass>;
