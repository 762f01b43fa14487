import type { TaskContext } from '../token/claims.ts';
import type { ActClaim, Actor } from './act.ts';

/**
 * The verified caller as a whole: who acts, for whom, through whom, with what authority. Deeply frozen. In JSON and in
 * `util.inspect` it is its description, so that a log line never spills the other claims of the token.
 */
export interface Agent {
  /** Whose authority is used. Meaningful only together with `iss`. */
  readonly sub: string;
  /** The issuer of the token, byte for byte as the options name it. */
  readonly iss: string;
  /** `client` when the client acts for itself: its id is the subject (RFC 9068 §5), or the mapping of its issuer finds so. */
  readonly subjectType: 'user' | 'client';
  /** `client_id`, or what takes its place by the mapping of the issuer: who got the token. */
  readonly clientId: string;
  /** Who acts now: the outermost `act`, else the client. With the subject it alone decides access (RFC 8693 §4.1). */
  readonly actor: Actor;
  /** The `act` claim, validated and nested as in the token: `agent.act?.act?.sub`. Delegated means that it is there. */
  readonly act: ActClaim | undefined;
  /** Who acted before, newest first. Evidence for audits; it grants nothing. */
  readonly priorActors: readonly Actor[];
  /** The scopes that the token names, without those that a scope hierarchy adds. */
  readonly scopes: ReadonlySet<string>;
  /**
   * How the caller proved that the token is its own. `none`: it is a bearer token. `dpop`: by a proof with the key of the
   * thumbprint `jkt` (RFC 9449). `mtls`: by its certificate, whose SHA-256 is `thumbprint` (RFC 8705). `dpop+mtls`: by both.
   */
  readonly confirmation: Confirmation;
  /** The login session behind the token: `sid`, or what takes its place. Undefined where the token names none. */
  readonly session: string | undefined;
  /** What the token was issued for: task, purpose, transaction, customer, as far as the mapping of the issuer finds them. */
  readonly task: TaskContext;
  /** The `jti` of the token, or what takes its place. Undefined where the mapping says that tokens of the issuer have none. */
  readonly tokenId: string | undefined;
  /** `iat`; a new `Date` for each reader, because a `Date` cannot be frozen. */
  readonly issuedAt: Date;
  /** `exp`, without the clock tolerance; a new `Date` for each reader. */
  readonly expiresAt: Date;
  /** Every claim of the token. */
  readonly claims: Readonly<Record<string, unknown>>;
  toJSON(): AgentDescription;
}

/** How possession of the token was proven. */
export type Confirmation =
  | { readonly method: 'none' }
  | { readonly method: 'dpop'; readonly jkt: string }
  | { readonly method: 'mtls'; readonly thumbprint: string }
  | { readonly method: 'dpop+mtls'; readonly jkt: string; readonly thumbprint: string };

/** Who, for whom, through whom, proven how: what a log line may say of an agent. No token and no other claims. */
export interface AgentDescription {
  readonly iss: string;
  readonly sub: string;
  readonly subjectType: 'user' | 'client';
  readonly clientId: string;
  readonly actor: Actor;
  readonly priorActors: readonly Actor[];
  readonly scopes: readonly string[];
  readonly confirmation: Confirmation['method'];
  readonly session?: string;
  /** Where the token says anything of it. */
  readonly task?: TaskContext;
}
