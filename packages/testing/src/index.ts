export {
  type CertifiedTestAgent,
  createTestAgent,
  type DpopTestAgent,
  type ProofOptions,
  type TestAgent,
  type TestAgentOptions,
} from './agent.ts';
export { createTestClock, type TestClock } from './clock.ts';
export { type TokenDefect, tokenDefects } from './defects.ts';
export type { ProofClaims, ProofRequest } from './dpop/proof.ts';
export { type ProofDefect, proofDefects } from './dpop/proof-defects.ts';
export { type IssuerFault, issuerFaults } from './faults.ts';
export {
  createTestIssuer,
  type IssuerEndpoint,
  type RecordedRequest,
  type RotateKeysOptions,
  type TestIssuer,
  type TestIssuerOptions,
  type TokenFormat,
  type TokenOptions,
} from './issuer.ts';
export type { MetadataKind } from './metadata.ts';
export { createTestCertificate, type TestCertificate, type TestCertificateOptions } from './mtls/certificate.ts';
export { type ForwardingDefect, forwardingDefects } from './mtls/forwarding-defects.ts';
export { type ReplayStoreRule, replayStoreRules } from './replay-store-rules.ts';
export type { TestResourceServer } from './resource-server.ts';
export type { SigningAlgorithm } from './signing-keys.ts';
export type { TokenClaims } from './token.ts';
