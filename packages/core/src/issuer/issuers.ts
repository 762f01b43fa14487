import type { CompleteEnvironment } from '../environment.ts';
import { type DirectorySettings, openDirectory } from './directory.ts';
import { isTrustedIssuer, makeIssuer } from './issuer.ts';
import type { IssuerSettings } from './options.ts';
import type { TrustedIssuer, TrustedIssuers } from './trusted.ts';

/** Issuers that the options list, or a directory that finds them. */
export type IssuersSettings = readonly (IssuerSettings | TrustedIssuer)[] | DirectorySettings;

/** @param capacity how many issuers of a directory are kept at once */
export function createTrustedIssuers(
  source: IssuersSettings,
  environment: CompleteEnvironment,
  capacity: number,
): TrustedIssuers {
  return isList(source) ? listIssuers(source, environment) : openDirectory(source, environment, capacity);
}

/** `Array.isArray` does not know of arrays that cannot be changed. */
function isList(source: IssuersSettings): source is readonly (IssuerSettings | TrustedIssuer)[] {
  return Array.isArray(source);
}

function listIssuers(
  list: readonly (IssuerSettings | TrustedIssuer)[],
  environment: CompleteEnvironment,
): TrustedIssuers {
  const made: TrustedIssuer[] = [];
  const issuers = list.map((entry) => {
    if (isTrustedIssuer(entry)) return entry;
    const issuer = makeIssuer(entry, environment);
    made.push(issuer);
    return issuer;
  });
  const opaque = issuers.filter(({ introspection }) => introspection?.opaqueTokens === 'accept');
  const byIdentifier = new Map(issuers.map((issuer) => [issuer.issuer, issuer]));
  return {
    find: (iss) => byIdentifier.get(iss),
    findOpaque: (token) => opaque.find(({ introspection }) => token.startsWith(introspection?.tokenPrefix ?? '')),
    canAsk: issuers.some(({ introspection }) => introspection !== undefined),
    isCurrent: () => true,
    advertised: [...byIdentifier.keys()],
    async ready() {
      await Promise.all(issuers.map((issuer) => issuer.ready()));
    },
    health: () => issuers.map((issuer) => issuer.health()),
    close() {
      for (const issuer of made) issuer.close();
    },
  };
}
