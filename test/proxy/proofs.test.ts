import type { Decision } from '@gatehouse/core';
import { createTestAgent, createTestIssuer, type DpopTestAgent, type TestIssuer } from '@gatehouse/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunningApi } from '../adapters/api.ts';
import { routers } from '../adapters/routers.ts';
import { isNginxHere, type SiteName } from './nginx.ts';
import { type Proxied, startProxied, upstreams } from './proxied.ts';

const cases = routers.flatMap((router) => upstreams.map((upstream) => ({ ...router, upstream })));

describe.skipIf(!isNginxHere).each(cases)('a proof through nginx to $name over $upstream', ({ start, upstream }) => {
  const decisions: Decision[] = [];
  let issuer: TestIssuer;
  let agent: DpopTestAgent;
  let token: string;
  let apis: Readonly<Record<SiteName, RunningApi>>;
  let proxied: Readonly<Record<SiteName, Proxied>>;

  beforeAll(async () => {
    issuer = await createTestIssuer({ audience: 'https://api.example.com' });
    agent = createTestAgent(issuer, { sub: 'alice' }, { dpop: true });
    token = await agent.token();
    const options = {
      resource: 'https://api.example.com',
      issuers: [issuer.issuer],
      onDecision: (decision: Decision) => void decisions.push(decision),
    };
    apis = {
      'api.example.com': await start(options),
      'gateway.example.com': await start({ ...options, publicUrl: 'https://gateway.example.com/api' }),
    };
    proxied = {
      'api.example.com': await startProxied(apis['api.example.com'].server, upstream),
      'gateway.example.com': await startProxied(apis['gateway.example.com'].server, upstream),
    };
  });
  afterAll(async () => {
    for (const one of Object.values(proxied)) await one.close();
    for (const api of Object.values(apis)) await api.close();
    await issuer.close();
  });
  beforeEach(() => {
    decisions.length = 0;
  });

  const fieldsFor = async (url: string) => {
    const { authorization, dpop } = await agent.headers({ method: 'GET', url, token });
    return [`Authorization: ${authorization}`, `DPoP: ${dpop}`];
  };

  /** What is served, or the code of the refusal. */
  async function send(site: SiteName, target: string, fields: readonly string[]): Promise<string> {
    const { body } = await proxied[site].send(site, [`GET ${target} HTTP/1.1`, ...fields]);
    return decisions.splice(0)[0]?.refusal?.code ?? body;
  }
  const prove = async (site: SiteName, target: string, url: string, ...fields: readonly string[]) =>
    send(site, target, [...(await fieldsFor(url)), ...fields]);

  it('is for the URL that the agent called, and good once', async () => {
    const fields = await fieldsFor('https://api.example.com/data?a');
    expect(await send('api.example.com', '/data?a', fields)).toBe('data');
    expect(await send('api.example.com', '/data?a', fields)).toBe('ERR_DPOP_REPLAYED');
    expect(await prove('api.example.com', '/item/a%2Fb', 'https://api.example.com/item/a%2fb')).toBe('item a/b');
  });

  it('is not for the address at which nginx finds the API', async () => {
    const { url } = apis['api.example.com'];
    for (const elsewhere of [url, 'http://gatehouse_api', 'http://api.example.com', 'https://gateway.example.com']) {
      expect(await prove('api.example.com', '/data', `${elsewhere}/data`)).toBe('ERR_DPOP_URI');
    }
  });

  it('is for the prefix that nginx strips, with its slash or without', async () => {
    const base = 'https://gateway.example.com';
    expect(await prove('gateway.example.com', '/api/data', `${base}/api/data`)).toBe('data');
    expect(await prove('gateway.example.com', '/api/v1/data?a', `${base}/api/v1/data`)).toBe('mounted');
    expect(await prove('gateway.example.com', '/api/item/a%2Fb', `${base}/api/item/a%2Fb`)).toBe('item a/b');
    for (const target of ['/api', '/api?a', '/api/']) {
      expect(await prove('gateway.example.com', target, `${base}/api`)).toBe('root');
      expect(await prove('gateway.example.com', target, `${base}/api/`)).toBe('root');
    }
    expect(await prove('gateway.example.com', '/api/data', `${base}/data`)).toBe('ERR_DPOP_URI');
    expect(await prove('gateway.example.com', '/api/data', `${base}/api/data/`)).toBe('ERR_DPOP_URI');
  });

  it('works once for a prefix, whichever way it is called', async () => {
    const fields = await fieldsFor('https://gateway.example.com/api');
    expect(await send('gateway.example.com', '/api', fields)).toBe('root');
    expect(await send('gateway.example.com', '/api/', fields)).toBe('ERR_DPOP_REPLAYED');
  });

  it('means the same whatever fields say of hosts and origins', async () => {
    const hostile = ['X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: http', 'X-Forwarded-Prefix: /evil'];
    const forwarded = 'Forwarded: host=evil.example;proto=http';
    const base = 'https://api.example.com';
    expect(await prove('api.example.com', '/data', `${base}/data`, ...hostile, forwarded)).toBe('data');
    for (const elsewhere of ['https://evil.example', 'http://evil.example', 'https://evil.example/evil']) {
      expect(await prove('api.example.com', '/data', `${elsewhere}/data`, ...hostile)).toBe('ERR_DPOP_URI');
    }
  });

  it('may come with a target in absolute form, whose origin changes nothing', async () => {
    const url = 'https://api.example.com/data';
    expect(await prove('api.example.com', 'https://api.example.com/data?a', url)).toBe('data');
    expect(await prove('api.example.com', 'https://evil.example/data', 'https://evil.example/data')).toBe(
      'ERR_DPOP_URI',
    );
    expect(await prove('api.example.com', 'https://evil.example/data', url)).toBe('data');
  });

  it('is refused with a target that agents and routers read in two ways', async () => {
    for (const target of ['/v1/../data', '/data#a', '//data', '/item/a\\b']) {
      const url = new URL(target, 'https://api.example.com').href;
      expect(await prove('api.example.com', target, url)).toBe('ERR_TARGET_MALFORMED');
    }
  });

  it('is judged on its own, where agents share a connection to the API', async () => {
    const other = createTestAgent(issuer, { sub: 'bob' }, { dpop: true });
    const connection = await proxied['api.example.com'].open('api.example.com');
    const answers = [];
    for (const one of [agent, other, agent, other]) {
      const { authorization, dpop } = await one.headers({ method: 'GET', url: 'https://api.example.com/data' });
      connection.write(['GET /data HTTP/1.1', `Authorization: ${authorization}`, `DPoP: ${dpop}`]);
      answers.push((await connection.read()).body);
    }
    connection.close();
    expect(answers).toEqual(['data', 'data', 'data', 'data']);
    expect(decisions.map((decision) => decision.agent?.sub)).toEqual(['alice', 'bob', 'alice', 'bob']);
  });

  it('that is missing is asked for in challenges that nginx passes on, each on a line of its own', async () => {
    const { statusLine, fields } = await proxied['api.example.com'].send('api.example.com', ['GET /data HTTP/1.1']);
    expect(statusLine).toBe('HTTP/1.1 401 Unauthorized');
    const challenges = fields.filter(([name]) => name === 'www-authenticate').map(([, value]) => value);
    expect(challenges.map((challenge) => challenge.split(' ')[0])).toEqual(['Bearer', 'DPoP']);
  });
});
