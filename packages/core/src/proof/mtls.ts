import { hash } from 'node:crypto';
import { BoundedMap } from '../bounded-map.ts';
import { InvalidRequestError, InvalidTokenError } from '../errors.ts';
import type { HttpRequest } from '../http/request.ts';
import { parseClientCert } from './client-cert-field.ts';
import { createProxyTest } from './trusted-proxies.ts';

/** Who says which certificate the client has: our own TLS connection with it, or a proxy that has one. */
export type CertificateSource = 'tls-connection' | 'client-cert-field';

export interface CertificateVerifier {
  /**
   * Compares the certificate of the client with that of its token (RFC 8705 §3). The client has proven in the TLS handshake
   * that the certificate is its own; who issued it, for whom and until when is nothing that the binding depends on (§6.2).
   *
   * @param thumbprint SHA-256 of the certificate that the token is bound to, base64url
   * @throws InvalidTokenError when the client has another certificate, or none
   * @throws InvalidRequestError when a trusted proxy does not say it in the one way of RFC 9440 §2.2
   */
  verify(request: HttpRequest, thumbprint: string): CertificateSource;
}

/** Parsing a certificate takes ten times as long as finding its thumbprint again. */
const maxRememberedFields = 1000;

export function createCertificateVerifier(trustedProxies: readonly string[]): CertificateVerifier {
  const isTrustedProxy = createProxyTest(trustedProxies);
  const ofConnections = new WeakMap<Uint8Array, string>();
  const ofFields = new BoundedMap<string, string>(maxRememberedFields);

  function findOwn({ clientCertificate }: HttpRequest): string | undefined {
    if (clientCertificate === undefined) return undefined;
    const known = ofConnections.get(clientCertificate);
    if (known !== undefined) return known;
    const thumbprint = thumbprintOf(clientCertificate);
    ofConnections.set(clientCertificate, thumbprint);
    return thumbprint;
  }

  /** `Client-Cert-Chain` is not read: it says who issued a certificate, and never which one it is (RFC 9440 §2.3). */
  function findForwarded({ headers }: HttpRequest): string | undefined {
    const [line, ...others] = headers['client-cert'] ?? [];
    if (line === undefined) return undefined;
    if (others.length > 0) throw new InvalidRequestError('ERR_CLIENT_CERT_REPEATED');
    const known = ofFields.get(line);
    if (known !== undefined) return known;
    const thumbprint = thumbprintOf(parseClientCert(line));
    ofFields.set(line, thumbprint);
    return thumbprint;
  }

  return {
    verify(request, thumbprint) {
      // The certificate of a proxy is its own, and not that of a client without one.
      const isForwarded = isTrustedProxy(request.remoteAddress);
      const found = isForwarded ? findForwarded(request) : findOwn(request);
      if (found === undefined) throw new InvalidTokenError('ERR_TOKEN_CERTIFICATE_ABSENT');
      if (found !== thumbprint) throw new InvalidTokenError('ERR_TOKEN_CERTIFICATE_MISMATCH');
      return isForwarded ? 'client-cert-field' : 'tls-connection';
    },
  };
}

/** `x5t#S256` (RFC 8705 §3.1). */
function thumbprintOf(certificate: Uint8Array): string {
  return hash('sha256', certificate, 'base64url');
}
