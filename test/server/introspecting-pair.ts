import type { Answer } from './http.ts';
import { type Pair, startPair } from './pair.ts';
import type { Environment } from './start.ts';

/** A contract server that asks about every token, and an authorization server whose tokens are opaque. */
export function startIntrospectingPair(environment: Environment = {}): Promise<Pair> {
  const credentials = { INTROSPECTION_CLIENT_ID: 'rs', INTROSPECTION_CLIENT_SECRET: 'rs-secret' };
  // The usual second is short for a machine that is busy with other tests.
  const patience = { INTROSPECTION_TIMEOUT_MS: '5000' };
  return startPair(
    { TOKEN_MODE: 'introspect', ...credentials, ...patience, ...environment },
    { tokenFormat: 'opaque', resourceServer: { clientId: 'rs', secrets: ['rs-secret'] } },
  );
}

export function presentTo(pair: Pair, token: string, path = '/read'): Promise<Answer> {
  return pair.send(path, undefined, { lines: ['authorization', `Bearer ${token}`] });
}

/** How often the authorization server was asked about a token. */
export function questionsOf({ issuer: { requests, introspectionUri } }: Pair): number {
  return requests.filter(({ path }) => introspectionUri.endsWith(path)).length;
}
