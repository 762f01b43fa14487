import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, it } from 'vitest';
import { findClientCertificate, findPeerAddress } from './connection.ts';

/** A TLS connection that shows one certificate after the other: no client of ours can change its own. */
function createConnection(...shown: readonly (Buffer | undefined)[]) {
  const left = [...shown];
  const connection = Object.assign(new EventEmitter(), {
    reads: 0,
    getPeerX509Certificate() {
      connection.reads += 1;
      const raw = left[0];
      return raw && { raw };
    },
    /** As Node does it, with the event at the end of each handshake. */
    renegotiate() {
      left.shift();
      connection.emit('secure');
    },
  });
  return connection as typeof connection & Parameters<typeof findClientCertificate>[0];
}

const [one, other] = [Buffer.from('one'), Buffer.from('other')];

it('a certificate is read once for each connection, however many requests there are', () => {
  const [first, second] = [createConnection(one), createConnection(other)];
  for (let request = 0; request < 3; request += 1) {
    expect(findClientCertificate(first)).toBe(one);
    expect(findClientCertificate(second)).toBe(other);
  }
  expect([first.reads, second.reads]).toEqual([1, 1]);
});

it('a certificate counts until the connection is negotiated anew [MTL-01]', () => {
  const connection = createConnection(one, other, undefined);
  expect(findClientCertificate(connection)).toBe(one);
  connection.renegotiate();
  expect(findClientCertificate(connection)).toBe(other);
  connection.renegotiate();
  expect(findClientCertificate(connection)).toBeUndefined();
});

it('one listener waits for the next handshake, however many requests there are', () => {
  const connection = createConnection(one);
  for (let request = 0; request < 20; request += 1) findClientCertificate(connection);
  expect(connection.listenerCount('secure')).toBe(1);
});

it('a connection without TLS has no certificate, and a request that is made up has not even a connection', () => {
  for (const connection of [undefined, {}, new EventEmitter()]) {
    expect(findClientCertificate(connection)).toBeUndefined();
    expect(findPeerAddress(connection)).toBeUndefined();
  }
});

it('a TCP connection that is closed has no address, and is not taken for a Unix socket [MTL-07]', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write('GET / HTTP/1.1\r\nHost: api.example\r\n\r\n');
  const [{ socket }] = await once(server, 'request');
  // Node remembers the address once somebody has asked for it.
  socket.destroy();
  expect(findPeerAddress(socket)).toBeUndefined();
  server.close();
});
