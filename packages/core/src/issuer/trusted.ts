import type { JwsAlgorithm } from './algorithms.ts';
import type { KeySet, KeySetHealth } from './key-set.ts';
import type { IssuerSettings } from './options.ts';

/** An authorization server whose tokens are accepted, with its keys. Several verifiers may share one. */
export interface Issuer {
  /** Its identifier, byte for byte. */
  readonly issuer: string;
  /** Resolves when its keys are loaded. @throws UnavailableError */
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
}

/** The issuers that one verifier trusts. */
export interface TrustedIssuers {
  /**
   * The one with exactly this identifier; undefined where there is none. No network is asked about any other.
   *
   * @throws UnavailableError when a directory cannot tell
   */
  find(iss: string): TrustedIssuer | undefined | Promise<TrustedIssuer | undefined>;
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
