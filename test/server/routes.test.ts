import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBoundClient } from './bound-client.ts';
import { algs, sendRequest } from './http.ts';
import { type Pair, startPair } from './pair.ts';

let pair: Pair;

beforeAll(async () => {
  pair = await startPair({ ALLOWED_ACTORS: 'agent-1, agent-2' });
});

afterAll(() => pair[Symbol.asyncDispose]());

describe('routes without authentication', () => {
  test.each(['/healthz', '/public'])('%s answers anybody', async (path) => {
    for (const lines of [[], ['authorization', 'Bearer garbage'], ['authorization', 'Basic a', 'authorization', 'x']]) {
      const answer = await pair.send(path, undefined, { lines });
      expect(answer).toMatchObject({ status: 200, json: { ok: true }, challenges: [] });
    }
  });
});

/** Method, path, the scopes that it needs, and those that the first of its guards names. */
const guarded = [
  ['GET', '/read', 'read:data', 'read:data'],
  ['GET', '/item/42', 'read:data', 'read:data'],
  ['GET', '/v1/read', 'read:data', 'read:data'],
  ['POST', '/write', 'write:data', 'write:data'],
  ['GET', '/admin', 'read:data admin', 'read:data'],
] as const;

describe('routes with scopes', () => {
  test.each(guarded)('%s %s names the subject to tokens with "%s" [BRR-01 BRR-17]', async (method, path, scope) => {
    const answer = await pair.send(path, { sub: 'alice', scope }, { method });
    expect(answer).toMatchObject({ status: 200, json: { ok: true, sub: 'alice' }, challenges: [] });
    expect(answer.headers).not.toHaveProperty('cache-control');
  });

  test.each(guarded)(
    '%s %s asks for its scope [BRR-10 BRR-16 CHL-01 CHL-02 MCP-03]',
    async (method, path, _scope, asked) => {
      const answer = await pair.send(path, undefined, { method });
      expect(answer.status).toBe(401);
      const parameters = { scope: asked, resource_metadata: metadataUrl() };
      expect(answer.challenges).toEqual([
        { scheme: 'Bearer', ...parameters },
        { scheme: 'DPoP', ...parameters, algs },
      ]);
    },
  );

  test('/admin needs what each of its two guards needs [BRR-13]', async () => {
    const one = await pair.send('/admin', { scope: 'admin' });
    expect(one).toMatchObject({
      status: 403,
      challenges: [
        { scheme: 'Bearer', error: 'insufficient_scope', scope: 'read:data' },
        { scheme: 'DPoP', scope: 'read:data' },
      ],
    });
    const other = await pair.send('/admin', { scope: 'read:data' });
    expect(other).toMatchObject({
      status: 403,
      challenges: [
        { scheme: 'Bearer', error: 'insufficient_scope', scope: 'read:data admin' },
        { scheme: 'DPoP', scope: 'read:data admin' },
      ],
    });
  });

  test('/write is not for GET', async () => {
    expect(await pair.send('/write', { scope: 'write:data' })).toMatchObject({ status: 404 });
  });
});

describe('/whoami', () => {
  test('shows the caller, and the actors nested as in the token [AT-12]', async () => {
    const act = { sub: 'agent-1', client_id: 'c', act: { iss: 'https://other.example', sub: 'agent-2' } };
    const { json } = await pair.send('/whoami', { sub: 'alice', client_id: 'app', scope: 'b a', act });
    expect(json).toEqual({ sub: 'alice', client_id: 'app', scope: 'b a', act });
  });

  test('has no act without an actor, and an empty scope without scopes', async () => {
    const { json } = await pair.send('/whoami', { sub: 'alice', client_id: 'app' });
    expect(json).toEqual({ sub: 'alice', client_id: 'app', scope: '' });
  });

  test('needs a token but no scope', async () => {
    const answer = await pair.send('/whoami');
    expect(answer.status).toBe(401);
    expect(answer.challenges).toEqual(scopeless());
  });
});

describe('/optional', () => {
  test('takes requests without credentials as anonymous', async () => {
    expect(await pair.send('/optional')).toMatchObject({ status: 200, json: { anonymous: true } });
  });

  test('names the subject of a good token', async () => {
    expect(await pair.send('/optional', { sub: 'alice' })).toMatchObject({ status: 200, json: { sub: 'alice' } });
  });

  test.each(['Bearer garbage', 'Basic YTpi'])('refuses "%s", which is no anonymity', async (authorization) => {
    const answer = await pair.send('/optional', undefined, { lines: ['authorization', authorization] });
    expect(answer.status).toBe(401);
  });
});

describe('/dpop-only', () => {
  const offer = () => ({ scheme: 'DPoP', resource_metadata: metadataUrl(), algs });

  test('offers DPoP alone', async () => {
    const answer = await pair.send('/dpop-only');
    expect(answer.status).toBe(401);
    expect(answer.challenges).toEqual([offer()]);
  });

  test('takes a bound token with its proof', async () => {
    const client = await createBoundClient(pair);
    const answer = await client.send('/dpop-only', { claims: { sub: 'alice' } });
    expect(answer).toMatchObject({ status: 200, json: { ok: true, sub: 'alice' }, challenges: [] });
  });

  test('takes no bearer token, and no bound one that is sent as such', async () => {
    const client = await createBoundClient(pair);
    for (const answer of [await pair.send('/dpop-only', {}), await client.send('/dpop-only', { scheme: 'Bearer' })]) {
      expect(answer.status).toBe(401);
      expect(answer.challenges).toEqual([
        { ...offer(), error: 'invalid_token', error_description: expect.any(String) },
      ]);
    }
  });
});

