import { createSecretKey, type KeyObject } from 'node:crypto';
import { ConfigurationError, type ConfigurationIssue } from '@gatehouse/core';

export interface RedisStoresOptions {
  /** What the name of every key begins with, up to a colon: 1 to 64 of `A–Z a–z 0–9 . _ : -`. Default `gatehouse`. */
  readonly prefix?: string | undefined;
  /**
   * How long an answer of Redis may take before it counts as none, and a connection before it is tried again; 0.01 to 4.
   * Default 0.25.
   */
  readonly timeoutSeconds?: number | undefined;
  /** Shares what is revoked, too. `{}` for the defaults. Default: the stores have no revocations. */
  readonly revocations?: RedisRevocationOptions | undefined;
}

export interface RedisRevocationOptions {
  /**
   * One to eight secrets, each at least 32 random bytes, that every process has: the first makes entries, all are accepted.
   * Entries of anybody else who can write to this Redis are refused then. To rotate, add a new one at the end; once every
   * process has it, put it in front; once old entries have expired, drop the old one. Default: whoever can write to this Redis can revoke.
   */
  readonly keys?: readonly Uint8Array[] | undefined;
  /** How long a process goes on without knowing what others revoke, before it answers 503; 2 to 3600. Default 10. */
  readonly maxLagSeconds?: number | undefined;
  /** The most entries that this process holds; 1 to 10000000. Default 1000000. */
  readonly maxEntries?: number | undefined;
}

/** Options with every default filled in. */
export interface RedisStoresSettings {
  readonly prefix: string;
  readonly timeoutSeconds: number;
  readonly revocations: RevocationSettings | undefined;
}

export interface RevocationSettings {
  readonly keys: readonly KeyObject[];
  readonly maxLagSeconds: number;
  readonly maxEntries: number;
}

const names: readonly string[] = [
  'prefix',
  'timeoutSeconds',
  'revocations',
] satisfies readonly (keyof RedisStoresOptions)[];

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
  const revocations = options.revocations === undefined ? undefined : readRevocations(options.revocations, issues);
  if (issues.length > 0) throw new ConfigurationError('options of the Redis stores', issues);
  return { prefix, timeoutSeconds, revocations };
}

const revocationNames: readonly string[] = [
  'keys',
  'maxLagSeconds',
  'maxEntries',
] satisfies readonly (keyof RedisRevocationOptions)[];

function readRevocations(given: RedisRevocationOptions | null, issues: ConfigurationIssue[]): RevocationSettings {
  if (typeof given !== 'object' || given === null) {
    issues.push({ path: 'revocations', message: 'must be an object' });
    return { keys: [], maxLagSeconds: 0, maxEntries: 0 };
  }
  const { keys, maxLagSeconds = 10, maxEntries = 1_000_000 } = given;
  const refuse = (name: string, message: string) => void issues.push({ path: `revocations.${name}`, message });
  const isRing =
    keys === undefined || (Array.isArray(keys) && keys.length >= 1 && keys.length <= 8 && keys.every(isSecret));
  if (!isRing) refuse('keys', 'must be one to eight secrets of at least 32 bytes');
  if (typeof maxLagSeconds !== 'number' || !(maxLagSeconds >= 2 && maxLagSeconds <= 3600)) {
    refuse('maxLagSeconds', 'must be a number of seconds from 2 to 3600');
  }
  if (!Number.isInteger(maxEntries) || maxEntries < 1 || maxEntries > 10_000_000) {
    refuse('maxEntries', 'must be a whole number from 1 to 10000000');
  }
  for (const name of Object.keys(given).filter((key) => !revocationNames.includes(key))) refuse(name, 'is no option');
  // A key neither shows in logs nor changes with the bytes that it was made of.
  const ring = isRing ? (keys ?? []).map((secret) => createSecretKey(secret)) : [];
  return { keys: ring, maxLagSeconds, maxEntries };
}

function isSecret(secret: unknown): boolean {
  return secret instanceof Uint8Array && secret.byteLength >= 32;
}
