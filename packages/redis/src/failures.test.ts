import { inspect } from 'node:util';
import { UnavailableError } from '@gatehouse/core';
import { describe, expect, it } from 'vitest';
import { codeOf, failureOf } from './failures.ts';

describe('what Redis says', () => {
  it.each([
    ["NOPERM this user has no permissions to run the 'evalsha' command", 'ERR_REPLAY_STORE_PERMISSION'],
    ["ERR The user executing the script can't run this command or subcommand script: 1", 'ERR_REPLAY_STORE_PERMISSION'],
    ['NOAUTH HELLO must be called with the client already authenticated', 'ERR_REPLAY_STORE_PERMISSION'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'ERR_REPLAY_STORE_PERMISSION'],
    ["READONLY You can't write against a read only replica. script: 1", 'ERR_REPLAY_STORE_READ_ONLY'],
    ['NOREPLICAS Not enough good replicas to write. script: 1', 'ERR_REPLAY_STORE_READ_ONLY'],
    ['MISCONF Redis is configured to save RDB snapshots, but', 'ERR_REPLAY_STORE_READ_ONLY'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'ERR_REPLAY_STORE_FULL'],
    // As versions before 7 say it of a script.
    ['ERR Error running script (call to f_1): @user_script:1: -OOM command not allowed', 'ERR_REPLAY_STORE_FULL'],
    ['LOADING Redis is loading the dataset in memory', 'ERR_REPLAY_STORE_UNAVAILABLE'],
    ['CLUSTERDOWN The cluster is down', 'ERR_REPLAY_STORE_UNAVAILABLE'],
    ['TRYAGAIN Multiple keys request during rehashing of slot', 'ERR_REPLAY_STORE_UNAVAILABLE'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'ERR_REPLAY_STORE_UNAVAILABLE'],
  ])('%s: %s', (message, code) => {
    expect(codeOf(new Error(message))).toBe(code);
    expect(failureOf(new Error(message))).toBeInstanceOf(UnavailableError);
    expect(failureOf(new Error(message))).toMatchObject({ code, retryAfterSeconds: 1 });
  });

  it.each([undefined, 'text', new Error('connect ECONNREFUSED 127.0.0.1:6379')])(
    'means an outage otherwise',
    (error) => {
      expect(codeOf(error)).toBe('ERR_REPLAY_STORE_UNAVAILABLE');
    },
  );
});

describe('the error that callers get', () => {
  it('keeps a word of its cause', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:6379'), { code: 'ECONNREFUSED' });
    expect(String(failureOf(refused).cause)).toBe('Error: Redis or its connection says: ECONNREFUSED');
    expect(String(failureOf(new Error('OOM command not allowed')).cause)).toMatch(/: OOM$/);
    expect(String(failureOf(new TypeError('x')).cause)).toMatch(/: TypeError$/);
    expect(String(failureOf('x').cause)).toMatch(/: nothing$/);
  });

  it('shows neither the command that failed, which of a login has the password, nor an address', () => {
    const error = Object.assign(new Error('WRONGPASS invalid pair of redis://user:secret@10.0.0.1'), {
      command: { name: 'hello', args: ['3', 'AUTH', 'user', 'secret'] },
    });
    const shown = inspect(failureOf(error), { depth: null, showHidden: true });
    expect(shown).toContain('WRONGPASS');
    expect(shown).not.toMatch(/secret|10\.0\.0\.1/);
  });
});