describe('bound tokens', () => {
  test('are good on every route with their proof, and on none without the scheme', async () => {
    const client = await createBoundClient(pair);
    const claims = { scope: 'read:data' };
    expect((await client.send('/read', { claims })).status).toBe(200);
    const stolen = await client.send('/read', { claims, scheme: 'Bearer' });
    expect(stolen.status).toBe(401);
    expect(stolen.challenges).toMatchObject([{ scheme: 'Bearer', error: 'invalid_token' }, { scheme: 'DPoP' }]);
    expect(stolen.challenges[1]).not.toHaveProperty('error');
  });

  test('are refused with a proof for another request', async () => {
    const client = await createBoundClient(pair);
    const answer = await client.send('/whoami', { proof: { htm: 'POST' } });
    expect(answer.status).toBe(401);
    expect(answer.challenges).toMatchObject([
      { scheme: 'DPoP', error: 'invalid_dpop_proof', algs },
      { scheme: 'Bearer' },
    ]);
    expect(answer.challenges[1]).not.toHaveProperty('error');
    expect((await client.send('/whoami')).status).toBe(200);
  });
});

describe('/agent', () => {
  test.each([{ sub: 'agent-1' }, { sub: 'agent-2', act: { sub: 'mallory' } }])(
    'lets the current actor pass: %j [ACT-01 OBO-02]',
    async (act) => {
      expect(await pair.send('/agent', { sub: 'alice', act })).toMatchObject({ status: 200, json: { sub: 'alice' } });
    },
  );

  test.each([
    ['another actor', { act: { sub: 'agent-3' } }],
    ['a prior actor', { act: { sub: 'mallory', act: { sub: 'agent-1' } } }],
    ['a namesake of another issuer', { act: { iss: 'https://other.example', sub: 'agent-1' } }],
    ['a client of that name', { client_id: 'agent-1' }],
    ['somebody who may become the actor', { may_act: { sub: 'agent-1' } }],
  ])('refuses %s without an error in the challenge [ACT-01 ACT-03 ACT-06 OBO-02]', async (_title, claims) => {
    const answer = await pair.send('/agent', claims);
    expect(answer.status).toBe(403);
    expect(answer.challenges).toEqual(scopeless());
  });
});

describe('everywhere', () => {
  test.each([
    '/healthz',
    '/public',
    '/read',
    '/item/42',
    '/v1/read',
    '/admin',
    '/whoami',
    '/optional',
    '/.well-known/oauth-protected-resource',
  ])('HEAD %s answers as GET does, without a body [PRM-02]', async (path) => {
    const claims = { scope: 'read:data admin' };
    const get = await pair.send(path, claims);
    const head = await pair.send(path, claims, { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(head.headers['content-length']).toEqual(get.headers['content-length']);
  });

  test('HEAD is challenged as GET is', async () => {
    const answer = await pair.send('/read', undefined, { method: 'HEAD' });
    expect(answer).toMatchObject({
      status: 401,
      body: '',
      challenges: [
        { scheme: 'Bearer', scope: 'read:data' },
        { scheme: 'DPoP', scope: 'read:data' },
      ],
    });
  });

  test.each(['/', '/nothing', '/v1/nothing', '/readx'])('%s is not found', async (path) => {
    expect(await pair.send(path)).toMatchObject({ status: 404, json: { error: 'Not Found' }, challenges: [] });
  });

  test('a path that cannot be decoded is a bad request', async () => {
    expect(await pair.send('/item/%zz')).toMatchObject({ status: 400, json: { error: 'Bad Request' } });
  });

  test('no answer names the framework', async () => {
    for (const path of ['/public', '/v1/read', '/nothing']) {
      expect((await pair.send(path)).headers).not.toHaveProperty('x-powered-by');
    }
  });
});

describe('the metadata document', () => {
  test('says what agents need to get a token [PRM-02 PRM-03 PRM-04 PRM-07 PRM-08 PRM-09 PRM-10 MCP-01]', async () => {
    const answer = await sendRequest(metadataUrl());
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toEqual(['application/json']);
    expect(answer.json).toEqual({
      resource: pair.url,
      authorization_servers: [pair.issuer.issuer],
      scopes_supported: ['read:data', 'write:data', 'admin', 'mcp:tools'],
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519', 'PS256'],
    });
  });

  test('is for browsers too, and may be cached [PRM-23 PRM-27]', async () => {
    const { headers } = await sendRequest(metadataUrl());
    expect(headers['access-control-allow-origin']).toEqual(['*']);
    expect(headers['cache-control']?.join()).toMatch(/max-age=\d+/);
  });

  test('is nowhere else [PRM-05]', async () => {
    expect((await sendRequest(`${metadataUrl()}/read`)).status).toBe(404);
    expect((await pair.send('/read/.well-known/oauth-protected-resource')).status).toBe(404);
  });

  test('is where the challenge says, whatever Host the request names [PRM-20 PRM-21 MCP-02]', async () => {
    const lines = ['host', 'evil.example', 'x-forwarded-host', 'evil.example', 'x-forwarded-proto', 'https'];
    const { challenges } = await pair.send('/read', undefined, { lines });
    expect(challenges.map((challenge) => challenge['resource_metadata'])).toEqual([metadataUrl(), metadataUrl()]);
  });
});

/** What is offered where no scope is needed, or no scope would help. */
function scopeless() {
  return [
    { scheme: 'Bearer', resource_metadata: metadataUrl() },
    { scheme: 'DPoP', resource_metadata: metadataUrl(), algs },
  ];
}

function metadataUrl(): string {
  return `${pair.url}/.well-known/oauth-protected-resource`;
}
