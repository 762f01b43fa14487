import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);

describe('a worker of node:cluster', () => {
  it('revokes by a list that all workers share, or not at all', async () => {
    const program = fileURLToPath(new URL('./cluster.mjs', import.meta.url));
    const { stdout } = await run(process.execPath, [program], { timeout: 15_000 });
    const local = 'ERR_REVOCATION_LIST_LOCAL';
    expect(JSON.parse(stdout)).toEqual({
      primary: { none: 'revoked', memory: 'revoked', shared: 'revoked' },
      worker: { none: local, memory: local, shared: 'revoked' },
    });
  });
});
