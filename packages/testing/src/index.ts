export { createTestAgent, type TestAgent } from './agent.ts';
export { createTestClock, type TestClock } from './clock.ts';
export { type TokenDefect, tokenDefects } from './defects.ts';
export { type IssuerFault, issuerFaults } from './faults.ts';
export {
  createTestIssuer,
  type RecordedRequest,
  type RotateKeysOptions,
  type TestIssuer,
  type TestIssuerOptions,
  type TokenOptions,
} from './issuer.ts';
export type { MetadataKind } from './metadata.ts';
export type { SigningAlgorithm } from './signing-keys.ts';
export type { TokenClaims } from './token.ts';
