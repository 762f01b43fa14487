import type { IntrospectionHealth } from '../introspection/introspector.ts';
import type { JwsAlgorithm } from './algorithms.ts';
import type { IssuerIntrospection } from './introspection/create.ts';
import type { KeySet, KeySetHealth } from './key-set.ts';
import type { IssuerSettings } from './options.ts';

/** An authorization server whose tokens are accepted, with its keys. Several verifiers may share one. */
export interface Issuer {
  /** Its identifier, byte for byte. */
  readonly issuer: string;
  /** Resolves when its keys are loaded, and it is known where it can be asked about tokens. @throws UnavailableError */
  ready(): Promise<void>;
  /** What is known of it. Asks nobody. */
  health(): IssuerHealth;
  /** Ends what is under way; nothing is fetched any more. A verifier closes the issuers that it made, no others. */
  close(): void;
}

/** The state of one issuer, as this process knows it. */
export interface IssuerHealth {
  readonly issuer: string;
  readonly keys: KeySetHealth;
  /** Absent where it is never asked about tokens. */
  readonly introspection?: IntrospectionHealth;
}

/** An issuer, as verifiers know it. */
export interface TrustedIssuer extends Issuer {
  /** The audiences that are ours in its tokens; the resource itself where it sets none. */
  readonly audiences: readonly string[] | undefined;
  readonly tokenProfile: IssuerSettings['tokenProfile'];
  readonly claims: IssuerSettings['claims'];
  readonly maxTokenLifetimeSeconds: number;
  readonly algorithms: readonly JwsAlgorithm[];
  readonly keys: KeySet;
  /** How it is asked about tokens; undefined where it cannot be. */
  readonly introspection: IssuerIntrospection | undefined;
  readonly recheckSeconds: number | undefined;
}

/** The issuers that one verifier trusts. */
export interface TrustedIssuers {
  /**
   * The one with exactly this identifier; undefined where there is none. No network is asked about any other.
   *
   * @throws UnavailableError when a directory cannot tell
   */
  find(iss: string): TrustedIssuer | undefined | Promise<TrustedIssuer | undefined>;
  /** The one that takes an opaque token, by how the token begins; undefined where nobody does. */
  findOpaque(token: string): TrustedIssuer | undefined;
  /** False where it is known that no issuer can be asked about its tokens. */
  readonly canAsk: boolean;
  /** True while this issuer is the one that `find` would give, as far as is known without waiting. */
  isCurrent(issuer: TrustedIssuer): boolean;
  /** Identifiers for the metadata of the resource. */
  readonly advertised: readonly string[];
  /** Resolves when the keys of every listed issuer are loaded. A directory lists none. @throws UnavailableError */
  ready(): Promise<void>;
  health(): readonly IssuerHealth[];
  /** Closes what was made here. */
  close(): void;
}
