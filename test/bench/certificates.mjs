import { once } from 'node:events';
import { createServer, get } from 'node:https';
import { createVerifier } from '@gatehouse/core';
import { fromIncomingMessage } from '@gatehouse/core/node';
import { createTestCertificate } from '@gatehouse/testing';
import { fieldsFor, resource, scope } from './fixtures.mjs';
import { expect } from './in-process.mjs';

/** @typedef {import('./in-process.mjs').Case} Case */
/** @typedef {import('node:http').IncomingMessage} IncomingMessage */

/**
 * Rows that verify the same kind of token on one TLS connection, from the message of Node on, compared with a bearer
 * token: what is added is what a certificate costs for each request.
 *
 * @param {import('./fixtures.mjs').Fixture} fixture
 * @returns {Promise<{ readonly cases: readonly Case[], close(): void }>}
 */
export async function createCertificateCases({ issuer, mint, token }) {
  const certificate = createTestCertificate();
  const bound = await mint({ cnf: { 'x5t#S256': certificate.thumbprint } });
  const connection = await openConnection(certificate);
  const options = { resource, issuers: [issuer.issuer] };
  const verifiers = {
    direct: createVerifier(options),
    proxied: createVerifier({ ...options, trustedProxies: ['10.0.0.0/8', '127.0.0.0/8'] }),
  };
  await Promise.all(Object.values(verifiers).map((verifier) => verifier.ready()));
  // As the parser of HTTP does it, the field of each request is another string.
  const field = Buffer.from(`:${Buffer.from(certificate.der).toString('base64')}:`);

  /**
   * @param {import('@gatehouse/core').Verifier} verifier
   * @param {string} presented
   * @param {() => readonly string[]} [more] field lines
   */
  function createRun(verifier, presented, more = () => []) {
    const guard = { requirement: verifier.prepare(scope), mode: /** @type {const} */ ('require'), route: '/data' };
    const fields = Object.entries(fieldsFor(presented)).flat();
    return async () => {
      const rawHeaders = [...fields, ...more()];
      const message = { method: 'GET', url: '/data', rawHeaders, socket: connection.socket };
      const { outcome } = await verifier.check(fromIncomingMessage(/** @type {IncomingMessage} */ (message)), guard);
      expect(outcome === 'accepted', `the verifier answered "${outcome}"`);
    };
  }

  return {
    cases: [
      { name: 'Gatehouse, bearer, warm', run: createRun(verifiers.direct, token) },
      { name: 'Gatehouse, certificate of the connection', run: createRun(verifiers.direct, bound) },
      {
        name: 'Gatehouse, certificate of a trusted proxy',
        run: createRun(verifiers.proxied, bound, () => ['client-cert', field.latin1Slice()]),
      },
    ],
    close: connection.close,
  };
}

/**
 * The side of the server of a TLS connection on which the client has shown this certificate.
 *
 * @param {import('@gatehouse/testing').TestCertificate} certificate
 */
async function openConnection({ cert, key }) {
  const server = createServer({ cert, key, requestCert: true, rejectUnauthorized: false });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const client = get({ port, host: '127.0.0.1', cert, key, rejectUnauthorized: false });
  client.on('error', () => undefined);
  const [message] = await once(server, 'request');
  return {
    socket: /** @type {IncomingMessage} */ (message).socket,
    close() {
      client.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}
