import type { IssuerSettings } from '../options.ts';
import type { TrustedIssuer } from '../trusted.ts';
import { listSecretHashes } from './secrets.ts';

/** What is wrong with one of several issuers, because of another. */
export interface IntrospectionConflict {
  readonly index: number;
  /** Within its `introspection`. */
  readonly path: readonly string[];
  readonly message: string;
}

/** What of the introspection of an issuer must agree with that of others, whether the issuer is made already or not. */
interface Terms {
  readonly index: number;
  readonly takesOpaque: boolean;
  readonly prefix: string;
  readonly secretHashes: readonly string[];
}

/**
 * Issuers that cannot be trusted together: a secret that two are shown is known to either, which could ask the other in our
 * name; and an opaque token that two could take would tell one of them about the tokens of the other.
 */
export function findIntrospectionConflicts(
  issuers: readonly (IssuerSettings | TrustedIssuer)[],
): readonly IntrospectionConflict[] {
  const all = issuers.flatMap((issuer, index) => readTerms(issuer, index) ?? []);
  return all.flatMap((terms, position) => {
    const { index } = terms;
    const before = all.slice(0, position);
    const conflicts: IntrospectionConflict[] = [];
    if (before.some((other) => other.secretHashes.some((hash) => terms.secretHashes.includes(hash)))) {
      const message = 'must not be shared with another issuer: each could use it in your name at the other';
      conflicts.push({ index, path: ['clientAuthentication', 'clientSecret'], message });
    }
    if (before.some((other) => areConfusable(terms, other))) {
      const message =
        "must tell the opaque tokens of this issuer from those of the others: give each its own, or set opaqueTokens to 'refuse'";
      conflicts.push({ index, path: ['tokenPrefix'], message });
    }
    return conflicts;
  });
}

function readTerms({ introspection }: IssuerSettings | TrustedIssuer, index: number): Terms | undefined {
  if (introspection === undefined) return undefined;
  const { opaqueTokens, tokenPrefix: prefix = '' } = introspection;
  const secretHashes =
    'secretHashes' in introspection ? introspection.secretHashes : listSecretHashes(introspection.clientAuthentication);
  return { index, takesOpaque: opaqueTokens === 'accept', prefix, secretHashes };
}

/** Where one prefix begins with the other, a token begins with both. */
function areConfusable(one: Terms, other: Terms): boolean {
  const isOverlap = one.prefix.startsWith(other.prefix) || other.prefix.startsWith(one.prefix);
  return one.takesOpaque && other.takesOpaque && isOverlap;
}
