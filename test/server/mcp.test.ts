import type { TokenClaims } from '@gatehouse/testing';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, algs } from './http.ts';
import { type Pair, startPair } from './pair.ts';

const claims = { sub: 'alice', client_id: 'app', scope: 'mcp:tools' };
let pair: Pair;

beforeAll(async () => {
  pair = await startPair();
});

afterAll(() => pair[Symbol.asyncDispose]());

/** A client as an agent has it, with one token for everything it sends. */
async function connectClient(tokenClaims: TokenClaims): Promise<Client> {
  const client = new Client({ name: 'agent', version: '1.0.0' });
  const headers = { authorization: `Bearer ${await pair.token(tokenClaims)}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${pair.url}/mcp`), { requestInit: { headers } }));
  return client;
}

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
const callWhoami = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'whoami', arguments: {} } };

/** Sends one JSON-RPC message as a client would. */
function post(message: unknown, tokenClaims?: TokenClaims, lines: readonly string[] = []): Promise<Answer> {
  return pair.send('/mcp', tokenClaims, {
    method: 'POST',
    lines: ['content-type', 'application/json', 'accept', 'application/json, text/event-stream', ...lines],
    body: typeof message === 'string' ? message : JSON.stringify(message),
  });
}

describe('a client of the SDK', () => {
  test('initializes, lists the tools, calls one and pings', async () => {
    const client = await connectClient(claims);
    expect(client.getServerVersion()).toMatchObject({ name: 'gatehouse-contract-server' });
    const { tools } = await client.listTools();
    expect(tools).toMatchObject([{ name: 'whoami' }]);
    const { content } = await client.callTool({ name: 'whoami' });
    expect(content).toEqual([{ type: 'text', text: '{"sub":"alice","client_id":"app"}' }]);
    expect(await client.ping()).toEqual({});
    await client.close();
  });

  test('is told who it is itself, beside others [MCP-13 MCP-14]', async () => {
    const subjects = ['alice', 'bob', 'carol'];
    const clients = await Promise.all(subjects.map((sub) => connectClient({ ...claims, sub })));
    const answers = await Promise.all(clients.map((client) => client.callTool({ name: 'whoami' })));
    expect(answers.map(({ content }) => content)).toEqual(
      subjects.map((sub) => [{ type: 'text', text: `{"sub":"${sub}","client_id":"app"}` }]),
    );
    await Promise.all(clients.map((client) => client.close()));
  });

  test('cannot connect without the scope', async () => {
    await expect(connectClient({ ...claims, scope: 'read:data' })).rejects.toThrow();
  });
});

