import { once } from 'node:events';
import { connect } from 'node:net';
import {
  createRevocationEndpoint,
  createRevocationList,
  createVerifier,
  type Decision,
  type HttpResponse,
  type Revocation,
  RevocationError,
  type RevocationList,
} from '@gatehouse/core';
import { createTestAgent, createTestClock, createTestIssuer, type TestIssuer } from '@gatehouse/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunningApi } from '../adapters/api.ts';
import { apps } from './apps.ts';

const resource = 'https://api.example';
const adminScope = 'revocations:write';
const claims = { sub: 'alice', client_id: 'assistant', sid: 'session-1', task_id: 'task-1', jti: 'token-1' };
/** One that is good after any revocation of the others. */
const stranger = { sub: 'bob', client_id: 'planner', sid: 'session-2', task_id: 'task-2', jti: 'token-2' };

const clock = createTestClock();
let issuer: TestIssuer;
let decisions: Decision[];

beforeAll(async () => {
  issuer = await createTestIssuer({ audience: resource, clock });
});
afterAll(() => issuer.close());
beforeEach(() => {
  decisions = [];
  clock.advance(100_000_000);
});

function options() {
  // Of the test that made the API: another one may have begun when a caller that left is decided about.
  const own = decisions;
  return {
    resource,
    issuers: [{ issuer: issuer.issuer, claims: { task: ['task_id'] } }],
    now: clock.now,
    onDecision: (decision: Decision) => void own.push(decision),
  };
}

const bearer = async (changes: Record<string, unknown> = {}): Promise<string> =>
  `Bearer ${await createTestAgent(issuer, { ...claims, ...changes }).token()}`;

