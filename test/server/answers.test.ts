import { tokenDefects } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, algs } from './http.ts';
import { type Pair, startPair } from './pair.ts';

let pair: Pair;
/** Everything that the server said about refusals, for the last test. */
const refusals: Answer[] = [];

beforeAll(async () => {
  // Tokens with unknown keys come faster here than in life.
  pair = await startPair({ JWKS_COOLDOWN_MS: '1' });
});

afterAll(() => pair[Symbol.asyncDispose]());

async function read(...fields: readonly string[]): Promise<Answer> {
  const lines = fields.flatMap((value) => ['Authorization', value]);
  const answer = await pair.send('/read', undefined, { lines });
  if (answer.status !== 200) refusals.push(answer);
  return answer;
}

/** A challenge of each scheme, in their order; those that are named have the error. */
function challenges(error?: string, erring: readonly ('Bearer' | 'DPoP')[] = ['Bearer']) {
  const common = { scope: 'read:data', resource_metadata: `${pair.url}/.well-known/oauth-protected-resource` };
  return [{ scheme: 'Bearer' } as const, { scheme: 'DPoP', algs } as const].map((offer) =>
    error !== undefined && erring.includes(offer.scheme)
      ? { ...offer, ...common, error, error_description: expect.any(String) }
      : { ...offer, ...common },
  );
}
/** Where nobody knows which scheme was meant, both have the error. */
const invalidRequest = () => challenges('invalid_request', ['Bearer', 'DPoP']);

describe('credentials', () => {
  test.each(['Basic dXNlcjpwYXNzd29yZA==', 'Negotiate abc', 'DPoPx abc'])(
    'of another scheme are none: "%s" [BRR-11]',
    async (credentials) => {
      const answer = await read(credentials);
      expect(answer.status).toBe(401);
      expect(answer.challenges).toEqual(challenges());
    },
  );

  test('of the scheme DPoP are read, and answered with its challenge first', async () => {
    for (const [credentials, status, expected] of [
      ['DPoP abc', 401, challenges('invalid_token', ['DPoP']).reverse()],
      [`DPoP ${await pair.token({ scope: 'read:data' })}`, 401, challenges('invalid_token', ['DPoP']).reverse()],
      ['DPoP a,b', 400, invalidRequest()],
    ] as const) {
      const answer = await read(credentials);
      expect(answer.status).toBe(status);
      expect(answer.challenges).toEqual(expected);
    }
  });

  test('in the query or the body are not looked at [BRR-05 MCP-12 FAP-01]', async () => {
    const token = await pair.token({ scope: 'read:data write:data' });
    const answers = [
      await pair.send(`/read?access_token=${token}`),
      await pair.send('/write', undefined, {
        method: 'POST',
        lines: ['content-type', 'application/x-www-form-urlencoded'],
        body: `access_token=${token}`,
      }),
    ];
    for (const { status, challenges, body } of answers) {
      expect(status).toBe(401);
      expect(challenges.map(({ scheme, error }) => ({ scheme, error }))).toEqual([
        { scheme: 'Bearer', error: undefined },
        { scheme: 'DPoP', error: undefined },
      ]);
      expect(body).not.toContain(token);
    }
  });

  test('are a scheme in any case, spaces and a token [BRR-01 BRR-02 BRR-03 FAP-01]', async () => {
    const token = await pair.token({ scope: 'read:data' });
    for (const prefix of ['Bearer ', 'bearer ', 'BEARER ', 'bEaReR ', 'Bearer  ']) {
      expect((await read(`${prefix}${token}`)).status).toBe(200);
    }
    for (const malformed of [`Bearer${token}`, 'Bearer', 'Bearer ']) {
      expect((await read(malformed)).status).not.toBe(200);
    }
  });

  test.each(['a b', 'a,b', 'a"b', 'a;b', '=a', 'caf\u00e9'])(
    'that are not of the grammar are a bad request: "Bearer %s" [BRR-03 BRR-04 BRR-14 MCP-07]',
    async (token) => {
      const answer = await read(`Bearer ${token}`);
      expect(answer.status).toBe(400);
      expect(answer.challenges).toEqual(invalidRequest());
    },
  );

  test('on two field lines are a bad request, whichever is good [BRR-07 BRR-14]', async () => {
    const good = `Bearer ${await pair.token({ scope: 'read:data' })}`;
    for (const fields of [
      [good, good],
      [good, 'Bearer garbage'],
      ['Basic dXNlcg==', good],
      [good, 'DPoP abc'],
    ]) {
      const answer = await read(...fields);
      expect(answer.status).toBe(400);
      expect(answer.challenges).toEqual(invalidRequest());
    }
  });

  test('that are too long to be a token are a bad request [BRR-21]', async () => {
    // Without this, Node answers 431 by itself.
    await using patient = await startPair({ NODE_OPTIONS: '--max-http-header-size=131072' });
    const lines = (token: string) => ({ lines: ['Authorization', `Bearer ${token}`] });
    expect((await patient.send('/read', undefined, lines('a'.repeat(64 * 1024)))).status).toBe(400);
    expect((await patient.send('/read', undefined, lines('a'.repeat(16 * 1024)))).status).toBe(401);
  });
});

