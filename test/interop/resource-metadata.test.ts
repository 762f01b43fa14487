import { createGatehouse } from '@gatehouse/express';
import {
  discoverOAuthProtectedResourceMetadata,
  extractWWWAuthenticateParams,
} from '@modelcontextprotocol/sdk/client/auth.js';
import express from 'express';
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, serve } from '../metadata/serve.ts';

const issuer = 'https://as.example';
const resources = [
  { path: '', route: '/data' },
  { path: '/v2', route: '/v2/data' },
  { path: '/v2/', route: '/v2/items/data' },
];
const loopback = { [oauth.allowInsecureRequests]: true };

describe('the metadata that Express serves', () => {
  let server: RunningServer;

  beforeAll(async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'metadata', use: 'sig' };
    server = await serve((origin) => {
      const app = express();
      const apis = resources.map(({ path, route }) => ({
        route,
        ...createGatehouse({
          resource: `${origin}${path}`,
          issuers: [issuer],
          metadata: {
            name: `API at "${path}"`,
            documentation: `${origin}/docs#start`,
            policy: `${origin}/policy`,
            termsOfService: `${origin}/terms`,
            scopes: ['read:data'],
            jwksUri: `${origin}/jwks`,
            signingAlgorithms: ['ES256'],
            authorizationDetailsTypes: ['payment_initiation'],
            other: { 'resource_name#it': 'La API', 'x-plan': { name: 'beta' } },
            sign: (claims) =>
              new SignJWT(claims)
                .setProtectedHeader({ alg: 'ES256', kid: 'metadata' })
                .setIssuedAt()
                .setExpirationTime('1d')
                .sign(privateKey),
          },
        }),
      }));
      for (const { resourceMetadata } of apis) app.use(resourceMetadata());
      app.get('/jwks', (_req, res) => void res.json({ keys: [jwk] }));
      for (const { route, requireAgent } of apis) app.get(route, requireAgent());
      return app;
    });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** What the document for a path says, but for its signature. */
  const expected = (path: string) => ({
    resource: `${server.origin}${path}`,
    authorization_servers: [issuer],
    jwks_uri: `${server.origin}/jwks`,
    scopes_supported: ['read:data'],
    bearer_methods_supported: ['header'],
    resource_signing_alg_values_supported: ['ES256'],
    resource_name: `API at "${path}"`,
    resource_documentation: `${server.origin}/docs#start`,
    resource_policy_uri: `${server.origin}/policy`,
    resource_tos_uri: `${server.origin}/terms`,
    authorization_details_types_supported: ['payment_initiation'],
    dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519', 'PS256'],
    'resource_name#it': 'La API',
    'x-plan': { name: 'beta' },
  });

  async function discover(path: string): Promise<oauth.ResourceServer> {
    const identifier = new URL(`${server.origin}${path}`);
    return oauth.processResourceDiscoveryResponse(
      identifier,
      await oauth.resourceDiscoveryRequest(identifier, loopback),
    );
  }

  it.each(resources)(
    'is found by oauth4webapi from the resource "$path" alone [PRM-01 PRM-03 PRM-04 PRM-07]',
    async ({ path }) => {
      const { signed_metadata: jwt, ...members } = await discover(path);
      expect(members).toEqual(expected(path));
      expect(jwt).toBeTypeOf('string');
    },
  );

  it('is found nowhere by oauth4webapi for a resource that is not there [PRM-05]', async () => {
    for (const path of ['/v3', '/v2/data', '/data']) await expect(discover(path)).rejects.toThrow('status code');
  });

  // Which drops the slash at the end of the third one before it asks, and so finds the second.
  it.each(resources.slice(0, 2))(
    'is found by the client of the MCP SDK from the resource "$path" alone [PRM-01 MCP-01]',
    async ({ path }) => {
      const found = await discoverOAuthProtectedResourceMetadata(`${server.origin}${path}`);
      expect(found).toMatchObject(expected(path));
    },
  );

  it.each(resources)(
    'is found by the client of the MCP SDK from the challenge of $route [PRM-20 MCP-02]',
    async ({ path, route }) => {
      const response = await fetch(server.origin + route);
      expect(response.status).toBe(401);
      const resourceMetadataUrl = String(extractWWWAuthenticateParams(response).resourceMetadataUrl);
      const found = await discoverOAuthProtectedResourceMetadata(server.origin + route, { resourceMetadataUrl });
      expect(found).toMatchObject(expected(path));
    },
  );

  it.each(resources)('says under its signature for "$path" what it says in the open [PRM-15]', async ({ path }) => {
    const { signed_metadata: jwt, ...members } = await discover(path);
    const keys = createRemoteJWKSet(new URL(String(members.jwks_uri)));
    const { payload } = await jwtVerify(String(jwt), keys, { issuer: members.resource, algorithms: ['ES256'] });
    const { iss, iat, exp, ...claims } = payload;
    expect(claims).toEqual(members);
    expect(Number(exp) - Number(iat)).toBe(86_400);
  });
});
