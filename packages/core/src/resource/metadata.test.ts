import { describe, expect, it } from 'vitest';
import type { HttpRequest } from '../http/request.ts';
import { createMetadataEndpoint, metadataUrl } from './metadata.ts';
import type { MetadataOptions } from './options.ts';

const wellKnown = '/.well-known/oauth-protected-resource';
const endpointOf = (resource = 'https://api.example', options: MetadataOptions = {}) =>
  createMetadataEndpoint({ resource, authorizationServers: ['https://as.example'] }, options, Date.now);
const ask = (method: string, endpoint = endpointOf(), headers: HttpRequest['headers'] = {}) =>
  endpoint.handle({ method, target: endpoint.path, headers });

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
  ])('names the resource byte for byte: %s [PRM-04]', async (resource) => {
    expect((await documentOf(resource))['resource']).toBe(resource);
  });

  it('says what the verifier knows, and leaves out what nobody said [PRM-07 PRM-08 PRM-10]', async () => {
    expect(await documentOf()).toEqual({
      resource: 'https://api.example',
      authorization_servers: ['https://as.example'],
      bearer_methods_supported: ['header'],
    });
  });

  it('says what the options add, in the order of RFC 9728 §2 [PRM-07 PRM-09 PRM-11 PRM-12 PRM-13 PRM-14]', async () => {
    const options = {
      name: 'The "API" \u00E9',
      documentation: 'https://api.example/docs?a=b#c',
      policy: 'https://api.example/policy',
      termsOfService: 'https://api.example/terms',
      scopes: ['read', 'write'],
      jwksUri: 'https://api.example/jwks',
      signingAlgorithms: ['ES256'],
      authorizationDetailsTypes: ['payment'],
      other: { 'resource_name#pt-br': 'A API e\u0301', 'x-plan': { name: 'beta' } },
    };
    const document = await documentOf('https://api.example', options);
    expect(document).toEqual({
      resource: 'https://api.example',
      authorization_servers: ['https://as.example'],
      jwks_uri: 'https://api.example/jwks',
      scopes_supported: ['read', 'write'],
      bearer_methods_supported: ['header'],
      resource_signing_alg_values_supported: ['ES256'],
      resource_name: 'The "API" \u00E9',
      resource_documentation: 'https://api.example/docs?a=b#c',
      resource_policy_uri: 'https://api.example/policy',
      resource_tos_uri: 'https://api.example/terms',
      authorization_details_types_supported: ['payment'],
      'resource_name#pt-br': 'A API e\u0301',
      'x-plan': { name: 'beta' },
    });
    expect(Object.keys(document)).toEqual([
      ...['resource', 'authorization_servers', 'jwks_uri', 'scopes_supported', 'bearer_methods_supported'],
      ...['resource_signing_alg_values_supported', 'resource_name', 'resource_documentation', 'resource_policy_uri'],
      ...['resource_tos_uri', 'authorization_details_types_supported', 'resource_name#pt-br', 'x-plan'],
    ]);
  });

  it('lists every issuer, as the verifier writes it [PRM-07 PRM-08]', async () => {
    const authorizationServers = ['https://as.example/', 'https://AS2.example/tenant'];
    const facts = { resource: 'https://api.example', authorizationServers };
    const { body } = await ask('GET', createMetadataEndpoint(facts, {}, Date.now));
    expect(JSON.parse(body ?? '').authorization_servers).toEqual(authorizationServers);
  });

  it('says which proofs are verified, and whether they are required [PRM-13 DPOP-34 DPOP-39]', async () => {
    const facts = { resource: 'https://api.example', authorizationServers: ['https://as.example'] };
    const say = async (known: object) => {
      const { body } = await ask('GET', createMetadataEndpoint({ ...facts, ...known }, {}, Date.now));
      const { dpop_signing_alg_values_supported: algorithms, dpop_bound_access_tokens_required: isRequired } =
        JSON.parse(body ?? '');
      return { algorithms, isRequired };
    };
    expect(await say({})).toEqual({ algorithms: undefined, isRequired: undefined });
    expect(await say({ proofAlgorithms: ['ES256'], requiresDpop: false })).toEqual({ algorithms: ['ES256'] });
    expect(await say({ proofAlgorithms: ['ES256'], requiresDpop: true })).toEqual({
      algorithms: ['ES256'],
      isRequired: true,
    });
  });

  it('says that tokens may be bound to certificates, where the verifier or the options say so [PRM-13 MTL-12]', async () => {
    const facts = { resource: 'https://api.example', authorizationServers: ['https://as.example'] };
    const say = async (known: object, options: MetadataOptions) => {
      const { body } = await ask('GET', createMetadataEndpoint({ ...facts, ...known }, options, Date.now));
      return JSON.parse(body ?? '').tls_client_certificate_bound_access_tokens;
    };
    expect(await say({}, {})).toBeUndefined();
    expect(await say({ takesCertificates: false }, {})).toBeUndefined();
    expect(await say({ takesCertificates: true }, {})).toBe(true);
    expect(await say({ takesCertificates: false }, { certificateBoundTokens: true })).toBe(true);
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
        etag: [expect.stringMatching(/^"[^"]+"$/)],
      });
      expect(body).toBe((await ask('GET')).body);
    },
  );

  it.each(['GET', 'HEAD'])(
    'answers %s of what is known already with 304 and the same fields [PRM-23]',
    async (method) => {
      const { headers, body } = await ask('GET');
      const { 'content-type': _, ...cached } = headers;
      const [tag = ''] = headers['etag'] ?? [];
      for (const line of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
        const answer = await ask(method, endpointOf(), { 'if-none-match': [line] });
        expect(answer).toEqual({ status: 304, headers: cached, body: undefined });
      }
      expect(await ask(method, endpointOf(), { 'if-none-match': ['"x"'] })).toEqual({ status: 200, headers, body });
    },
  );

  it('has another entity tag for another document [PRM-23]', async () => {
    const tags = [
      endpointOf(),
      endpointOf('https://api.example/'),
      endpointOf('https://api.example', { name: 'a' }),
    ].map(async (endpoint) => (await ask('GET', endpoint)).headers['etag']?.[0]);
    expect(new Set(await Promise.all(tags)).size).toBe(3);
  });

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
    'answers %j with 405 and the methods that it has, to any origin [PRM-27]',
    async (method) => {
      const answer = await ask(method, endpointOf(), { 'if-none-match': ['*'] });
      const headers = { 'access-control-allow-origin': ['*'], allow: ['GET, HEAD, OPTIONS'] };
      expect(answer).toEqual({ status: 405, headers, body: undefined });
      expect(endpointOf().methods).toEqual(['GET', 'HEAD', 'OPTIONS']);
    },
  );

  it('takes nothing from the request into the document: no Host, no query [PRM-21]', async () => {
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

describe('the endpoint of signed metadata', () => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const jwtOf = (claims: unknown) => [encode({ alg: 'ES256' }), encode(claims), 'AAAA'].join('.');
  const resource = 'https://api.example/v2';

  it('serves the signature with what it signs [PRM-15]', async () => {
    const signed: unknown[] = [];
    const sign = (claims: unknown) => {
      signed.push(claims);
      return jwtOf(claims);
    };
    const options = { name: 'API', other: { 'resource_name#it': 'La API' } };
    const plain = await documentOf(resource, options);
    const { signed_metadata: jwt, ...members } = await documentOf(resource, { ...options, sign });
    expect(members).toEqual(plain);
    expect(signed).toEqual([{ iss: resource, ...plain }]);
    expect(jwt).toBe(jwtOf(signed[0]));
  });

  it('does not sign before somebody asks, nor for those who ask for no document', async () => {
    let calls = 0;
    const sign = (claims: unknown) => {
      calls += 1;
      return jwtOf(claims);
    };
    const endpoint = endpointOf(resource, { sign });
    await ask('OPTIONS', endpoint);
    await ask('POST', endpoint);
    expect(calls).toBe(0);
    const { headers, body } = await ask('GET', endpoint);
    expect(await ask('HEAD', endpoint)).toEqual({ status: 200, headers, body });
    expect((await ask('GET', endpoint, { 'if-none-match': headers['etag'] ?? [] })).status).toBe(304);
    expect(calls).toBe(1);
  });

  it.each(['GET', 'HEAD'])(
    'answers %s with 503 while the signer fails, and says nothing of it [PRM-15 LOG-01]',
    async (method) => {
      const canary = 'canary: arn:aws:kms';
      const signers = [() => Promise.reject(new Error(canary)), () => canary, () => jwtOf({ canary })];
      for (const sign of signers) {
        const endpoint = endpointOf(resource, { sign });
        const answer = await ask(method, endpoint, { 'if-none-match': ['*'] });
        expect(answer).toEqual({
          status: 503,
          headers: { 'access-control-allow-origin': ['*'], 'cache-control': ['no-store'], 'retry-after': ['5'] },
          body: undefined,
        });
        expect((await ask('OPTIONS', endpoint)).status).toBe(204);
      }
    },
  );

  it('signs again after an hour, or five seconds after a failure: caches get a new document', async () => {
    let now = 0;
    let signature = 0;
    const sign = (claims: object) => {
      signature += 1;
      if (signature === 3) throw new Error('a short outage');
      return jwtOf({ ...claims, jti: String(signature) });
    };
    const endpoint = createMetadataEndpoint(
      { resource, authorizationServers: ['https://as.example'] },
      { sign },
      () => now,
    );
    const tagAt = async (seconds: number) => {
      now = seconds * 1000;
      const { status, headers } = await ask('GET', endpoint);
      return headers['etag']?.[0] ?? status;
    };
    const first = await tagAt(0);
    expect(await tagAt(3599.999)).toBe(first);
    const second = await tagAt(3600);
    expect(second).not.toBe(first);
    expect([await tagAt(7200), await tagAt(7204.999)]).toEqual([503, 503]);
    expect(await tagAt(7205)).toBeTypeOf('string');
    expect(signature).toBe(4);
  });

  it('tells whoever starts the process why there is no signature', async () => {
    const error = new Error('no such key');
    const sign = () => Promise.reject(error);
    await expect(endpointOf(resource, { sign }).ready()).rejects.toBe(error);
    await expect(endpointOf(resource, { sign: () => '' }).ready()).rejects.toThrow('metadata.sign must give');
    await expect(endpointOf(resource, { sign: jwtOf }).ready()).resolves.toBeUndefined();
    await expect(endpointOf(resource).ready()).resolves.toBeUndefined();
  });
});
