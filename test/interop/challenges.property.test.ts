import { extractWWWAuthenticateParams } from '@modelcontextprotocol/sdk/client/auth.js';
import fc from 'fast-check';
import * as oauth from 'oauth4webapi';
import { describe, expect, it } from 'vitest';
import { InsufficientScopeError, InvalidTokenError, MissingTokenError } from '../../packages/core/src/errors.ts';
import { buildChallenges, serializeChallenge } from '../../packages/core/src/http/challenge.ts';

/** A refusal as a client gets it: one field line for each challenge. */
function answer(challenges: readonly string[]): Response {
  const headers = new Headers();
  for (const challenge of challenges) headers.append('www-authenticate', challenge);
  return new Response(null, { status: 401, headers });
}

/** What oauth4webapi reads of a refusal. */
async function readByOauth4webapi(challenges: readonly string[]): Promise<readonly oauth.WWWAuthenticateChallenge[]> {
  const url = new URL('https://api.example');
  const options = { [oauth.customFetch]: async () => answer(challenges) };
  try {
    await oauth.protectedResourceRequest('token', 'GET', url, undefined, undefined, options);
  } catch (error) {
    if (error instanceof oauth.WWWAuthenticateChallengeError) return error.cause;
    throw error;
  }
  throw new Error('The client saw no challenge.');
}

describe('challenges that oauth4webapi reads', () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom('"', '\\', ',', '=', ' ', '", error="x', ', DPoP algs="', '\r\n', '\0', '\u{1F600}', '\uD800'),
      fc.nat(0xffff).map((code) => String.fromCharCode(code)),
      fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    ),
    maxLength: 12,
  });
  const names = ['realm', 'scope', 'error', 'error_description', 'resource_metadata', 'algs', 'x-1!'];
  const parameters = fc.dictionary(fc.constantFrom(...names), text, { minKeys: 1 });
  const challenge = fc.tuple(fc.constantFrom('Bearer', 'DPoP', 'X-Other'), parameters);

  it('say what was written, in as many challenges, with ? for what a field cannot hold [CHL-04 CHL-08 CHL-15]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(challenge, { minLength: 1, maxLength: 3 }), async (written) => {
        const read = await readByOauth4webapi(written.map(([scheme, values]) => serializeChallenge(scheme, values)));
        expect(read).toEqual(
          written.map(([scheme, values]) => ({
            scheme: scheme.toLowerCase(),
            parameters: Object.fromEntries(
              Object.entries(values).map(([name, value]) => [name, value.replace(/[^ -~]/g, '?')]),
            ),
          })),
        );
      }),
    );
  });
});

describe('challenges that the MCP SDK reads', () => {
  // It looks for `scope=` anywhere in the field, other values included: an equals sign there misleads it.
  const scopeToken = fc.string({
    unit: fc.constantFrom(...'azAZ09:/.,;!#$%*+[]^_`{|}~@?()&<>-'),
    minLength: 1,
    maxLength: 8,
  });
  const path = fc.string({ unit: fc.constantFrom(...'aZ0-._~!$*+,;:@/()'), maxLength: 12 });
  const error = fc.constantFrom(
    new MissingTokenError('ERR_TOKEN_ABSENT'),
    new InvalidTokenError('ERR_TOKEN_EXPIRED'),
    new InsufficientScopeError('ERR_SCOPE'),
  );

  it('say which error it is, which scopes are needed and where the metadata is [PRM-20 MCP-08 MCP-09]', () => {
    fc.assert(
      fc.property(error, fc.array(scopeToken, { maxLength: 4 }), path, (refusal, scopes, end) => {
        const resourceMetadata = `https://api.example/.well-known/oauth-protected-resource/${end}`;
        const offers = [{ scheme: 'Bearer' }] as const;
        const lines = buildChallenges(refusal, { offers, attempted: undefined, scopes, resourceMetadata });
        const { resourceMetadataUrl, ...said } = extractWWWAuthenticateParams(answer(lines));
        expect(resourceMetadataUrl?.href).toBe(new URL(resourceMetadata).href);
        expect(said).toEqual({
          error: refusal.error,
          scope: scopes.length === 0 ? undefined : scopes.join(' '),
        });
      }),
    );
  });
});
