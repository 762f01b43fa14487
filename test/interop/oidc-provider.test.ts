import { createVerifier, type HttpRequest, type Verifier } from '@gatehouse/core';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAuthorizationServer } from '../../examples/demo/authorization-server.mjs';

const resource = 'https://api.example.com';
const elsewhere = 'https://payroll.example.com';
const loopback = { [oauth.allowInsecureRequests]: true };

describe('tokens that oidc-provider issues to oauth4webapi', () => {
  let server: Awaited<ReturnType<typeof startAuthorizationServer>>;
  let metadata: oauth.AuthorizationServer;
  let verifier: Verifier;

  beforeAll(async () => {
    server = await startAuthorizationServer({
      resources: [
        { resource, scopes: ['read:data', 'write:data'] },
        { resource: elsewhere, scopes: ['read:data'] },
      ],
      clients: [
        {
          id: 'planner',
          grants: ['client_credentials'],
          may: { [resource]: ['read:data', 'write:data'], [elsewhere]: ['read:data'] },
        },
        { id: 'helper', grants: ['token_exchange'], may: { [resource]: ['read:data'] } },
      ],
    });
    const issuer = new URL(server.issuer);
    const discovery = { ...loopback, algorithm: 'oauth2' } as const;
    metadata = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, discovery));
    verifier = createVerifier({ resource, issuers: [server.issuer] });
  });
  afterAll(async () => {
    await verifier.close();
    await server.close();
  });

  async function obtain(client: string, grant: string, parameters: Record<string, string>): Promise<string> {
    const authentication = oauth.ClientSecretBasic(server.secrets[client] ?? '');
    const who = { client_id: client };
    const response = await oauth.genericTokenEndpointRequest(
      metadata,
      who,
      authentication,
      grant,
      parameters,
      loopback,
    );
    return (await oauth.processGenericTokenEndpointResponse(metadata, who, response)).access_token;
  }
  const obtainOwn = (parameters: Record<string, string>) => obtain('planner', 'client_credentials', parameters);
  const exchange = (subjectToken: string) =>
    obtain('helper', 'urn:ietf:params:oauth:grant-type:token-exchange', {
      subject_token: subjectToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      resource,
      scope: 'read:data',
    });
  const present = (token: string, requirement: string) => {
    const request: HttpRequest = { method: 'GET', target: '/', headers: { authorization: [`Bearer ${token}`] } };
    return verifier.check(request, { requirement });
  };

  it('are accepted for the resource that they were asked for', async () => {
    const outcome = await present(await obtainOwn({ resource, scope: 'read:data' }), 'read:data');
    expect(outcome).toMatchObject({
      outcome: 'accepted',
      agent: { iss: server.issuer, sub: 'planner', subjectType: 'client', actor: { sub: 'planner', source: 'client' } },
    });
  });

  it('are refused for the scope that was not asked for [BRR-13 BCP-03]', async () => {
    const outcome = await present(await obtainOwn({ resource, scope: 'read:data' }), 'write:data');
    expect(outcome).toMatchObject({ outcome: 'refused', response: { status: 403 } });
  });

  it('are refused when another resource was asked for [AT-03]', async () => {
    const outcome = await present(await obtainOwn({ resource: elsewhere, scope: 'read:data' }), 'read:data');
    expect(outcome).toMatchObject({ outcome: 'refused', error: { code: 'ERR_TOKEN_AUDIENCE' } });
  });

  it('are refused when they are opaque, for want of a resource', async () => {
    const outcome = await present(await obtainOwn({}), 'read:data');
    expect(outcome).toMatchObject({ outcome: 'refused', error: { code: 'ERR_TOKEN_MALFORMED' } });
  });

  it('name the agent that exchanged them as the actor [ACT-01 OBO-01]', async () => {
    const outcome = await present(await exchange(await obtainOwn({ resource, scope: 'read:data' })), 'read:data');
    expect(outcome).toMatchObject({
      outcome: 'accepted',
      agent: { sub: 'planner', clientId: 'helper', actor: { sub: 'helper', source: 'act' }, act: { sub: 'helper' } },
    });
  });
});
