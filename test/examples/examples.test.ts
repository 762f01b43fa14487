import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));

describe('every example runs, asserts what it shows, and says nothing on stderr', () => {
  it.each(['demo/demo.mjs'])('%s', async (file) => {
    const child = spawn(process.execPath, [`${examples}${file}`], { stdio: ['ignore', 'pipe', 'pipe'] });
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    expect(errors).toBe('');
    expect(output).not.toContain('✗');
    expect(code).toBe(0);
  });
});
