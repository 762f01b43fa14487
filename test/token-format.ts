import type { IssuerOptions } from '@gatehouse/core';
import { createTestIssuer, type TestIssuer, type TestIssuerOptions, type TokenFormat } from '@gatehouse/testing';

let format: TokenFormat = 'jwt';

/** What tests that import their issuers from here are run with, from now on: before they are imported themselves. */
export function useTokenFormat(chosen: TokenFormat): void {
  format = chosen;
}

/** What the tokens of these issuers look like. */
export function tokenFormat(): TokenFormat {
  return format;
}

/** An issuer for tests that are about tokens of any kind. */
export function startIssuer(options: TestIssuerOptions): Promise<TestIssuer> {
  return createTestIssuer({ tokenFormat: format, ...options });
}

/** The options of a verifier for such an issuer. */
export function trust({ issuer, introspection }: TestIssuer): IssuerOptions {
  return format === 'jwt' ? { issuer } : { issuer, introspection: { ...introspection, cacheSeconds: 0 } };
}
