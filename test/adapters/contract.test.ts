import { createVerifier, type Decision } from '@gatehouse/core';
import { createTestAgent, createTestClock, type TestIssuer } from '@gatehouse/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startIssuer, trust } from '../token-format.ts';
import { adapters } from './adapters.ts';
import type { RunningApi } from './api.ts';
import { exchange, linesOf, type RawAnswer } from './exchange.ts';

const resource = 'https://api.example/v2';
const metadata = 'resource_metadata="https://api.example/.well-known/oauth-protected-resource/v2"';
const algs = 'algs="ES256 EdDSA Ed25519 PS256"';
const insufficientScope =
  'error="insufficient_scope", error_description="The access token lacks a scope. Get one with every scope that is named here."';
const invalidRequest =
  'error="invalid_request", error_description="The request carries its credentials in a form that cannot be read. Send one Authorization field."';

describe.each(adapters)('the adapter for $name', (adapter) => {
  const clock = createTestClock();
  let decisions: Decision[] = [];
  let issuer: TestIssuer;
  let api: RunningApi;

  beforeAll(async () => {
    issuer = await startIssuer({ audience: resource, clock });
    api = await adapter.start({
      resource,
      issuers: [trust(issuer)],
      metadata: { scopes: ['read:data', 'write:data'] },
      now: clock.now,
      onDecision: (decision) => void decisions.push(decision),
    });
  });
  afterAll(async () => {
    await api.close();
    await issuer.close();
  });
  beforeEach(() => {
    decisions = [];
  });

  const authorization = async (claims?: Record<string, unknown>) =>
    `Authorization: Bearer ${await createTestAgent(issuer, { sub: 'alice', scope: 'read:data' }).token(claims)}`;
  const send = async (requestLine: string, ...fields: string[]): Promise<RawAnswer> => {
    const [answer] = await exchange(api.url, [`${requestLine} HTTP/1.1`, ...fields]);
    if (answer === undefined) throw new Error('no answer');
    return answer;
  };

  it('hands over the actor of a delegated call [ACT-01 OBO-01]', async () => {
    const act = { sub: 'researcher', act: { sub: 'assistant' } };
    const answer = await send('GET /data', await authorization({ act }));
    expect(answer.body).toBe('{"sub":"alice","actor":"researcher"}');
  });

  it('never takes a token from the query, the body or a cookie [BRR-05 MCP-12 FAP-01]', async () => {
    const token = (await authorization()).replace('Authorization: Bearer ', '');
    const answers = [
      await send(`GET /data?access_token=${token}`),
      await send('GET /data', `Cookie: access_token=${token}`),
      await send('POST /data', 'Content-Type: application/x-www-form-urlencoded', '', `access_token=${token}`),
    ];
    for (const answer of answers) {
      expect(answer.statusLine).toBe('HTTP/1.1 401 Unauthorized');
      expect(linesOf(answer, 'www-authenticate')).toEqual([
        `Bearer scope="read:data", ${metadata}`,
        `DPoP scope="read:data", ${metadata}, ${algs}`,
      ]);
      expect(answer.body).not.toContain(token);
      expect(linesOf(answer, 'x-handled')).toEqual([]);
    }
  });

  it.each([
    ['two Authorization lines', ['Authorization: Bearer a', 'Authorization: Bearer b']],
    ['a good token and another line', ['good', 'Authorization: Basic x']],
    ['two tokens in one line', ['Authorization: Bearer a, Bearer b']],
    ['a scheme alone', ['Authorization: Bearer']],
    ['no token68', ['Authorization: Bearer "a"']],
  ])('answers %s with invalid_request [BRR-04 BRR-07 BRR-14]', async (_what, lines) => {
    const good = await authorization();
    const answer = await send('GET /data', ...lines.map((line) => (line === 'good' ? good : line)));
    expect(answer.statusLine).toBe('HTTP/1.1 400 Bad Request');
    expect(linesOf(answer, 'www-authenticate')).toEqual([
      `Bearer ${invalidRequest}, scope="read:data", ${metadata}`,
      `DPoP ${invalidRequest}, scope="read:data", ${metadata}, ${algs}`,
    ]);
  });

  it('runs no handler for anything that it refuses [BRR-15]', async () => {
    const good = await authorization();
    const refusals = [
      await send('GET /data'),
      await send('GET /data', 'Authorization: Bearer x'),
      await send('GET /data', good, good),
      await send('GET /data', await authorization({ scope: '' })),
      await send('GET /owned/bob', good),
      await send('GET /broken-rule', good),
    ];
    for (const answer of refusals) expect(linesOf(answer, 'x-handled')).toEqual([]);
    expect(linesOf(await send('GET /data', good), 'x-handled')).toEqual(['yes']);
  });

  it('answers a rule that does not grant without an error in the challenge', async () => {
    const answer = await send('GET /owned/bob', await authorization());
    expect(answer.statusLine).toBe('HTTP/1.1 403 Forbidden');
    expect(linesOf(answer, 'www-authenticate')).toEqual([`Bearer ${metadata}`, `DPoP ${metadata}, ${algs}`]);
    expect(JSON.parse(answer.body)).toMatchObject({ status: 403, error: 'access_denied' });
    expect((await send('GET /owned/alice', await authorization())).statusLine).toBe('HTTP/1.1 200 OK');
  });

  it('answers an outage of the issuer with 503 and Retry-After, never with invalid_token [DSC-08]', async () => {
    const down = await startIssuer({ audience: resource, clock });
    const cold = await adapter.start({ resource, issuers: [trust(down)], now: clock.now, onDecision: () => undefined });
    const line = `Authorization: Bearer ${await down.token({ scope: 'read:data' })}`;
    await down.stop();
    const [answer] = await exchange(cold.url, ['GET /data HTTP/1.1', line]);
    expect(answer?.statusLine).toBe('HTTP/1.1 503 Service Unavailable');
    expect(answer && linesOf(answer, 'retry-after')).toEqual(['5']);
    expect(answer && linesOf(answer, 'www-authenticate')).toEqual([]);
    await down.start();
    clock.advance(5);
    const [healed] = await exchange(cold.url, ['GET /data HTTP/1.1', line]);
    expect(healed?.statusLine).toBe('HTTP/1.1 200 OK');
    await cold.close();
    await down.close();
  });

  it('lets anonymous requests pass an optional guard, and no broken token', async () => {
    expect((await send('GET /optional')).body).toBe('{"agent":false}');
    expect((await send('GET /optional', await authorization())).body).toBe('{"sub":"alice","actor":"client-1"}');
    expect((await send('GET /optional', 'Authorization: Bearer x')).statusLine).toBe('HTTP/1.1 401 Unauthorized');
    expect((await send('GET /optional', 'Authorization: Basic x')).statusLine).toBe('HTTP/1.1 401 Unauthorized');
  });

  it('lets nobody be somebody by what something else has put on the request', async () => {
    expect((await send('GET /impostor')).body).toBe('{"agent":false}');
    expect((await send('GET /impostor', await authorization())).body).toBe('{"sub":"alice","actor":"client-1"}');
  });

  it('refuses requests of which Node has dropped field lines [BRR-07]', async () => {
    const [good, pad] = [await authorization(), Array<string>(1100).fill('a:')];
    const host = `Host: ${new URL(api.url).host}`;
    const hidden = await send('GET /data', host, good, ...pad, 'Authorization: Bearer x');
    // Newer versions of Node refuse them before we see them.
    expect(hidden.statusLine).toMatch(/^HTTP\/1\.1 (?:400|431) /);
    const optional = await send('GET /optional', host, ...pad, 'Authorization: Bearer x');
    expect(optional.statusLine).toMatch(/^HTTP\/1\.1 (?:400|431) /);
  });

  it('stacks guards, each with its own requirement, in one request [MCP-09]', async () => {
    const reader = await send('GET /stacked/admin', await authorization());
    expect(reader.statusLine).toBe('HTTP/1.1 403 Forbidden');
    // With `admin` alone the agent would come back to be told `read:data`, and so on for ever.
    expect(linesOf(reader, 'www-authenticate')).toEqual([
      `Bearer ${insufficientScope}, scope="read:data admin", ${metadata}`,
      `DPoP scope="read:data admin", ${metadata}, ${algs}`,
    ]);
    const admin = await send('GET /stacked/admin', await authorization({ scope: 'read:data admin' }));
    expect(admin.statusLine).toBe('HTTP/1.1 200 OK');
    expect(decisions.map(({ outcome }) => outcome)).toEqual(['accepted', 'refused', 'accepted', 'accepted']);
    expect(decisions[2]?.requestId).toBe(decisions[3]?.requestId);
    expect(decisions[3]?.request).toMatchObject({ action: 'admin.read', route: '/stacked/admin' });
    expect(decisions[3]?.checks).toMatchObject([{ check: 'authentication', source: 'same-request' }]);
  });

  it('guards what is mounted below a path', async () => {
    expect((await send('GET /v1/data')).statusLine).toBe('HTTP/1.1 401 Unauthorized');
    expect((await send('GET /v1/data', await authorization())).body).toBe('{"sub":"alice","actor":"client-1"}');
    expect(decisions.at(-1)?.request.route).toBe('/v1/data');
  });

  it('judges by the target that was received, whatever routers make of it', async () => {
    const verifier = createVerifier({ resource, issuers: [trust(issuer)], now: clock.now });
    const targets: string[] = [];
    const watched = await adapter.start({
      ...verifier,
      check(request, options) {
        targets.push(request.target);
        return verifier.check(request, options);
      },
    });
    const paths = ['/data?a=/b', '/v1/data?a', '/stacked/admin', '/owned/%61lice'];
    for (const path of paths) await exchange(watched.url, [`GET ${path} HTTP/1.1`]);
    expect(targets).toEqual(paths);
    await watched.close();
  });

  it('gives the same decision to handlers that check by themselves', async () => {
    expect((await send('GET /checked', await authorization())).body).toBe('{"sub":"alice","actor":"client-1"}');
    expect((await send('GET /checked', await authorization({ scope: 'write:data' }))).statusLine).toMatch(/ 403 /);
    expect(decisions).toMatchObject([{ outcome: 'accepted' }, { outcome: 'refused', request: { route: '/checked' } }]);
  });

  it('finds no agent where no guard ran, and a handler that reads one all the same fails', async () => {
    expect((await send('GET /open', await authorization())).body).toBe('{"agent":false}');
    expect((await send('GET /unguarded', await authorization())).statusLine).toMatch(/^HTTP\/1\.1 500 /);
  });

  it.each(['/throws', '/broken-rule'])('leaves bugs to the application: %s', async (path) => {
    const answer = await send(`GET ${path}`, await authorization());
    expect(answer.statusLine).toMatch(/^HTTP\/1\.1 500 /);
    expect(linesOf(answer, 'www-authenticate')).toEqual([]);
  });

  it('serves the metadata to anyone, and under no other path [PRM-01 PRM-02 PRM-03 PRM-05 MCP-01 MCP-02]', async () => {
    const path = '/.well-known/oauth-protected-resource/v2';
    const answer = await send(`GET ${path}`);
    expect(answer.statusLine).toBe('HTTP/1.1 200 OK');
    expect(linesOf(answer, 'content-type')).toEqual(['application/json']);
    expect(answer.body).toBe(
      JSON.stringify({
        resource,
        authorization_servers: [issuer.issuer],
        scopes_supported: ['read:data', 'write:data'],
        bearer_methods_supported: ['header'],
        dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519', 'PS256'],
      }),
    );
    expect((await send(`GET ${path}?x=1`)).statusLine).toBe('HTTP/1.1 200 OK');
    expect(await send(`HEAD ${path}`)).toMatchObject({ statusLine: 'HTTP/1.1 200 OK', body: '' });
    expect((await send(`OPTIONS ${path}`)).statusLine).toBe('HTTP/1.1 204 No Content');
    expect((await send(`POST ${path}`)).statusLine).toBe('HTTP/1.1 405 Method Not Allowed');
    for (const other of [`${path}/`, `${path}/x`, '/.well-known/oauth-protected-resource', `/v2${path}`]) {
      expect((await send(`GET ${other}`)).statusLine).toBe('HTTP/1.1 404 Not Found');
    }
  });

  it('builds no URL from what the caller says about the host [PRM-21 CHL-15]', async () => {
    const spoofed = ['X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: http', 'Forwarded: host=evil.example'];
    const [answer] = await exchange(api.url.replace('127.0.0.1', 'localhost'), ['GET /data HTTP/1.1', ...spoofed]);
    expect(answer && linesOf(answer, 'www-authenticate')).toEqual([
      `Bearer scope="read:data", ${metadata}`,
      `DPoP scope="read:data", ${metadata}, ${algs}`,
    ]);
  });
});
