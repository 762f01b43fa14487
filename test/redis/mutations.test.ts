import { expect, test } from 'vitest';
import { mutate, mutations } from '../mutation/mutations.mjs';
import { readText } from '../repository.ts';
import { startRedis } from './servers.mjs';

/** What the files of scripts have between backticks, beside the words of their comments. */
const listScripts = (source: string): readonly string[] =>
  Array.from(source.matchAll(/`\n([^`]*)`/g), ([, text = '']) => text);

// One that Redis cannot read would be noticed by every test, and show nothing.
test('every mutation of a script is a script', async () => {
  await using server = await startRedis();
  const ofScripts = mutations.filter(({ file }) => /-scripts?\.ts$/.test(file));
  expect(ofScripts.length).toBeGreaterThan(40);
  for (const { file, ...mutation } of ofScripts) {
    const scripts = listScripts(mutate(mutation, readText(file)));
    expect(scripts.length).toBeGreaterThan(0);
    for (const text of scripts) expect(await server.run('SCRIPT', 'LOAD', text)).toMatch(/^[0-9a-f]{40}$/);
  }
  await expect(server.run('SCRIPT', 'LOAD', 'return {')).rejects.toThrow('compiling');
});
