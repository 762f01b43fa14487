import { createPublicKey, type JsonWebKey, KeyObject } from 'node:crypto';
import { type CryptoKey, createLocalJWKSet, errors, type JSONWebKeySet } from 'jose';
import { isJsonObject, type JsonObject } from '../json.ts';
import type { Ready } from '../ready.ts';
import type { JwsHeader } from './algorithms.ts';
import { createVerificationKey, type VerificationKey } from './signature.ts';

/** A JSON Web Key Set (RFC 7517 §5), as published: public keys only. */
export interface JsonWebKeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

/**
 * The keys of a set that fit a JOSE header by `kid`, `alg`, `use`, `key_ops`, type and curve: none where nothing fits,
 * several only where the header does not tell them apart.
 */
type SelectKeys = (header: JwsHeader) => Ready<readonly VerificationKey[]>;

/** What an issuer publishes at one time. The same keys are the same object, fetched again or not. */
export interface PublishedKeys {
  readonly text: string;
  readonly select: SelectKeys;
}

/** The keys of a set, or those published before where they are still the same to the letter. */
export function publishKeys(keys: readonly unknown[], before?: PublishedKeys): PublishedKeys {
  const text = JSON.stringify(keys);
  return before?.text === text ? before : { text, select: createKeySelector(keys) };
}

/** Tokens without `kid` try this many keys at most. */
const maxCandidates = 16;

/** Members that only private and symmetric keys have (RFC 7518 §6.2.2, §6.3.2, §6.4). */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** More keys than any issuer needs at once; each costs time to import. */
const maxKeys = 100;

/** The entries of a document with a `keys` array, or undefined where it has none, or too many. */
export function listKeys({ keys }: JsonObject): readonly unknown[] | undefined {
  return Array.isArray(keys) && keys.length <= maxKeys ? keys : undefined;
}

/** True for a key with a secret part, which nobody publishes on purpose (RFC 7517 §9.2). */
export function isSecretKey(key: unknown): boolean {
  return isJsonObject(key) && secretMembers.some((member) => member in key);
}

/** True for a public key that can verify; a set may hold others, which are skipped (RFC 7517 §5). */
export function isUsableKey(key: unknown): boolean {
  if (!isJsonObject(key) || isSecretKey(key) || !isForVerifying(key) || !hasUsableShape(key)) return false;
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: key as JsonWebKey, format: 'jwk' });
    const bits = asymmetricKeyDetails?.modulusLength ?? 2048;
    return bits >= 2048 && bits <= 4096;
  } catch {
    return false;
  }
}

/** The longest base64url text of 4096 bits. */
const longestModulus = 683;

/**
 * What can be told without arithmetic, which a hostile number can make last for a minute. An RSA exponent of one would let
 * anybody sign (RFC 8017 §3.1); every other one than 65537 is a curiosity.
 */
function hasUsableShape({ kty, crv, n, e }: JsonObject): boolean {
  switch (kty) {
    case 'RSA':
      return e === 'AQAB' && typeof n === 'string' && n.length <= longestModulus;
    case 'EC':
      return crv === 'P-256' || crv === 'P-384' || crv === 'P-521';
    default:
      return kty === 'OKP' && crv === 'Ed25519';
  }
}

/** False for a key that says it is for something else (RFC 7517 §4.2, §4.3). */
export function isForVerifying({ use, key_ops: operations }: JsonObject): boolean {
  const isSigning = use === undefined || use === 'sig';
  return isSigning && (operations === undefined || (Array.isArray(operations) && operations.includes('verify')));
}

/** Selects among the usable ones of these keys. `jose` matches and imports; what it found once needs no second search. */
function createKeySelector(keys: readonly unknown[]): SelectKeys {
  const select = createLocalJWKSet({ keys: keys.filter(isUsableKey) } as JSONWebKeySet);
  const found = new Map<string, readonly VerificationKey[]>();

  async function search(header: JwsHeader): Promise<readonly CryptoKey[]> {
    try {
      return [await select(header)];
    } catch (error) {
      return error instanceof errors.JWKSMultipleMatchingKeys ? await collect(error) : ignoreUnfit(error);
    }
  }

  async function find(header: JwsHeader, name: string): Promise<readonly VerificationKey[]> {
    const fitting = (await search(header)).map((key) => createVerificationKey(header.alg, KeyObject.from(key)));
    // Anybody can name keys that do not exist.
    if (fitting.length > 0) found.set(name, fitting);
    return fitting;
  }

  return (header) => {
    const { alg, kid } = header;
    const name = kid === undefined ? `${alg}` : `${alg} ${kid}`;
    return found.get(name) ?? find(header, name);
  };
}

async function collect(candidates: AsyncIterable<CryptoKey>): Promise<readonly CryptoKey[]> {
  const keys: CryptoKey[] = [];
  for await (const key of candidates) {
    if (keys.push(key) === maxCandidates) break;
  }
  return keys;
}

/** No key fits, or the one that does cannot be used with the algorithm after all. */
function ignoreUnfit(error: unknown): readonly [] {
  if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof DOMException) return [];
  throw error;
}
