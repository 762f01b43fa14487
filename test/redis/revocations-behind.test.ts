import { createVerifier, type Decision, type RevocationList } from '@gatehouse/core';
import type { RedisRevocations } from '@gatehouse/redis';
import { createTestIssuer, type TestIssuer } from '@gatehouse/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { describeOutcome, requestWith, resource } from '../introspection/guard.ts';
import { openRevocations } from './revocation-stores.ts';
import { startRedis } from './servers.mjs';
import { waitUntil } from './wait-until.mjs';

interface Api {
  readonly issuer: TestIssuer;
  readonly decisions: readonly Decision[];
  /** How a request ends at a process that asks the issuer, and at one that does not. */
  ask(token: string): Promise<readonly string[]>;
}

/** Two processes of one API, with a list that both have. */
async function startApi(tokenFormat: 'jwt' | 'opaque', revocations: RevocationList): Promise<Api> {
  const issuer = await createTestIssuer({ audience: resource, tokenFormat });
  const decisions: Decision[] = [];
  const verifiers = (['ask', 'refuse'] as const).map((whenBehind) =>
    createVerifier({
      resource,
      issuers: [{ issuer: issuer.issuer, introspection: { ...issuer.introspection, whenBehind, cacheSeconds: 0 } }],
      stores: { revocations },
      onDecision: (decision) => decisions.push(decision),
    }),
  );
  onTestFinished(async () => {
    for (const verifier of verifiers) await verifier.close();
    await issuer.close();
  });
  return {
    issuer,
    decisions,
    ask: (token) =>
      Promise.all(verifiers.map(async (verifier) => describeOutcome(await verifier.check(requestWith(token))))),
  };
}

async function waitForState(list: RedisRevocations, state: string): Promise<void> {
  await waitUntil(async () => list.health().state === state);
}

describe.each(['jwt', 'opaque'] as const)('where an issuer stands in for revocations in Redis (%s)', (tokenFormat) => {
  it('tokens go on working while Redis is away, until their issuer says otherwise [REV-01]', async () => {
    await using server = await startRedis();
    const list = openRevocations(server, { maxLagSeconds: 2 });
    await waitUntil(async () => list.ready().then(() => true));
    await waitUntil(async () => list.vouch().then(() => true));
    await waitForState(list, 'current');
    const { issuer, ask, decisions } = await startApi(tokenFormat, list);
    const [revoked, other] = [await issuer.token(), await issuer.token()];
    expect(await ask(revoked)).toEqual(['accepted', 'accepted']);

    await server.freeze();
    await waitForState(list, 'behind');
    expect(await ask(other)).toEqual(['accepted', 'ERR_REVOCATIONS_BEHIND']);
    expect(decisions.flatMap(({ checks }) => checks).filter(({ check }) => check === 'revocation')).toMatchObject([
      { source: 'introspection' },
    ]);
    issuer.revoke(revoked);
    expect((await ask(revoked))[0]).toBe('ERR_TOKEN_INACTIVE');

    await server.thaw();
    await waitForState(list, 'current');
    expect(await ask(other)).toEqual(['accepted', 'accepted']);
  });

  it('a process that starts on a Redis that nobody vouches for asks about tokens from before', async () => {
    await using server = await startRedis();
    const list = openRevocations(server);
    const { issuer, ask } = await startApi(tokenFormat, list);
    const token = await issuer.token();
    expect(await ask(token)).toEqual(['accepted', 'ERR_REVOCATIONS_BEHIND']);
    await waitUntil(async () => list.ready().then(() => true));
    expect(await ask(token)).toEqual(['accepted', 'ERR_REVOCATIONS_BEHIND']);
    issuer.revoke(token);
    expect((await ask(token))[0]).toBe('ERR_TOKEN_INACTIVE');
  });
});
