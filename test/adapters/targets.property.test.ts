import type { Decision } from '@gatehouse/core';
import { createTestAgent, createTestIssuer, type DpopTestAgent, type TestIssuer } from '@gatehouse/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningApi } from './api.ts';
import { exchange } from './exchange.ts';
import { routers } from './routers.ts';

/** Anything that Node's parser lets through, most of it in the places where grammars differ. */
const piece = fc.oneof(
  fc.constantFrom('/', '//', '/data', '/v1', '/item/a', '/item/', 'data', 'a', '.', '..', '/..', '/.'),
  fc.constantFrom('?', '#', ';', ':', '@', '\\', '*', '%', '%2', '%2F', '%2e', '%5C', '%3F', '%23', '%61', '%25'),
  fc.constantFrom('=', '&', '+', ',', '[', ']', '|', '^', '{', '`', '"', "'", '<', '~', '%7e', '%C3%A9', '%E9'),
);
const origin = fc.constantFrom('https://api.example', 'HTTPS://API.example:443', 'https://evil.example', 'http://a');
const start = fc.oneof({ weight: 3, arbitrary: fc.constant('/') }, { weight: 1, arbitrary: origin });
const target = fc.tuple(start, fc.array(piece, { maxLength: 6 })).map(([first, rest]) => first + rest.join(''));

/** What a route and its parameter say of the path, decoded. */
const pathOfRoute: Readonly<Record<string, (parameter: string) => string>> = {
  root: () => '/',
  data: () => '/data',
  mounted: () => '/v1/data',
  item: (id) => `/item/${id}`,
  rest: (rest) => `/${rest}`,
};

/** What clients may take for the path of a target: its own text, or what a URL parser makes of it. */
const namers: readonly ((text: string) => string)[] = [
  (text) => text.replace(/\?.*$/, ''),
  (text) => new URL(`https://api.example${text}`).pathname,
];

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Without what routers make no difference of: case, and one slash at the end. */
const fold = (path: string) => path.toLowerCase().replace(/(?<=.)\/$/, '');

describe.each(routers)('what $name serves', ({ start: startRouter }) => {
  let issuer: TestIssuer;
  let agent: DpopTestAgent;
  let token: string;
  let api: RunningApi;
  let decisions: Decision[] = [];

  beforeAll(async () => {
    issuer = await createTestIssuer({ audience: 'https://api.example' });
    agent = createTestAgent(issuer, { sub: 'alice' }, { dpop: true });
    token = await agent.token();
    api = await startRouter({
      resource: 'https://api.example',
      issuers: [issuer.issuer],
      onDecision: (decision) => void decisions.push(decision),
    });
  });
  afterAll(async () => {
    await api.close();
    await issuer.close();
  });

  it('to a proof is the path that the proof names, whatever the target looks like [DPOP-10]', async () => {
    let served = 0;
    await fc.assert(
      fc.asyncProperty(target, fc.constantFrom(...namers), async (text, name) => {
        decisions = [];
        const path = name(text.replace(/^https?:\/\/[^/?#]*/i, ''));
        const htu = `https://api.example${path}`;
        const { authorization, dpop } = await agent.headers({ method: 'GET', url: htu, token }, { claims: { htu } });
        const request = [`GET ${text} HTTP/1.1`, `Authorization: ${authorization}`, `DPoP: ${dpop}`];
        const [answer] = await exchange(api.url, request);
        if (answer?.statusLine !== 'HTTP/1.1 200 OK' || decisions[0]?.outcome !== 'accepted') return;
        const [route = '', parameter = ''] = Buffer.from(answer.body, 'latin1').toString().split(/ (.*)/s);
        expect(fold(pathOfRoute[route]?.(parameter) ?? 'no route')).toBe(fold(decode(path || '/')));
        served += 1;
      }),
    );
    expect(served).toBeGreaterThan(0);
  });
});