describe.each(apps)('the revocation endpoint on $name', ({ start }) => {
  let api: RunningApi;
  let held: RevocationList;

  beforeEach(async () => {
    held = createRevocationList({ now: clock.now });
    api = await start({ ...options(), stores: { revocations: held } }, { adminScope });
    return () => api.close();
  });

  async function post(body: unknown, authorization?: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${api.url}/revocations`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...headers,
        ...(authorization === undefined ? {} : { authorization }),
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }
  const call = async (authorization: string): Promise<number> =>
    (await fetch(`${api.url}/data`, { headers: { authorization } })).status;
  const list = async (authorization: string, query = ''): Promise<Response> =>
    fetch(`${api.url}/revocations${query}`, { headers: { authorization } });

  it.each([
    ['its own token', { tokenId: 'token-1' }],
    ['its own task', { task: 'task-1' }],
    ['the user that it acts for', { sub: 'alice' }],
    ['the session that it acts in', { session: 'session-1' }],
  ])('lets an agent revoke %s: its next call fails', async (_what, target) => {
    const mine = await bearer();
    const other = await bearer(stranger);
    expect([await call(mine), await call(other)]).toEqual([200, 200]);

    const answer = await post({ ...target, reason: 'done' }, mine);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([201, 'no-store']);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toMatchObject({ iss: issuer.issuer, ...target, reason: 'done' });

    expect([await call(mine), await call(other)]).toEqual([401, 200]);
    const refused = decisions.find(({ outcome }) => outcome === 'refused');
    expect(refused).toMatchObject({
      refusal: { code: 'ERR_TOKEN_REVOKED' },
      reasons: [Object.keys(target)[0], 'done'],
    });
  });

  it.each([
    ['the token of another', { tokenId: 'token-2' }],
    ['the task of another', { task: 'task-2' }],
    ['another user', { sub: 'bob' }],
    ['a client', { clientId: 'assistant' }],
    ['an actor', { actor: { sub: 'assistant' } }],
    ['times of its choice', { sub: 'alice', issuedBefore: '2100-01-01T00:00:00Z' }],
    ['the same name at another issuer', { iss: 'https://other.example', sub: 'alice' }],
  ])('lets only those with the admin scope revoke %s', async (_what, body) => {
    const agent = await bearer();
    const refusal = await post(body, agent);
    expect([refusal.status, refusal.headers.get('cache-control')]).toEqual([403, 'no-store']);
    expect(refusal.headers.get('www-authenticate')).toContain(`scope="${adminScope}"`);
    expect([await call(agent), await call(await bearer(stranger))]).toEqual([200, 200]);

    const answer = await post(body, await bearer({ ...stranger, sub: 'operator', scope: adminScope }));
    // An admin may do anything that there is.
    expect(answer.status).toBe('iss' in body ? 400 : 201);
  });

  it('lets nobody revoke who has no token that counts', async () => {
    const body = { sub: 'alice' };
    expect((await post(body)).status).toBe(401);
    expect((await post(body, 'Bearer x')).status).toBe(401);
    const agent = await bearer();
    expect((await post({ tokenId: 'token-1' }, agent)).status).toBe(201);
    expect((await post(body, agent)).status).toBe(401);
    expect(await call(await bearer({ jti: 'token-3' }))).toBe(200);
  });

  it.each([
    ['no target', {}, 400],
    ['two targets', { sub: 'alice', task: 'task-1' }, 400],
    ['another author', { sub: 'alice', author: 'operator' }, 400],
    ['a time without a zone', { sub: 'alice', expiresAt: '2100-01-01T00:00:00' }, 400],
    ['too much', { sub: 'alice', reason: 'a'.repeat(20_000) }, 413],
  ])('refuses %s, and says why in problem details', async (_what, body, status) => {
    const agent = await bearer();
    const answer = await post(body, agent);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([status, 'no-store']);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toMatchObject({ status, type: 'about:blank' });
    expect(await call(agent)).toBe(200);
  });

  // A parser that was there first refuses them in its own words.
  it.each(['{', '[]', '"sub"', '{"sub":"alice"', ''])(
    'revokes nothing by %j, which is no JSON object',
    async (body) => {
      const agent = await bearer();
      expect((await post(body, agent)).status).toBeGreaterThanOrEqual(400);
      expect(await call(agent)).toBe(200);
    },
  );

  it('takes no other media type than JSON', async () => {
    const agent = await bearer();
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp']) {
      expect((await post({ sub: 'alice' }, agent, { 'content-type': type })).status).toBe(415);
    }
    const type = 'Application/JSON; charset=utf-8';
    expect((await post({ sub: 'alice' }, agent, { 'content-type': type })).status).toBe(201);
  });

  it('lists what an agent revoked of its own, and everything with the admin scope', async () => {
    const keep = { jti: 'token-3' };
    await post({ tokenId: 'token-1' }, await bearer());
    const operator = await bearer({ ...stranger, sub: 'operator', scope: adminScope });
    await post({ task: 'task-9', reason: 'secret' }, operator);

    expect(await (await list(await bearer(keep))).json()).toEqual({ revocations: [] });
    expect(await (await list(operator)).json()).toEqual({ revocations: [] });
    const all = await list(operator, '?all');
    expect([all.status, all.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(await all.json()).toMatchObject({
      total: 2,
      revocations: expect.arrayContaining([
        expect.objectContaining({ tokenId: 'token-1' }),
        expect.objectContaining({ task: 'task-9', reason: 'secret' }),
      ]),
    });
    expect((await list(await bearer(keep), '?all')).status).toBe(403);
    const other = await bearer({ ...stranger, jti: 'token-4' });
    await post({ task: 'task-2' }, other);
    expect((await list(other)).status).toBe(401);
  });

  it('lists everything page by page, with the admin scope', async () => {
    const operator = await bearer({ ...stranger, sub: 'operator', scope: adminScope });
    const at = new Date(clock.now());
    const expiresAt = new Date(clock.now() + 600_000);
    const names = Array.from({ length: 2100 }, (_, n) => `job-${n}`);
    for (const task of names) {
      await held.add({ id: task, iss: issuer.issuer, task, issuedBefore: at, expiresAt, at, author: 'operator' });
    }
    const found: string[] = [];
    const sizes: number[] = [];
    let next: string | undefined;
    do {
      const query = `?all${next === undefined ? '' : `&after=${next}`}`;
      const answer = await list(operator, query);
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
      const page = (await answer.json()) as { total: number; next?: string; revocations: { task: string }[] };
      expect(page.total).toBe(2100);
      found.push(...page.revocations.map(({ task }) => task));
      sizes.push(page.revocations.length);
      next = page.next;
      expect((await list(await bearer(), `?all&after=${next ?? '00000000'}`)).status).toBe(403);
    } while (next !== undefined);
    expect(found.sort()).toEqual(names.sort());
    expect(sizes.map((size) => size >= 1000 && size < 1050)).toEqual([true, true, false]);
  });

  it.each([
    '?al',
    '?all=false',
    '?all&all',
    '?all&limit=5',
    '?after=00000000',
    '?all&after',
    '?all&after=zzzzzzzz',
    '?all&after=00000000&after=00000000',
  ])('answers a query that it does not know, %s, with 400 and no list', async (query) => {
    const answer = await list(await bearer({ ...stranger, sub: 'operator', scope: adminScope }), query);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([400, 'no-store']);
    expect(await answer.json()).toMatchObject({ status: 400, type: 'about:blank' });
  });

  it('answers other methods with 405, and leaves other paths alone', async () => {
    const answer = await fetch(`${api.url}/revocations`, { method: 'DELETE' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, POST']);
    const elsewhere = await fetch(`${api.url}/revocations/`, { headers: { authorization: await bearer() } });
    expect(elsewhere.status).not.toBe(405);
  });

  it('goes on when a caller leaves before its body has come', async () => {
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const field = `authorization: ${await bearer()}\r\n`;
    socket.write(
      `POST /revocations HTTP/1.1\r\nhost: a\r\n${field}content-type: application/json\r\ncontent-length: 900\r\n\r\n{`,
    );
    socket.destroy();
    expect(await call(await bearer())).toBe(200);
  });
});

describe('the revocation endpoint', () => {
  const makeVerifier = (changes: object = {}) =>
    createVerifier({ ...options(), stores: { revocations: createRevocationList({ now: clock.now }) }, ...changes });
  const ask = (endpoint: ReturnType<typeof createRevocationEndpoint>, authorization: string, body: object | string) =>
    endpoint.handle(
      {
        method: 'POST',
        target: endpoint.path,
        headers: { authorization: [authorization], 'content-type': ['application/json'] },
      },
      { readBody: async () => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) },
    );

  it.each(['{', '[]', '"sub"', '', '{"sub":"alice","sub":"bob"}'])('refuses %j as no JSON object', async (body) => {
    const answer = await ask(createRevocationEndpoint(makeVerifier()), await bearer(), body);
    expect(answer).toMatchObject({ status: 400, headers: { 'content-type': ['application/problem+json'] } });
  });

  it('reads no body of a caller that it does not know', async () => {
    const endpoint = createRevocationEndpoint(makeVerifier());
    const readBody = () => Promise.reject(new Error('read'));
    const headers = { 'content-type': ['application/json'] };
    const request = { method: 'POST', target: '/revocations', headers };
    expect((await endpoint.handle(request, { readBody })).status).toBe(401);
    const known = { ...request, headers: { ...headers, authorization: [await bearer()] } };
    await expect(endpoint.handle(known, { readBody })).rejects.toThrow('read');
  });

  it('has no admins unless they have a scope', async () => {
    const endpoint = createRevocationEndpoint(makeVerifier());
    const answer = await ask(endpoint, await bearer({ scope: `${adminScope} admin` }), { sub: 'bob' });
    expect(answer.status).toBe(403);
    expect(decisions.at(-1)).toMatchObject({ refusal: { code: 'ERR_ALLOW' }, reasons: ['target'] });
  });

  it('takes the scope of admins by the hierarchy, too', async () => {
    const endpoint = createRevocationEndpoint(makeVerifier({ scopeHierarchy: { root: [adminScope] } }), { adminScope });
    expect((await ask(endpoint, await bearer({ scope: 'root' }), { sub: 'bob' })).status).toBe(201);
    expect((await ask(endpoint, await bearer({ scope: 'leaf' }), { sub: 'bob' })).status).toBe(403);
  });

  it('lets a client that acts for itself revoke its task, and no subject', async () => {
    const endpoint = createRevocationEndpoint(makeVerifier());
    const client = await bearer({ sub: 'assistant' });
    expect((await ask(endpoint, client, { sub: 'assistant' })).status).toBe(403);
    expect((await ask(endpoint, client, { task: 'task-1' })).status).toBe(201);
  });

  it('asks for what its own requirement says, and the rule of the baseline is given the context', async () => {
    const contexts: unknown[] = [];
    const allow = (_agent: unknown, context: unknown) => contexts.push(context) > 0;
    const endpoint = createRevocationEndpoint(makeVerifier({ requirement: { allow } }), { requirement: 'revoke' });
    expect((await ask(endpoint, await bearer(), { task: 'task-1' })).status).toBe(403);
    const headers = {
      authorization: [await bearer({ scope: 'revoke' })],
      'content-type': ['application/json'],
    };
    const readBody = async () => Buffer.from('{"task":"task-1"}');
    const request = { method: 'POST', target: '/revocations', headers };
    expect((await endpoint.handle(request, { readBody, context: 'context' })).status).toBe(201);
    expect(contexts).toEqual(['context']);
  });

  it('answers 503 when the list is full', async () => {
    const revocations = createRevocationList({ maxEntries: 1, now: clock.now });
    const verifier = makeVerifier({ stores: { revocations } });
    await verifier.revocations.revoke({ iss: issuer.issuer, sub: 'bob' });
    const answer = await ask(createRevocationEndpoint(verifier), await bearer(), { sub: 'alice' });
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, ['1']]);
    expect(answer.body).toContain('Nothing was revoked');
  });

  it('does not say that nothing was revoked when other processes may not know', async () => {
    const held = createRevocationList({ now: clock.now });
    const revocations = {
      ...held,
      async add(revocation: Revocation) {
        await held.add(revocation);
        throw new RevocationError('ERR_REVOCATION_UNCONFIRMED');
      },
    };
    const endpoint = createRevocationEndpoint(makeVerifier({ stores: { revocations } }));
    const answer = await ask(endpoint, await bearer(), { sub: 'alice' });
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, ['1']]);
    expect(answer.body).not.toContain('Nothing was revoked');
    expect(answer.body).toContain('It is revoked at one process');
  });

  it.each([{ path: 'revocations' }, { path: '/a?b' }, { adminScope: 'a b' }, { requirement: undefined }, { other: 1 }])(
    'is not made of %j',
    (given) => {
      expect(() => createRevocationEndpoint(makeVerifier(), given as never)).toThrow(
        expect.objectContaining({ code: 'ERR_CONFIGURATION' }),
      );
    },
  );
});

describe('the revocation endpoint behind proofs', () => {
  it('sends a nonce ahead, as a guard does', async () => {
    const nonces = { secrets: [Buffer.alloc(32, 1)], lifetimeSeconds: 300 };
    const verifier = createVerifier({ ...options(), dpop: { nonces } });
    const { handle, path } = createRevocationEndpoint(verifier);
    const agent = createTestAgent(issuer, claims, { dpop: true });

    async function list(nonce?: string): Promise<HttpResponse> {
      const request = { method: 'GET', url: resource + path, ...(nonce !== undefined && { nonce }) };
      const fields = Object.entries(await agent.headers(request)).map(([name, value]) => [name, [value]]);
      return handle({ method: 'GET', target: path, headers: Object.fromEntries(fields) });
    }

    const nonce = (await list()).headers['dpop-nonce']?.join();
    expect(await list(nonce)).toMatchObject({ status: 200, headers: { 'cache-control': ['no-store'] } });
    expect((await list(nonce)).headers).not.toHaveProperty('dpop-nonce');
    clock.advance(200);
    const { status, headers } = await list(nonce);
    expect(status).toBe(200);
    expect(headers['dpop-nonce']).toEqual([expect.stringMatching(/^[\w-]{46}$/)]);
    expect(headers['dpop-nonce']).not.toEqual([nonce]);
    await verifier.close();
  });
});
