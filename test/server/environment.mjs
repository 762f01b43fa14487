import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { adapters } from './adapters.mjs';

/** @import { AdapterName } from './adapters.mjs' */

/** Variables that cannot be used. The message is for whoever starts the server. */
export class EnvironmentError extends Error {
  name = 'EnvironmentError';
}

/**
 * The values that are supported of the variables that ask for something which not every version has. Any other value
 * would weaken or change the answers, so that it ends the process instead of being ignored.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const supportedValues = {
  ADAPTER: Object.keys(adapters),
  TOKEN_MODE: ['jwt', 'introspect'],
  DPOP: ['allowed'],
  DPOP_NONCE: ['0', '1'],
  MTLS: ['0', '1', 'header'],
  ALLOW_JWT_TYP: ['0', '1'],
};

/**
 * What the variables say, in the units of the packages. An empty variable is the same as none.
 *
 * @param {Readonly<Record<string, string | undefined>>} variables
 * @throws {EnvironmentError}
 */
export function readEnvironment(variables) {
  refuseUnsupported(variables);
  const issuer = variables['ISSUER'];
  if (!issuer) throw new EnvironmentError('Set ISSUER to the identifier of the authorization server.');

  const audience = variables['AUDIENCE'] || undefined;
  if (audience !== undefined && !URL.canParse(audience)) throw new EnvironmentError('AUDIENCE must be a URL.');
  const publicUrl = variables['PUBLIC_URL'] || undefined;
  if (publicUrl !== undefined && !URL.canParse(publicUrl)) throw new EnvironmentError('PUBLIC_URL must be a URL.');

  return {
    adapter: /** @type {AdapterName} */ (variables['ADAPTER'] || 'express'),
    host: variables['HOST'] || '127.0.0.1',
    port: readNumber(variables, 'PORT', { fallback: 0, min: 0, max: 65_535 }),
    issuer,
    /** Undefined: the server's own origin. */
    audience,
    /** Undefined: the origin of the audience. */
    publicUrl,
    /** What HTTPS needs; undefined: HTTP. */
    tls: readTls(variables),
    /** Whether clients are asked for certificates. */
    asksForCertificates: variables['MTLS'] === '1',
    /** Who may say in `Client-Cert` which certificate a client has. */
    trustedProxies: variables['MTLS'] === 'header' ? ['127.0.0.0/8', '::1'] : [],
    dpop: {
      maxAgeSeconds: readNumber(variables, 'DPOP_MAX_AGE', { fallback: 60, min: 1, max: 600 }),
      nonces: variables['DPOP_NONCE'] === '1' ? readNonces(variables) : undefined,
    },
    tokenProfile: /** @type {'legacy' | 'rfc9068'} */ (variables['ALLOW_JWT_TYP'] === '1' ? 'legacy' : 'rfc9068'),
    clockToleranceSeconds: readNumber(variables, 'CLOCK_TOLERANCE', { fallback: 5, min: 0 }),
    keys: {
      refreshSeconds: readSeconds(variables, 'JWKS_CACHE_MS', 600_000),
      cooldownSeconds: readSeconds(variables, 'JWKS_COOLDOWN_MS', 1000),
      timeoutSeconds: readSeconds(variables, 'JWKS_TIMEOUT_MS', 1000),
    },
    introspection: variables['TOKEN_MODE'] === 'introspect' ? readIntrospection(variables) : undefined,
    /** Undefined: used proofs are remembered in memory. */
    redis: readRedis(variables),
    allowedActors: (variables['ALLOWED_ACTORS'] || 'agent-1').split(/[\s,]+/),
  };
}

/**
 * The files that the variables name. A certificate of a client that nobody knows is taken: what it proves is possession.
 *
 * @param {Readonly<Record<string, string | undefined>>} variables
 */
