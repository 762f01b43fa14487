import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBoundClient } from './bound-client.ts';
import type { Answer } from './http.ts';
import { presentTo, questionsOf, startIntrospectingPair } from './introspecting-pair.ts';
import type { Pair } from './pair.ts';

const claims = { scope: 'read:data' };

let pair: Pair;

beforeAll(async () => {
  pair = await startIntrospectingPair();
});
afterAll(() => pair[Symbol.asyncDispose]());

const present = (token: string, path = '/read') => presentTo(pair, token, path);

/** How many questions it causes. */
async function countQuestions(act: () => Promise<unknown>): Promise<number> {
  const before = questionsOf(pair);
  await act();
  return questionsOf(pair) - before;
}

function expectInvalid({ status, challenges }: Answer): void {
  expect(status).toBe(401);
  expect(challenges[0]).toMatchObject({ scheme: 'Bearer', error: 'invalid_token' });
}

describe('TOKEN_MODE=introspect', () => {
  test('takes opaque tokens, and asks at every request', async () => {
    const act = { sub: 'agent-1' };
    const token = await pair.token({ ...claims, sub: 'user-1', client_id: 'client-1', act });
    const asked = await countQuestions(async () => {
      expect(await present(token)).toMatchObject({ status: 200, json: { ok: true, sub: 'user-1' } });
      expect(await present(token, '/whoami')).toMatchObject({
        status: 200,
        json: { sub: 'user-1', client_id: 'client-1', act, scope: 'read:data' },
      });
      expect(await present(token, '/agent')).toMatchObject({ status: 200 });
    });
    expect(asked).toBe(3);
  });

  test('refuses a token from the moment in which it is revoked [REV-01]', async () => {
    const token = await pair.token(claims);
    expect(await present(token)).toMatchObject({ status: 200 });
    pair.issuer.revoke(token);
    expectInvalid(await present(token));
  });

  test('asks about JWTs as well, and verifies them all the same [REV-01]', async () => {
    const [good, bad] = [
      await pair.token(claims, { format: 'jwt' }),
      await pair.token(claims, { format: 'jwt', defect: 'expired' }),
    ];
    expect(await countQuestions(async () => expect((await present(good)).status).toBe(200))).toBe(1);
    expect(await countQuestions(async () => expectInvalid(await present(bad)))).toBe(0);
    pair.issuer.revoke(good);
    expectInvalid(await present(good));
  });

  test('refuses tokens that are unknown, for another resource, expired or without a scope', async () => {
    expectInvalid(await present('unknown-token'));
    expectInvalid(await pair.send('/read', { ...claims, aud: 'https://other.example' }));
    expectInvalid(await pair.send('/read', { ...claims, exp: Math.floor(Date.now() / 1000) - 60 }));
    const lacking = await pair.send('/admin', claims);
    expect(lacking).toMatchObject({ status: 403, challenges: [{ error: 'insufficient_scope' }, {}] });
  });

  test('asks for nothing where no token came', async () => {
    const asked = await countQuestions(async () => {
      expect((await pair.send('/read')).status).toBe(401);
      expect((await pair.send('/public')).status).toBe(200);
      expect(await pair.send('/optional')).toMatchObject({ status: 200, json: { anonymous: true } });
    });
    expect(asked).toBe(0);
  });

  test('demands the proof of a bound token, once for each request', async () => {
    const client = await createBoundClient(pair);
    expect((await client.send('/dpop-only', { claims })).status).toBe(200);
    const stolen = await client.send('/read', { claims, scheme: 'Bearer' });
    expect(stolen).toMatchObject({ status: 401, challenges: [{ error: 'invalid_token' }, {}] });
  });
});
