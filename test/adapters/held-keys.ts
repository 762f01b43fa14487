import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestIssuer } from '@gatehouse/testing';

/** Where the keys of an issuer are, but not before they are released: until then every verification is under way. */
export interface HeldKeys {
  readonly jwksUri: string;
  /** Resolves once somebody has asked for the keys. */
  readonly asked: Promise<unknown>;
  /** Answers, from now on. */
  release(): void;
  close(): Promise<void>;
}

export async function holdKeys(issuer: TestIssuer): Promise<HeldKeys> {
  const gate = new EventEmitter();
  const released = once(gate, 'release');
  const server = createServer(async (_request, response) => {
    await released;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(issuer.jwks()));
  }).listen(0, '127.0.0.1');
  const asked = once(server, 'request');
  await once(server, 'listening');
  return {
    jwksUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    asked,
    release() {
      gate.emit('release');
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
