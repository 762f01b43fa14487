import type { Decision } from '@gatehouse/core';
import { createTestAgent, createTestIssuer, type DpopTestAgent, type TestIssuer } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningApi } from './api.ts';
import { exchange } from './exchange.ts';
import { routers } from './routers.ts';
import { targets } from './targets.ts';

const resource = 'https://api.example';
let issuer: TestIssuer;
let agent: DpopTestAgent;
let token: string;

beforeAll(async () => {
  issuer = await createTestIssuer({ audience: resource });
  agent = createTestAgent(issuer, { sub: 'alice' }, { dpop: true });
  token = await agent.token();
});
afterAll(() => issuer.close());

describe.each(routers)('what $name serves', ({ name, start }) => {
  let api: RunningApi;
  let decisions: Decision[] = [];

  beforeAll(async () => {
    api = await start({
      resource,
      issuers: [issuer.issuer],
      onDecision: (decision) => void decisions.push(decision),
    });
  });
  afterAll(() => api.close());

  /** The text of an answer, or the status of a refusal. */
  async function send(target: string, ...fields: readonly string[]): Promise<string> {
    decisions = [];
    const [answer] = await exchange(api.url, [`GET ${target} HTTP/1.1`, ...fields]);
    const [, status = ''] = answer?.statusLine.split(' ') ?? [];
    return status === '200' ? Buffer.from(answer?.body ?? '', 'latin1').toString() : status;
  }

  /** What is served to a proof for this URI, or the code of the refusal. */
  async function prove(target: string, uri: string, ...fields: readonly string[]): Promise<string> {
    const { authorization, dpop } = await agent.headers({ method: 'GET', url: uri, token });
    const served = await send(target, `Authorization: ${authorization}`, `DPoP: ${dpop}`, ...fields);
    return decisions[0]?.refusal?.code ?? served;
  }

  it.each(targets)('for $target is known', async ({ target, served }) => {
    const bearer = `Authorization: Bearer ${await createTestAgent(issuer, { sub: 'alice' }).token()}`;
    expect(await send(target, bearer)).toBe(served[name]);
  });

  it.each(targets.filter(({ uri }) => uri !== undefined))(
    'for $target is served to a proof for $uri [DPOP-10 DPOP-12]',
    async ({ target, uri = '', served }) => {
      expect(await prove(target, uri)).toBe(served[name]);
    },
  );

  it.each(targets.filter(({ uri, served }) => uri === undefined && !/^4\d\d$/.test(served[name])))(
    'for $target is served to no proof, because none can name it [DPOP-10]',
    async ({ target }) => {
      for (const path of ['/', '/data', `/${target}`, target.replace(/^[a-z]+:\/\/[^/]*/, '')]) {
        expect(await prove(target, `${resource}${path}`)).toBe('ERR_TARGET_MALFORMED');
      }
    },
  );

  it('under one route for two targets is served to a proof for one of them alone, unless both are one URI [DPOP-10 DPOP-11]', async () => {
    let folded = 0;
    for (const one of targets) {
      for (const other of targets) {
        const isFolded = one !== other && one.served[name] === other.served[name] && !/^4\d\d$/.test(one.served[name]);
        if (!isFolded || one.uri === undefined || other.uri === undefined) continue;
        const expected = one.uri === other.uri ? other.served[name] : 'ERR_DPOP_URI';
        expect([other.target, await prove(other.target, one.uri)]).toEqual([other.target, expected]);
        folded += 1;
      }
    }
    expect(folded).toBeGreaterThan(40);
  });

  it('is the same to a proof whatever fields say of hosts, origins and prefixes [DPOP-12]', async () => {
    const fields = [
      'X-Forwarded-Host: evil.example',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Port: 80',
      'X-Forwarded-Prefix: /evil',
      'X-Original-URL: /evil',
      'X-Rewrite-URL: /evil',
      'Forwarded: host=evil.example;proto=http',
    ];
    expect(await prove('/data', 'https://api.example/data', ...fields)).toBe('data');
    for (const uri of ['https://evil.example/data', 'http://evil.example/evil/data', 'https://api.example/evil']) {
      expect(await prove('/data', uri, ...fields)).toBe('ERR_DPOP_URI');
    }
  });

  it('for one URI on two routes is served to one proof once, whichever of them it is for [DPOP-23]', async () => {
    const { authorization, dpop } = await agent.headers({ method: 'GET', url: `${resource}/data`, token });
    const fields = [`Authorization: ${authorization}`, `DPoP: ${dpop}`];
    expect(await send('/d%61ta', ...fields)).toBe(name === 'fastify' ? 'data' : 'rest data');
    expect([await send('/data', ...fields), decisions[0]?.refusal?.code]).toEqual(['401', 'ERR_DPOP_REPLAYED']);
    expect(await prove('/data', `${resource}/data`)).toBe('data');
  });
});
