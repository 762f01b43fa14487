import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** The socket of a request. One that a framework makes up for a test may have nothing of it. */
type Connection = Partial<Pick<Socket, 'once' | 'remoteAddress'>> &
  Partial<Pick<TLSSocket, 'getPeerX509Certificate'>> & { readonly server?: { readonly address?: () => unknown } };

/** OpenSSL and Node need ten microseconds to show a certificate, and a connection carries many requests. */
const certificates = new WeakMap<Connection, Uint8Array>();

/**
 * The certificate that the client showed on a TLS connection, in DER, the same bytes every time; undefined where it showed
 * none. Sessions that are resumed have that of the handshake that began them.
 */
export function findClientCertificate(connection: Connection | undefined): Uint8Array | undefined {
  if (connection?.getPeerX509Certificate === undefined) return undefined;
  const known = certificates.get(connection);
  if (known !== undefined) return known;
  const certificate = connection.getPeerX509Certificate()?.raw;
  if (certificate === undefined) return undefined;
  certificates.set(connection, certificate);
  // A client of TLS 1.2 may renegotiate, with another certificate.
  connection.once?.('secure', () => certificates.delete(connection));
  return certificate;
}

/** The IP address of the peer, `'unix'` on a Unix socket, and undefined where the connection does not know any more. */
export function findPeerAddress(connection: Connection | undefined): string | undefined {
  return connection?.remoteAddress ?? (isUnixSocket(connection) ? 'unix' : undefined);
}

/** Asked of the server: a TCP connection that is closed has no address either. */
function isUnixSocket(connection: Connection | undefined): boolean {
  return typeof connection?.server?.address?.() === 'string';
}
