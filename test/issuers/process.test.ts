import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createTestIssuer } from '@gatehouse/testing';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);

/** A process of its own that presents a token, closes nothing, and says when it has nothing left to do. */
const program = `
  const { createVerifier } = await import(process.argv[1]);
  const [issuer, token] = process.argv.slice(2);
  const verifier = createVerifier({ resource: 'https://api.example', issuers: [{ issuer, keys: { timeoutSeconds: 60 } }] });
  const request = { method: 'GET', target: '/', headers: { authorization: ['Bearer ' + token] } };
  const { outcome } = await verifier.check(request);
  process.stdout.write(outcome);
`;

describe('a process with a verifier', () => {
  it('ends by itself when it has nothing else to do, although nobody closed the verifier', async () => {
    await using issuer = await createTestIssuer({ audience: 'https://api.example' });
    const core = new URL('../../packages/core/dist/index.js', import.meta.url).href;
    const parameters = ['--input-type=module', '--eval', program, core, issuer.issuer, await issuer.token()];
    const { stdout } = await run(process.execPath, parameters, { timeout: 15_000 });
    expect(stdout).toBe('accepted');
  });
});
