import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { sendRequest } from './http.ts';
import { adapterUnderTest, startPair } from './pair.ts';
import { startContractServer } from './start.ts';

const claims = { scope: 'read:data' };
const variables = { ADAPTER: adapterUnderTest, ISSUER: 'http://127.0.0.1:9' };

/** Makes a process say, when it ends, what processor time it took. */
const report = `--import=data:text/javascript,${encodeURIComponent(
  "process.on('exit', () => console.error(JSON.stringify(process.cpuUsage())))",
)}`;

function processorTimeIn(stderr: string): number {
  const { user, system }: NodeJS.CpuUsage = JSON.parse(stderr);
  return user + system;
}

describe('the process', () => {
  test('says where it listens, and nothing else', async () => {
    const server = await startContractServer(variables);
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await server.stop()).toEqual({ code: 0, stdout: `listening on ${server.url}\n`, stderr: '' });
  });

  test('is ready in a second, where Node itself starts in a twelfth of it', async () => {
    const mine: number[] = [];
    const bare: number[] = [];
    // In turn, and the least of three: the machine may be busy, and slow.
    for (let round = 0; round < 3; round += 1) {
      bare.push(processorTimeIn((await promisify(execFile)(process.execPath, [report, '--eval', '0'])).stderr));
      const server = await startContractServer({ ...variables, NODE_OPTIONS: report });
      mine.push(processorTimeIn((await server.stop()).stderr));
    }
    expect(Math.min(...mine) / Math.min(...bare)).toBeLessThan(12);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('ends with code 0 on %s, whatever is open', async (signal) => {
    await using pair = await startPair({ JWKS_TIMEOUT_MS: '60000' });
    const idle = connect(Number(new URL(pair.url).port), '127.0.0.1');
    const idleEnd = once(idle, 'close');
    await once(idle, 'connect');
    pair.issuer.fail('jwks', 'hang');
    const unanswered = expect(pair.send('/read', claims)).rejects.toThrow();
    await expect.poll(() => pair.issuer.requests.length, { timeout: 10_000 }).toBe(2);
    expect(await pair.server.stop(signal)).toMatchObject({ code: 0, stderr: '' });
    await unanswered;
    await idleEnd;
  });

  test('runs from any folder, several at once', async () => {
    await using one = await startPair();
    await using other = await startContractServer({ ...variables, ISSUER: one.issuer.issuer }, { cwd: tmpdir() });
    expect((await one.send('/read', claims)).status).toBe(200);
    const lines = ['authorization', `Bearer ${await one.token({ ...claims, aud: other.url })}`];
    expect((await sendRequest(`${other.url}/read`, { lines })).status).toBe(200);
    // Each is a resource of its own: a token for one is no token for the other.
    expect((await one.send('/read', undefined, { lines })).status).toBe(401);
  });
});
