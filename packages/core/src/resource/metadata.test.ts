import { describe, expect, it } from 'vitest';
import { createMetadataEndpoint, type MetadataOptions, metadataSchema, metadataUrl } from './metadata.ts';

const wellKnown = '/.well-known/oauth-protected-resource';
const endpointOf = (resource = 'https://api.example', options: MetadataOptions = {}) =>
  createMetadataEndpoint(resource, ['https://as.example'], options);
const ask = (method: string, endpoint = endpointOf()) =>
  endpoint.handle({ method, target: endpoint.path, headers: {} });

async function documentOf(...given: Parameters<typeof endpointOf>): Promise<Record<string, unknown>> {
  return JSON.parse((await ask('GET', endpointOf(...given))).body ?? '');
}

describe('metadataUrl', () => {
  it.each([
    ['https://api.example', `https://api.example${wellKnown}`],
    ['https://api.example/', `https://api.example${wellKnown}`],
    ['https://api.example/mcp', `https://api.example${wellKnown}/mcp`],
    ['https://api.example/mcp/', `https://api.example${wellKnown}/mcp/`],
    ['https://api.example/a/b;v=1/%7Ec', `https://api.example${wellKnown}/a/b;v=1/%7Ec`],
    ['https://API.example:443/Mcp', `https://API.example:443${wellKnown}/Mcp`],
    ['http://[::1]:3000/mcp', `http://[::1]:3000${wellKnown}/mcp`],
  ])('inserts the well-known path behind the host of %s (RFC 9728 §3.1) [PRM-01]', (resource, url) => {
    expect(metadataUrl(resource)).toBe(url);
  });
});

describe('the metadata endpoint', () => {
  it.each([
    ['https://api.example', wellKnown],
    ['https://api.example/', wellKnown],
    ['https://api.example/mcp', `${wellKnown}/mcp`],
    ['https://api.example/mcp/', `${wellKnown}/mcp/`],
    ['http://localhost:3000/mcp', `${wellKnown}/mcp`],
  ])('of %s has the path of its URL and no other [PRM-01 PRM-05]', (resource, path) => {
    expect(endpointOf(resource).path).toBe(path);
  });

  it.each([
    'https://api.example',
    'https://api.example/',
    'https://API.example:443/a/../b/%7Ec/',
    'http://127.0.0.1:3000',
  ])('names the resource byte for byte: %s [PRM-04 PRM-19]', async (resource) => {
    expect((await documentOf(resource))['resource']).toBe(resource);
  });

  it('says what the verifier knows, and leaves out what nobody said [PRM-07 PRM-08 PRM-10]', async () => {
    expect(await documentOf()).toEqual({
      resource: 'https://api.example',
      authorization_servers: ['https://as.example'],
      bearer_methods_supported: ['header'],
    });
  });

  it('says what the options add [PRM-09]', async () => {
    const options = {
      name: 'The "API" \u00E9',
      documentation: 'https://api.example/docs?a=b',
      scopes: ['read', 'write'],
    };
    expect(await documentOf('https://api.example', options)).toEqual({
      resource: 'https://api.example',
      authorization_servers: ['https://as.example'],
      scopes_supported: ['read', 'write'],
      bearer_methods_supported: ['header'],
      resource_name: 'The "API" \u00E9',
      resource_documentation: 'https://api.example/docs?a=b',
    });
  });

  it('lists every issuer, as the verifier writes it [PRM-07 PRM-08]', async () => {
    const issuers = ['https://as.example/', 'https://AS2.example/tenant'];
    const { body } = await ask('GET', createMetadataEndpoint('https://api.example', issuers, {}));
    expect(JSON.parse(body ?? '').authorization_servers).toEqual(issuers);
  });

  it.each(['GET', 'HEAD'])(
    'answers %s without credentials, to any origin, for a while [PRM-02 PRM-03 PRM-23 PRM-27]',
    async (method) => {
      const { status, headers, body } = await ask(method);
      expect(status).toBe(200);
      expect(headers).toEqual({
        'content-type': ['application/json'],
        'cache-control': ['public, max-age=3600'],
        'access-control-allow-origin': ['*'],
      });
      expect(body).toBe((await ask('GET')).body);
    },
  );

  it('answers a preflight [PRM-27]', async () => {
    expect(await ask('OPTIONS')).toEqual({
      status: 204,
      headers: {
        'access-control-allow-origin': ['*'],
        'access-control-allow-methods': ['GET, HEAD, OPTIONS'],
        'access-control-allow-headers': ['*'],
        allow: ['GET, HEAD, OPTIONS'],
      },
      body: undefined,
    });
  });

  it.each(['POST', 'PUT', 'DELETE', 'TRACE', 'get', ''])(
    'answers %j with 405 and the methods that it has',
    async (method) => {
      expect(await ask(method)).toEqual({ status: 405, headers: { allow: ['GET, HEAD, OPTIONS'] }, body: undefined });
      expect(endpointOf().methods).toEqual(['GET', 'HEAD', 'OPTIONS']);
    },
  );

  it('looks at nothing but the method: no Host, no query [PRM-21]', async () => {
    const endpoint = endpointOf();
    const headers = { host: ['evil.example'], 'x-forwarded-host': ['evil.example'], forwarded: ['host=evil.example'] };
    const spoofed = await endpoint.handle({
      method: 'GET',
      target: `${endpoint.path}?resource=https://evil.example`,
      headers,
    });
    expect(spoofed).toEqual(await ask('GET', endpoint));
  });
});

describe('metadataSchema', () => {
  const problemsOf = (options: unknown) =>
    metadataSchema.safeParse(options).error?.issues.map(({ path }) => path.join('.')) ?? [];

  it('takes nothing, all, and undefined', () => {
    expect(problemsOf({})).toEqual([]);
    expect(problemsOf({ name: 'API', documentation: 'https://api.example/docs', scopes: ['read'] })).toEqual([]);
    expect(problemsOf({ name: undefined, documentation: undefined, scopes: undefined })).toEqual([]);
  });

  it('refuses empty values: a list without members is left out (RFC 9728 §3.2) [PRM-07]', () => {
    expect(problemsOf({ name: '', documentation: '', scopes: [] })).toEqual(['name', 'documentation', 'scopes']);
  });

  it('refuses offline_access, which is not a scope of a resource [PRM-09]', () => {
    expect(problemsOf({ scopes: ['read', 'offline_access'] })).toEqual(['scopes.1']);
  });

  it.each(['http://api.example/docs', 'javascript:alert(1)', '/docs', 'https://api.example/#docs'])(
    'refuses a documentation page at %s',
    (documentation) => {
      expect(problemsOf({ documentation })).toEqual(['documentation']);
    },
  );

  it('refuses what the verifier itself knows', () => {
    expect(problemsOf({ resource: 'https://api.example' })).toEqual(['']);
  });
});
