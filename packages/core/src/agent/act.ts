import { InvalidTokenError } from '../errors.ts';
import { isJsonObject } from '../json.ts';

/**
 * The `act` claim (RFC 8693 §4.1), validated: every level is an object with a `sub`, and an `iss` only as a string.
 * Other members carry no meaning here; `scope`, `exp` or `aud` inside `act` grant and limit nothing.
 */
export interface ActClaim {
  readonly sub: string;
  readonly iss?: string;
  readonly act?: ActClaim;
  readonly [member: string]: unknown;
}

/** A party that acts. `iss` and `sub` together identify it; a client id never equals an `act` subject by itself. */
export interface Actor {
  readonly iss: string;
  readonly sub: string;
  /** `act`: named by the claim; `client`: the client of the token, because nobody else is named. */
  readonly source: 'act' | 'client';
}

/** @throws InvalidTokenError when a level is malformed, or when there are more levels than `maxDepth` */
export function parseAct(value: unknown, maxDepth: number): ActClaim | undefined {
  let depth = 0;
  for (let level = value; level !== undefined; level = level.act) {
    if (!isActLevel(level)) throw new InvalidTokenError('ERR_TOKEN_ACTOR');
    depth += 1;
    if (depth > maxDepth) throw new InvalidTokenError('ERR_TOKEN_ACTOR_DEPTH');
  }
  return value as ActClaim | undefined;
}

function isActLevel(value: unknown): value is { readonly act?: unknown } {
  if (!isJsonObject(value)) return false;
  const { sub, iss } = value;
  return isName(sub) && (iss === undefined || isName(iss));
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.isWellFormed();
}

/** The actors of a chain, the current one first. An actor without `iss` is one of the token's issuer. */
export function listActors(act: ActClaim | undefined, tokenIssuer: string): readonly Actor[] {
  const actors: Actor[] = [];
  for (let level = act; level !== undefined; level = level.act) {
    actors.push({ iss: level.iss ?? tokenIssuer, sub: level.sub, source: 'act' });
  }
  return actors;
}