describe('/mcp over HTTP', () => {
  test('asks for a token with its scope [MCP-02 MCP-03 MCP-07]', async () => {
    const answer = await post(callWhoami);
    expect(answer.status).toBe(401);
    const parameters = { scope: 'mcp:tools', resource_metadata: metadataUrl() };
    expect(answer.challenges).toEqual([
      { scheme: 'Bearer', ...parameters },
      { scheme: 'DPoP', ...parameters, algs },
    ]);
  });

  test.each([
    ['expired', { exp: 1 }],
    ['for another server', { aud: 'https://other.example' }],
  ])('refuses a token that is %s with 401, never with a result [MCP-04 MCP-05]', async (_title, changes) => {
    const answer = await post(callWhoami, { ...claims, ...changes });
    expect(answer).toMatchObject({
      status: 401,
      challenges: [
        { scheme: 'Bearer', error: 'invalid_token', scope: 'mcp:tools' },
        { scheme: 'DPoP', scope: 'mcp:tools' },
      ],
    });
  });

  test('refuses a token without the scope with 403 and the scope [MCP-07 MCP-08 MCP-09]', async () => {
    const answer = await post(callWhoami, { ...claims, scope: 'read:data' });
    expect(answer.status).toBe(403);
    expect(answer.challenges).toEqual([
      {
        scheme: 'Bearer',
        error: 'insufficient_scope',
        error_description: expect.any(String),
        scope: 'mcp:tools',
        resource_metadata: metadataUrl(),
      },
      { scheme: 'DPoP', scope: 'mcp:tools', resource_metadata: metadataUrl(), algs },
    ]);
  });

  test('takes no session for a token [MCP-13 MCP-14]', async () => {
    expect((await post(ping, undefined, ['mcp-session-id', 'a-session'])).status).toBe(401);
  });

  test('takes nobody for whoever began a session [MCP-14]', async () => {
    const { json } = await post(callWhoami, { ...claims, sub: 'bob' }, ['mcp-session-id', 'session-of-alice']);
    expect(json).toMatchObject({ result: { content: [{ type: 'text', text: '{"sub":"bob","client_id":"app"}' }] } });
  });

  test('answers in JSON', async () => {
    const answer = await post(callWhoami, claims);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toEqual([expect.stringMatching(/^application\/json/)]);
    expect(answer.json).toEqual({
      jsonrpc: '2.0',
      id: 2,
      result: { content: [{ type: 'text', text: '{"sub":"alice","client_id":"app"}' }] },
    });
  });

  test('accepts notifications with 202 and no body', async () => {
    const answer = await post({ jsonrpc: '2.0', method: 'notifications/initialized' }, claims);
    expect(answer).toMatchObject({ status: 202, body: '' });
  });

  test('refuses what is no JSON-RPC with 400', async () => {
    for (const body of ['{', '{"jsonrpc":"1.0"}']) {
      expect(await post(body, claims)).toMatchObject({
        status: 400,
        json: { jsonrpc: '2.0', error: { code: -32700 } },
      });
    }
  });

  test.each(['GET', 'DELETE', 'PUT'])('has no streams and no sessions: %s is not allowed', async (method) => {
    const lines = ['accept', 'text/event-stream'];
    const answer = await pair.send('/mcp', claims, { method, lines });
    expect(answer).toMatchObject({ status: 405, json: { jsonrpc: '2.0', error: { code: -32000 }, id: null } });
    expect(answer.headers['allow']).toEqual(['POST']);
    expect((await pair.send('/mcp', undefined, { method, lines })).status).toBe(401);
  });
});

describe('Origin', () => {
  test.each(['https://evil.example', 'null', 'http://127.0.0.1:1', 'https://127.0.0.1'])(
    '"%s" is refused, with a token and without',
    async (origin) => {
      for (const tokenClaims of [claims, undefined]) {
        const answer = await post(ping, tokenClaims, ['origin', origin]);
        expect(answer).toMatchObject({
          status: 403,
          challenges: [],
          json: { jsonrpc: '2.0', error: { code: -32000 } },
        });
      }
    },
  );

  test('is fine when it is absent, the audience itself or this machine', async () => {
    const { port } = new URL(pair.url);
    const origins = [pair.url, `http://localhost:${port}`, `http://[::1]:${port}`];
    for (const lines of [[], ...origins.map((origin) => ['origin', origin])]) {
      expect(await post(ping, claims, lines)).toMatchObject({
        status: 200,
        json: { jsonrpc: '2.0', id: 1, result: {} },
      });
    }
  });

  test('of the audience is fine where that is not this machine', async () => {
    await using other = await startPair({ AUDIENCE: 'https://api.example.com/v2' });
    const lines = ['content-type', 'application/json', 'accept', 'application/json, text/event-stream'];
    const statuses = ['https://api.example.com', 'https://api.example.com:444'].map(async (origin) => {
      const message = { method: 'POST', lines: [...lines, 'origin', origin], body: JSON.stringify(ping) };
      return (await other.send('/mcp', claims, message)).status;
    });
    expect(await Promise.all(statuses)).toEqual([200, 403]);
  });
});

function metadataUrl(): string {
  return `${pair.url}/.well-known/oauth-protected-resource`;
}
