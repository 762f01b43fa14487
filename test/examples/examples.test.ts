import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { examples, root } from '../repository.ts';

describe('every example runs, asserts what it shows, and says nothing on stderr', () => {
  it.each(examples)('$name', async ({ directory, manifest }) => {
    const { start = 'There is no script to start it.' } = manifest.scripts ?? {};
    const cwd = join(root, directory);
    // What `npm start` does, without npm.
    const env = { ...process.env, PATH: `${join(cwd, 'node_modules/.bin')}${delimiter}${process.env['PATH']}` };
    const child = spawn(start, { cwd, env, shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    expect(errors).toBe('');
    expect(output).not.toContain('✗');
    expect(code, output).toBe(0);
  });
});
