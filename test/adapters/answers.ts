/** A request, and the answer to it byte for byte: as `textOf` of exchange.ts writes it. */
export interface ExpectedAnswer {
  readonly title: string;
  /** Request line and field lines; `{…}` stands for the token of that name. */
  readonly request: readonly string[];
  readonly answer: string;
}

const metadata = 'https://api.example/.well-known/oauth-protected-resource/v2';
const alice = 'Authorization: Bearer {alice}';

const noToken = `HTTP/1.1 401 Unauthorized
www-authenticate: Bearer scope="read:data", resource_metadata="${metadata}"
www-authenticate: DPoP scope="read:data", resource_metadata="${metadata}", algs="ES256 EdDSA Ed25519 PS256"
cache-control: no-store
content-type: application/problem+json
content-length: 267

`;
const noTokenBody = `{"type":"about:blank","title":"Unauthorized","status":401,"detail":"An access token is needed. Get one from an authorization server named in the resource metadata.","scope":"read:data","resource_metadata":"${metadata}"}`;

const invalidToken = `HTTP/1.1 401 Unauthorized
www-authenticate: Bearer error="invalid_token", error_description="The access token is not valid here, or no longer. Get a new one for this resource.", scope="read:data", resource_metadata="${metadata}"
www-authenticate: DPoP scope="read:data", resource_metadata="${metadata}", algs="ES256 EdDSA Ed25519 PS256"
cache-control: no-store
content-type: application/problem+json
content-length: 278

{"type":"about:blank","title":"Unauthorized","status":401,"detail":"The access token is not valid here, or no longer. Get a new one for this resource.","error":"invalid_token","scope":"read:data","resource_metadata":"${metadata}"}`;

const invalidRequest = `HTTP/1.1 400 Bad Request
www-authenticate: Bearer error="invalid_request", error_description="The request carries its credentials in a form that cannot be read. Send one Authorization field.", scope="read:data", resource_metadata="${metadata}"
www-authenticate: DPoP error="invalid_request", error_description="The request carries its credentials in a form that cannot be read. Send one Authorization field.", scope="read:data", resource_metadata="${metadata}", algs="ES256 EdDSA Ed25519 PS256"
cache-control: no-store
content-type: application/problem+json
content-length: 293

`;
const invalidRequestBody = `{"type":"about:blank","title":"Bad Request","status":400,"detail":"The request carries its credentials in a form that cannot be read. Send one Authorization field.","error":"invalid_request","scope":"read:data","resource_metadata":"${metadata}"}`;

/** What requests cause by themselves. */
export const refusedRequests: readonly ExpectedAnswer[] = [
  { title: 'GET without a token', request: ['GET /data'], answer: noToken + noTokenBody },
  { title: 'HEAD without a token: the same, without the body', request: ['HEAD /data'], answer: noToken },
  { title: 'OPTIONS without a token, a preflight too', request: ['OPTIONS /any'], answer: noToken + noTokenBody },
  { title: 'DELETE without a token', request: ['DELETE /any'], answer: noToken + noTokenBody },
  { title: 'GET where the handler checks', request: ['GET /checked'], answer: noToken + noTokenBody },
  { title: 'GET below a mounted application', request: ['GET /v1/data'], answer: noToken + noTokenBody },
  {
    title: 'another scheme, and a token in another field',
    request: ['GET /data', 'Authorization: Basic YWxpY2U6c2VjcmV0', 'Proxy-Authorization: Bearer {alice}'],
    answer: noToken + noTokenBody,
  },
  { title: 'a bad token', request: ['GET /data', 'Authorization: Bearer {foreign}'], answer: invalidToken },
  {
    title: 'a bad token that is optional',
    request: ['GET /optional', 'Authorization: Bearer x'],
    answer: invalidToken,
  },
  {
    title: 'a token that is bound to a certificate, on a connection without one',
    request: ['GET /data', 'Authorization: Bearer {certified}'],
    answer: invalidToken,
  },
  {
    title: 'a certificate in a field, of anyone but a trusted proxy',
    request: ['GET /data', 'Authorization: Bearer {certified}', 'Client-Cert: {field}'],
    answer: invalidToken,
  },
  {
    title: 'repeated fields',
    request: ['GET /data', alice, 'authorization: Bearer {bob}'],
    answer: invalidRequest + invalidRequestBody,
  },
  { title: 'repeated fields of HEAD', request: ['HEAD /data', alice, alice], answer: invalidRequest },
  {
    title: 'a scope that is missing',
    request: ['GET /both', alice],
    answer: `HTTP/1.1 403 Forbidden
www-authenticate: Bearer error="insufficient_scope", error_description="The access token lacks a scope. Get one with every scope that is named here.", scope="read:data write:data", resource_metadata="${metadata}"
www-authenticate: DPoP scope="read:data write:data", resource_metadata="${metadata}", algs="ES256 EdDSA Ed25519 PS256"
cache-control: no-store
content-type: application/problem+json
content-length: 285

{"type":"about:blank","title":"Forbidden","status":403,"detail":"The access token lacks a scope. Get one with every scope that is named here.","error":"insufficient_scope","scope":"read:data write:data","resource_metadata":"${metadata}"}`,
  },
  {
    title: 'a scope that the second of two stacked guards misses',
    request: ['GET /stacked/admin', alice],
    answer: `HTTP/1.1 403 Forbidden
www-authenticate: Bearer error="insufficient_scope", error_description="The access token lacks a scope. Get one with every scope that is named here.", scope="read:data admin", resource_metadata="${metadata}"
www-authenticate: DPoP scope="read:data admin", resource_metadata="${metadata}", algs="ES256 EdDSA Ed25519 PS256"
cache-control: no-store
content-type: application/problem+json
content-length: 280

{"type":"about:blank","title":"Forbidden","status":403,"detail":"The access token lacks a scope. Get one with every scope that is named here.","error":"insufficient_scope","scope":"read:data admin","resource_metadata":"${metadata}"}`,
  },
  {
    title: 'a rule that does not grant',
    request: ['GET /owned/bob', alice],
    answer: `HTTP/1.1 403 Forbidden
www-authenticate: Bearer resource_metadata="${metadata}"
www-authenticate: DPoP resource_metadata="${metadata}", algs="ES256 EdDSA Ed25519 PS256"
cache-control: no-store
content-type: application/problem+json
content-length: 256

{"type":"about:blank","title":"Forbidden","status":403,"detail":"The access token is valid, but the rules of this resource do not allow the request.","error":"access_denied","resource_metadata":"${metadata}"}`,
  },
];

