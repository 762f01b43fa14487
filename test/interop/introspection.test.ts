import { createVerifier, type HttpRequest, type Verifier, type VerifierOptions } from '@gatehouse/core';
import { createTestClock } from '@gatehouse/testing';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAuthorizationServer } from '../../examples/demo/authorization-server.mjs';

const resource = 'https://api.example.com';
const elsewhere = 'https://payroll.example.com';
const loopback = { [oauth.allowInsecureRequests]: true };

describe('opaque tokens that oidc-provider issues to oauth4webapi', () => {
  let server: Awaited<ReturnType<typeof startAuthorizationServer>>;
  let metadata: oauth.AuthorizationServer;
  const verifiers: Verifier[] = [];

  beforeAll(async () => {
    server = await startAuthorizationServer({
      resources: [
        { resource, scopes: ['read:data', 'write:data'], tokens: 'opaque' },
        { resource: elsewhere, scopes: ['read:data'], tokens: 'opaque' },
      ],
      clients: [
        {
          id: 'planner',
          grants: ['client_credentials'],
          may: { [resource]: ['read:data', 'write:data'], [elsewhere]: ['read:data'] },
        },
        { id: 'api', grants: [], may: {} },
      ],
    });
    const issuer = new URL(server.issuer);
    const discovery = { ...loopback, algorithm: 'oauth2' } as const;
    metadata = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, discovery));
  });
  afterAll(async () => {
    await Promise.all(verifiers.map((verifier) => verifier.close()));
    await server.close();
  });

  const planner = { client_id: 'planner' };
  const plannerAuthentication = () => oauth.ClientSecretBasic(server.secrets['planner'] ?? '');

  async function obtain(scope: string, audience = resource): Promise<string> {
    const parameters = { scope, resource: audience };
    const response = await oauth.clientCredentialsGrantRequest(
      metadata,
      planner,
      plannerAuthentication(),
      new URLSearchParams(parameters),
      loopback,
    );
    return (await oauth.processClientCredentialsResponse(metadata, planner, response)).access_token;
  }

  async function revoke(token: string): Promise<void> {
    const response = await oauth.revocationRequest(metadata, planner, plannerAuthentication(), token, loopback);
    await oauth.processRevocationResponse(response);
  }

  function guardBy(cacheSeconds: number, options: Partial<VerifierOptions> = {}, secret = server.secrets['api'] ?? '') {
    const clientAuthentication = { method: 'client_secret_basic', clientId: 'api', clientSecret: secret } as const;
    const issuers = [{ issuer: server.issuer, introspection: { clientAuthentication, cacheSeconds } }];
    const verifier = createVerifier({ resource, issuers, ...options });
    verifiers.push(verifier);
    return async (token: string, requirement = 'read:data') => {
      const request: HttpRequest = { method: 'GET', target: '/', headers: { authorization: [`Bearer ${token}`] } };
      return verifier.check(request, { requirement });
    };
  }

  it('are accepted for the resource and the scope that they were asked for [INT-01 INT-02 INT-05]', async () => {
    const check = guardBy(0);
    const token = await obtain('read:data');
    expect(token.split('.')).toHaveLength(1);
    expect(await check(token)).toMatchObject({
      outcome: 'accepted',
      agent: { iss: server.issuer, sub: 'planner', subjectType: 'client', actor: { sub: 'planner', source: 'client' } },
    });
    expect(await check(token, 'write:data')).toMatchObject({ error: { code: 'ERR_SCOPE' } });
  });

  it('are refused when another resource was asked for [INT-05]', async () => {
    expect(await guardBy(0)(await obtain('read:data', elsewhere))).toMatchObject({
      error: { code: 'ERR_TOKEN_AUDIENCE' },
      response: { status: 401 },
    });
  });

  it('are refused at once after they are revoked where every request asks [REV-01]', async () => {
    const check = guardBy(0);
    const token = await obtain('read:data');
    expect(await check(token)).toMatchObject({ outcome: 'accepted' });
    await revoke(token);
    expect(await check(token)).toMatchObject({ error: { code: 'ERR_TOKEN_INACTIVE' }, response: { status: 401 } });
  });

  it('are refused once the answer before it does not count any more [REV-01]', async () => {
    const clock = createTestClock(Date.now());
    const check = guardBy(10, { now: clock.now });
    const token = await obtain('read:data');
    expect(await check(token)).toMatchObject({ outcome: 'accepted' });
    await revoke(token);
    clock.advance(9.9);
    expect(await check(token)).toMatchObject({ outcome: 'accepted' });
    clock.advance(0.1);
    expect(await check(token)).toMatchObject({ error: { code: 'ERR_TOKEN_INACTIVE' } });
  });

  it('are not judged where this API has the wrong secret [INT-08]', async () => {
    const check = guardBy(0, {}, 'wrong');
    expect(await check(await obtain('read:data'))).toMatchObject({
      error: { code: 'ERR_INTROSPECTION_REFUSED' },
      response: { status: 503 },
    });
  });

  it('that nobody issued are refused [INT-04]', async () => {
    expect(await guardBy(0)('nobody-issued-this')).toMatchObject({ error: { code: 'ERR_TOKEN_INACTIVE' } });
  });
});
