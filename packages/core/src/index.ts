export type { ActClaim, Actor } from './agent/act.ts';
export type { Agent, AgentDescription, Confirmation } from './agent/agent.ts';
export { describeAgent, principalKey } from './agent/describe.ts';
export type { AnswerClass, AuthErrorCode } from './answers.ts';
export type { Decision, DecisionCheck, UnverifiedToken } from './decision.ts';
export type { Environment } from './environment.ts';
export {
  AuthError,
  type AuthErrorDetails,
  ConfigurationError,
  type ConfigurationIssue,
  ForbiddenError,
  InsufficientScopeError,
  InsufficientUserAuthenticationError,
  InvalidDpopProofError,
  InvalidRequestError,
  InvalidTokenError,
  MissingTokenError,
  RevocationError,
  type RevocationErrorCode,
  TooManyRequestsError,
  UnavailableError,
  UseDpopNonceError,
} from './errors.ts';
export type { CheckOutcome, Outcome } from './evaluation.ts';
export type { Problem, RenderProblem } from './http/refusal.ts';
export type { Endpoint, EndpointInput, HeaderLists, HttpRequest, HttpResponse } from './http/request.ts';
export type { IntrospectionHealth } from './introspection/introspector.ts';
export type { QuestionOptions } from './introspection/options.ts';
export type { JwsAlgorithm } from './issuer/algorithms.ts';
export type { ClaimMapping, Dialect } from './issuer/claim-mapping.ts';
export type { IssuerDirectory } from './issuer/directory.ts';
export type { ClientAuthentication, ClientSecret } from './issuer/introspection/client-authentication.ts';
export type { IntrospectionOptions } from './issuer/introspection/options.ts';
export { createIssuer } from './issuer/issuer.ts';
export type { JsonWebKeySet } from './issuer/json-web-keys.ts';
export type { KeySetHealth } from './issuer/key-set.ts';
export type { IssuerOptions, KeyOptions } from './issuer/options.ts';
export type { Issuer, IssuerHealth } from './issuer/trusted.ts';
export type { LimitOptions, VerifierOptions } from './options.ts';
export type { DpopOptions, NonceOptions, StoreOptions } from './proof/options.ts';
export { createMemoryReplayStore, type MemoryReplayStoreOptions } from './proof/replay-memory.ts';
export type { ReplayAnswer, ReplayProof, ReplayStore, StoreHealth } from './proof/replay-store.ts';
export type { Requirement, RequirementInput, Verdict } from './requirement/requirement.ts';
export type { ScopeHierarchy } from './requirement/scopes.ts';
export type { SenderConstraint } from './requirement/sender-constraint.ts';
export type { MetadataOptions } from './resource/options.ts';
export { createRevocationEndpoint, type RevocationEndpointOptions } from './revocation-endpoint.ts';
export {
  type NewRevocation,
  type Revocation,
  type RevocationTarget,
  readRevocation,
  writeRevocation,
} from './status/revocation.ts';
export {
  createRevocationList,
  type RevocationList,
  type RevocationListHealth,
  type RevocationListOptions,
  type RevocationPage,
} from './status/revocation-list.ts';
export type { RevocableToken } from './status/revocation-table.ts';
export type { Revocations } from './status/revocations.ts';
export type { TaskContext } from './token/claims.ts';
export { type CheckOptions, createVerifier, type Verifier, type VerifierHealth } from './verifier.ts';