/** One for each class of refusal, in the order of `refusalClasses`: a rule throws it. */
export const refusals: Readonly<Record<string, string>> = {
  MissingTokenError: `HTTP/1.1 401 Unauthorized
www-authenticate: Bearer resource_metadata="${metadata}"
www-authenticate: DPoP resource_metadata="${metadata}", algs="ES256 EdDSA Ed25519 PS256"
cache-control: no-store
content-type: application/problem+json
content-length: 247

{"type":"about:blank","title":"Unauthorized","status":401,"detail":"An access token is needed. Get one from an authorization server named in the resource metadata.","resource_metadata":"${metadata}"}`,
  InvalidRequestError: `HTTP/1.1 400 Bad Request
www-authenticate: Bearer error="invalid_request", error_description="The request carries its credentials in a form that cannot be read. Send one Authorization field.", resource_metadata="${metadata}"
www-authenticate: DPoP resource_metadata="${metadata}", algs="ES256 EdDSA Ed25519 PS256"
cache-control: no-store
content-type: application/problem+json
content-length: 273

{"type":"about:blank","title":"Bad Request","status":400,"detail":"The request carries its credentials in a form that cannot be read. Send one Authorization field.","error":"invalid_request","resource_metadata":"${metadata}"}`,
  InvalidTokenError: `HTTP/1.1 401 Unauthorized
www-authenticate: Bearer error="invalid_token", error_description="The access token is not valid here, or no longer. Get a new one for this resource.", resource_metadata="${metadata}"
www-authenticate: DPoP resource_metadata="${metadata}", algs="ES256 EdDSA Ed25519 PS256"
cache-control: no-store
content-type: application/problem+json
content-length: 258

{"type":"about:blank","title":"Unauthorized","status":401,"detail":"The access token is not valid here, or no longer. Get a new one for this resource.","error":"invalid_token","resource_metadata":"${metadata}"}`,
  InvalidDpopProofError: `HTTP/1.1 401 Unauthorized
www-authenticate: Bearer error="invalid_dpop_proof", error_description="The DPoP proof is not valid for this request. Send a new proof.", resource_metadata="${metadata}"
www-authenticate: DPoP resource_metadata="${metadata}", algs="ES256 EdDSA Ed25519 PS256"
cache-control: no-store
content-type: application/problem+json
content-length: 244

{"type":"about:blank","title":"Unauthorized","status":401,"detail":"The DPoP proof is not valid for this request. Send a new proof.","error":"invalid_dpop_proof","resource_metadata":"${metadata}"}`,
  UseDpopNonceError: `HTTP/1.1 401 Unauthorized
www-authenticate: Bearer error="use_dpop_nonce", error_description="The DPoP proof needs the nonce of this response.", resource_metadata="${metadata}"
www-authenticate: DPoP resource_metadata="${metadata}", algs="ES256 EdDSA Ed25519 PS256"
cache-control: no-store
content-type: application/problem+json
content-length: 225

{"type":"about:blank","title":"Unauthorized","status":401,"detail":"The DPoP proof needs the nonce of this response.","error":"use_dpop_nonce","resource_metadata":"${metadata}"}`,
  InsufficientUserAuthenticationError: `HTTP/1.1 401 Unauthorized
www-authenticate: Bearer error="insufficient_user_authentication", error_description="The user must authenticate again, or more strongly.", acr_values="mfa", max_age="300", resource_metadata="${metadata}"
www-authenticate: DPoP resource_metadata="${metadata}", algs="ES256 EdDSA Ed25519 PS256"
cache-control: no-store
content-type: application/problem+json
content-length: 246

{"type":"about:blank","title":"Unauthorized","status":401,"detail":"The user must authenticate again, or more strongly.","error":"insufficient_user_authentication","resource_metadata":"${metadata}"}`,
  InsufficientScopeError: `HTTP/1.1 403 Forbidden
www-authenticate: Bearer error="insufficient_scope", error_description="The access token lacks a scope. Get one with every scope that is named here.", resource_metadata="${metadata}"
www-authenticate: DPoP resource_metadata="${metadata}", algs="ES256 EdDSA Ed25519 PS256"
cache-control: no-store
content-type: application/problem+json
content-length: 254

{"type":"about:blank","title":"Forbidden","status":403,"detail":"The access token lacks a scope. Get one with every scope that is named here.","error":"insufficient_scope","resource_metadata":"${metadata}"}`,
  ForbiddenError: `HTTP/1.1 403 Forbidden
www-authenticate: Bearer resource_metadata="${metadata}"
www-authenticate: DPoP resource_metadata="${metadata}", algs="ES256 EdDSA Ed25519 PS256"
cache-control: no-store
content-type: application/problem+json
content-length: 256

{"type":"about:blank","title":"Forbidden","status":403,"detail":"The access token is valid, but the rules of this resource do not allow the request.","error":"access_denied","resource_metadata":"${metadata}"}`,
  TooManyRequestsError: `HTTP/1.1 429 Too Many Requests
retry-after: 7
cache-control: no-store
content-type: application/problem+json
content-length: 118

{"type":"about:blank","title":"Too Many Requests","status":429,"detail":"Too many requests at once. Try again later."}`,
  UnavailableError: `HTTP/1.1 503 Service Unavailable
retry-after: 7
cache-control: no-store
content-type: application/problem+json
content-length: 159

{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"The access token cannot be checked right now. Try again later with the same token."}`,
};