function readTls(variables) {
  const { TLS_CERT, TLS_KEY, TLS_CA, MTLS } = variables;
  if (!TLS_CERT !== !TLS_KEY) throw new EnvironmentError('Set TLS_CERT and TLS_KEY together.');
  if (!TLS_CERT || !TLS_KEY) {
    const orphan = TLS_CA ? 'TLS_CA' : MTLS === '1' && 'MTLS=1';
    if (orphan) throw new EnvironmentError(`${orphan} needs TLS_CERT and TLS_KEY.`);
    return undefined;
  }
  const files = {
    cert: readFileSync(TLS_CERT),
    key: readFileSync(TLS_KEY),
    ...(TLS_CA && { ca: readFileSync(TLS_CA) }),
  };
  try {
    createSecureContext(files);
  } catch {
    throw new EnvironmentError(
      'TLS_CERT, TLS_KEY and TLS_CA must name a certificate, its key, and authorities, in PEM.',
    );
  }
  return { ...files, requestCert: MTLS === '1', rejectUnauthorized: false };
}

/**
 * Processes that are given the same secret know each other's nonces; without one, a process knows its own.
 *
 * @param {Readonly<Record<string, string | undefined>>} variables
 */
function readNonces(variables) {
  const secret = variables['DPOP_NONCE_SECRET'];
  return {
    // A secret of any length, as the bytes of a key.
    secrets: [secret ? createHash('sha256').update(secret).digest() : randomBytes(32)],
    lifetimeSeconds: readNumber(variables, 'DPOP_NONCE_TTL', { fallback: 300, min: 1, max: 86_400 }),
  };
}

/**
 * A JWT is asked about as often as an opaque token.
 *
 * @param {Readonly<Record<string, string | undefined>>} variables
 */
function readIntrospection(variables) {
  const cacheSeconds = readNumber(variables, 'INTROSPECTION_CACHE_TTL_MS', { fallback: 0, min: 0 }) / 1000;
  return {
    introspection: {
      clientAuthentication: {
        method: /** @type {const} */ ('client_secret_basic'),
        clientId: variables['INTROSPECTION_CLIENT_ID'] || 'rs',
        clientSecret: variables['INTROSPECTION_CLIENT_SECRET'] || 'rs-secret',
      },
      cacheSeconds,
      timeoutSeconds: readSeconds(variables, 'INTROSPECTION_TIMEOUT_MS', 1000),
    },
    recheckSeconds: cacheSeconds,
  };
}

/** @param {Readonly<Record<string, string | undefined>>} variables */
function readRedis(variables) {
  const url = variables['REDIS_URL'];
  if (!url) return undefined;
  if (!/^rediss?:\/\//.test(url) || !URL.canParse(url)) {
    throw new EnvironmentError('REDIS_URL must be a URL that begins with redis:// or rediss://.');
  }
  return { url, timeoutSeconds: readSeconds(variables, 'REDIS_TIMEOUT_MS', 1000) };
}

/** @param {Readonly<Record<string, string | undefined>>} variables */
function refuseUnsupported(variables) {
  for (const [name, supported] of Object.entries(supportedValues)) {
    const value = variables[name];
    if (!value || supported.includes(value)) continue;
    const advice = `leave it out or set it to ${supported.join(' or ')}`;
    throw new EnvironmentError(`${name} asks for something that this version does not support: ${advice}.`);
  }
}

/**
 * Milliseconds as seconds. The packages take no zero: a key set that never rests could be made to flood its issuer.
 *
 * @param {Readonly<Record<string, string | undefined>>} variables
 * @param {string} name
 * @param {number} fallback in milliseconds
 */
function readSeconds(variables, name, fallback) {
  return Math.max(1, readNumber(variables, name, { fallback, min: 0 })) / 1000;
}

/**
 * @param {Readonly<Record<string, string | undefined>>} variables
 * @param {string} name
 * @param {{ readonly fallback: number, readonly min: number, readonly max?: number }} limits
 */
function readNumber(variables, name, { fallback, min, max = Number.MAX_SAFE_INTEGER }) {
  const text = variables[name];
  if (!text) return fallback;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new EnvironmentError(`${name} must be a whole number from ${min} to ${max}.`);
}