describe('tokens', () => {
  const notReadable = ['json-serialization'];

  test.each(tokenDefects)(
    'wrong by %s are invalid [BRR-12 AT-01 AT-02 AT-03 AT-04 AT-05 AT-06 AT-09]',
    async (defect) => {
      const answer = await read(`Bearer ${await pair.token({ scope: 'read:data' }, { defect })}`);
      if (notReadable.includes(defect)) expect(answer.status).toBe(400);
      else {
        expect(answer.status).toBe(401);
        expect(answer.challenges).toEqual(challenges('invalid_token'));
      }
    },
  );

  test('without a defect are good, which is the control of all the others [AT-04]', async () => {
    expect((await read(`Bearer ${await pair.token({ scope: 'read:data' })}`)).status).toBe(200);
  });

  test('that are no JWT are invalid [BRR-12]', async () => {
    const answer = await read('Bearer garbage');
    expect(answer.status).toBe(401);
    expect(answer.challenges).toEqual(challenges('invalid_token'));
  });

  test('say the type of an access token in any case [AT-01]', async () => {
    for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt']) {
      const token = await pair.token({ scope: 'read:data' }, { header: { typ } });
      expect((await read(`Bearer ${token}`)).status).toBe(200);
    }
  });

  test('may name several audiences [AT-03]', async () => {
    const token = await pair.token({ scope: 'read:data', aud: ['https://other.example', pair.url] });
    expect((await read(`Bearer ${token}`)).status).toBe(200);
  });

  test('are good for five seconds more than they say, and no longer [AT-05]', async () => {
    const now = Math.floor(Date.now() / 1000);
    expect((await pair.send('/read', { scope: 'read:data', exp: now - 1 })).status).toBe(200);
    expect((await pair.send('/read', { scope: 'read:data', exp: now - 6 })).status).toBe(401);
  });

  test.each(['RS256', 'PS256', 'ES256', 'EdDSA'] as const)('may be signed with %s [AT-10]', async (algorithm) => {
    await pair.issuer.rotateKeys({ algorithm });
    await expect
      .poll(async () => (await pair.send('/read', { scope: 'read:data' })).status, { timeout: 10_000 })
      .toBe(200);
  });
});

describe('authority', () => {
  test('without the scope is a challenge for it [BRR-13 AT-08 MCP-08 BCP-03 FAP-03]', async () => {
    const answer = await read(`Bearer ${await pair.token({ scope: 'write:data read:data2' })}`);
    expect(answer.status).toBe(403);
    expect(answer.challenges).toEqual(challenges('insufficient_scope'));
  });

  test('is looked at after the token: 401 comes before 403 [BRR-15 MCP-07]', async () => {
    const answer = await read(`Bearer ${await pair.token({ scope: 'write:data' }, { defect: 'expired' })}`);
    expect(answer.status).toBe(401);
    expect(answer.challenges).toEqual(challenges('invalid_token'));
  });
});

test('no refusal names a stack, a file or a token, and every 401 has a challenge [BRR-16 PRB-03]', () => {
  expect(refusals.length).toBeGreaterThan(tokenDefects.length);
  for (const { status, body, headers, challenges } of refusals) {
    expect(body).not.toMatch(/ at |node_modules|file:|\.m?js|eyJ/);
    if (status !== 401) continue;
    expect(challenges).toHaveLength(2);
    expect(headers['cache-control']).toEqual(['no-store']);
  }
});
