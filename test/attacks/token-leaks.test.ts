import { inspect } from 'node:util';
import { createVerifier, type Decision, type HttpRequest } from '@gatehouse/core';
import { createTestIssuer } from '@gatehouse/testing';
import { expect, it } from 'vitest';

const resource = 'https://api.example';

/** What a request says to whoever receives it. */
async function describe(request: Request): Promise<string> {
  return JSON.stringify([request.method, request.url, [...request.headers], await request.clone().text()]);
}

it('sends the token of a caller to nobody, and leaves it nowhere [MCP-06 BCP-05]', async () => {
  await using issuer = await createTestIssuer({ audience: resource });
  const sent: string[] = [];
  const decisions: Decision[] = [];
  await using verifier = createVerifier({
    resource,
    issuers: [issuer.issuer],
    onDecision: (decision) => void decisions.push(decision),
    async fetch(input, init) {
      const request = new Request(input, init);
      sent.push(await describe(request));
      return globalThis.fetch(request);
    },
  });

  // The second one makes the verifier look for its key.
  for (const token of [await issuer.token(), await issuer.token({}, { defect: 'unknown-key' })]) {
    const request: HttpRequest = { method: 'GET', target: '/', headers: { authorization: [`Bearer ${token}`] } };
    const outcome = await verifier.check(request);
    const agent = outcome.outcome === 'accepted' ? { ...outcome.agent } : undefined;
    const left = inspect([outcome, agent, decisions, verifier.health()], { depth: null, showHidden: true });
    for (const segment of token.split('.')) expect(left + sent.join()).not.toContain(segment);
  }
  expect(decisions.map(({ outcome }) => outcome)).toEqual(['accepted', 'refused']);
  expect(sent.filter((request) => request.includes(issuer.jwksUri)).length).toBeGreaterThan(1);
});
