import { createTestAgent, createTestIssuer } from '@gatehouse/testing';
import { expect, test } from 'vitest';
import { exchange } from '../adapters/exchange.ts';
import { expressAdapter } from '../adapters/express.ts';
import { readText } from '../repository.ts';

/** The status line and the challenge of each answer that the page shows. */
const shown = [...readText('README.md').matchAll(/^```http\n([\s\S]*?)\n```$/gm)].map(([, block]) => block);

test('the README shows refusals as they come over the wire', async () => {
  const resource = 'https://api.example.com';
  const issuer = await createTestIssuer({ audience: resource });
  const api = await expressAdapter.start({ resource, issuers: [issuer.issuer], onDecision: () => undefined });
  const token = await createTestAgent(issuer, { scope: 'write:data' }).token();
  const answers = await exchange(
    api.url,
    ['GET /data HTTP/1.1'],
    ['GET /data HTTP/1.1', `Authorization: Bearer ${token}`],
  );
  const real = answers.map(({ statusLine, fields }) => {
    const challenges = fields.filter(([name]) => name === 'www-authenticate').map(([, value]) => value);
    return [statusLine, ...challenges.map((value) => `www-authenticate: ${value}`)].join('\n');
  });
  expect(shown).toEqual(real);
  await api.close();
  await issuer.close();
});
