import { ConfigurationError, type ConfigurationIssue } from '@gatehouse/core';

export interface RedisStoresOptions {
  /** What the name of every key begins with, up to a colon: 1 to 64 of `A–Z a–z 0–9 . _ : -`. Default `gatehouse`. */
  readonly prefix?: string | undefined;
  /**
   * How long an answer of Redis may take before it counts as none, and a connection before it is tried again; 0.01 to 4.
   * Default 0.25.
   */
  readonly timeoutSeconds?: number | undefined;
}

/** Options with every default filled in. */
export interface RedisStoresSettings {
  readonly prefix: string;
  readonly timeoutSeconds: number;
}

const names: readonly string[] = ['prefix', 'timeoutSeconds'] satisfies readonly (keyof RedisStoresOptions)[];

/** @throws ConfigurationError with every problem */
export function parseOptions(options: RedisStoresOptions): RedisStoresSettings {
  const { prefix = 'gatehouse', timeoutSeconds = 0.25 } = options;
  const issues: ConfigurationIssue[] = [];
  // Braces would move every key to one slot of a Cluster, an asterisk would widen the pattern of an ACL rule.
  if (typeof prefix !== 'string' || !/^[\w.:-]{1,64}$/.test(prefix)) {
    issues.push({ path: 'prefix', message: 'must be 1 to 64 of the characters A–Z a–z 0–9 . _ : -' });
  }
  // Core waits five seconds for any store.
  if (typeof timeoutSeconds !== 'number' || !(timeoutSeconds >= 0.01 && timeoutSeconds <= 4)) {
    issues.push({ path: 'timeoutSeconds', message: 'must be a number of seconds from 0.01 to 4' });
  }
  for (const name of Object.keys(options).filter((key) => !names.includes(key))) {
    issues.push({ path: name, message: 'is no option' });
  }
  if (issues.length > 0) throw new ConfigurationError('options of the Redis stores', issues);
  return { prefix, timeoutSeconds };
}