const document = `HTTP/1.1 200 OK
access-control-allow-origin: *
cache-control: public, max-age=3600
etag: "ibg74j5tYonbU0x6PNJNvEJbp2wCIOgZ26UUjuT5kfE"
content-type: application/json
content-length: 229

`;
const notAllowed = `HTTP/1.1 405 Method Not Allowed
access-control-allow-origin: *
allow: GET, HEAD, OPTIONS
content-length: 0

`;
const path = '/.well-known/oauth-protected-resource/v2';

/** The metadata document, which anybody may read. */
export const metadataAnswers: readonly ExpectedAnswer[] = [
  {
    title: 'GET',
    request: [`GET ${path}?a=b`],
    answer: `${document}{"resource":"https://api.example/v2","authorization_servers":["https://auth.example"],"scopes_supported":["read:data"],"bearer_methods_supported":["header"],"dpop_signing_alg_values_supported":["ES256","EdDSA","Ed25519","PS256"]}`,
  },
  { title: 'HEAD', request: [`HEAD ${path}`], answer: document },
  { title: 'a target in absolute form', request: [`HEAD https://api.example${path}?a=b`], answer: document },
  {
    title: 'OPTIONS',
    request: [`OPTIONS ${path}`],
    answer: `HTTP/1.1 204 No Content
access-control-allow-origin: *
access-control-allow-methods: GET, HEAD, OPTIONS
access-control-allow-headers: *
allow: GET, HEAD, OPTIONS

`,
  },
  { title: 'POST', request: [`POST ${path}`], answer: notAllowed },
  { title: 'DELETE', request: [`DELETE ${path}`], answer: notAllowed },
];
