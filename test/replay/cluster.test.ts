import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);

describe('a worker of node:cluster', () => {
  it('verifies proofs with a replay store that all workers share, or not at all', async () => {
    const program = fileURLToPath(new URL('./cluster.mjs', import.meta.url));
    const { stdout } = await run(process.execPath, [program], { timeout: 15_000 });
    const path = 'stores.replay';
    const message = expect.stringMatching(/^must be a replay store that all workers share: .*node:cluster/);
    const refused = { kind: 'ConfigurationError', issues: [{ path, message }] };
    const worker = { none: refused, memory: refused, shared: 'taken', off: 'taken' };
    expect(JSON.parse(stdout)).toEqual({
      primary: { none: 'taken', memory: 'taken', shared: 'taken', off: 'taken' },
      workers: [worker, worker],
    });
  });
});
