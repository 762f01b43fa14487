// @ts-check
/** @import { Mutation } from './mutations.mjs' */

/** Whose certificate counts, and whether it is the one of the token. @type {readonly Mutation[]} */
export const ofCertificates = [
  {
    check: 'another certificate than that of the token is refused',
    rows: ['MTL-01'],
    find: "if (found !== thumbprint) throw new InvalidTokenError('ERR_TOKEN_CERTIFICATE_MISMATCH');",
    replace: '',
  },
  {
    check: 'a token that is bound to a certificate needs one',
    rows: ['MTL-02'],
    find: "if (found === undefined) throw new InvalidTokenError('ERR_TOKEN_CERTIFICATE_ABSENT');",
    replace: "if (found === undefined) return 'tls-connection';",
  },
  {
    check: 'Client-Cert is believed of trusted proxies alone',
    rows: ['MTL-07'],
    find: 'const isForwarded = isTrustedProxy(request.remoteAddress);',
    replace: "const isForwarded = request.headers['client-cert'] !== undefined;",
  },
  {
    check: 'the certificate of a trusted proxy is not that of the client',
    rows: ['MTL-02'],
    find: 'isForwarded ? findForwarded(request) : findOwn(request)',
    replace: '(isForwarded ? findForwarded(request) : undefined) ?? findOwn(request)',
  },
  {
    check: 'two lines of Client-Cert are refused',
    rows: ['MTL-08'],
    find: "if (others.length > 0) throw new InvalidRequestError('ERR_CLIENT_CERT_REPEATED');",
    replace: '',
  },
  {
    check: 'a chain is no certificate',
    rows: ['MTL-10'],
    find: "headers['client-cert'] ?? []",
    replace: "headers['client-cert'] ?? headers['client-cert-chain'] ?? []",
  },
  {
    check: 'the thumbprint is a SHA-256',
    rows: ['MTL-03'],
    find: "hash('sha256', certificate",
    replace: "hash('sha384', certificate",
  },
];

/** What a `Client-Cert` field may be. @type {readonly Mutation[]} */
export const ofClientCert = [
  {
    check: 'the field is one byte sequence from its first character',
    rows: ['MTL-09'],
    find: '/^:([A-Za-z',
    replace: '/:([A-Za-z',
  },
  {
    check: 'the field is one byte sequence to its last character',
    rows: ['MTL-09'],
    find: '={0,2}):$/',
    replace: '={0,2}):/',
  },
  {
    check: 'its base64 is canonical',
    rows: ['MTL-09'],
    find: "bytes.toString('base64') !== base64 || ",
    replace: '',
  },
  {
    check: 'it holds a certificate',
    rows: ['MTL-09'],
    find: ' || !isCertificate(bytes)',
    replace: '',
  },
  {
    check: 'it holds nothing but the certificate, in DER',
    rows: ['MTL-09'],
    find: 'return new X509Certificate(bytes).raw.equals(bytes);',
    replace: 'return new X509Certificate(bytes).raw.length > 0;',
  },
  {
    check: 'a field that is too long is not decoded',
    rows: [],
    find: 'line.length > maxFieldLength ? undefined : ',
    replace: '',
  },
];

/** Who is a trusted proxy. @type {readonly Mutation[]} */
export const ofProxies = [
  {
    check: 'a peer that nobody knows is not trusted',
    rows: ['MTL-07'],
    find: 'if (remoteAddress === undefined) return false;',
    replace: 'if (remoteAddress === undefined) return true;',
  },
  {
    check: 'Unix sockets are trusted only where the options say so',
    rows: ['MTL-07'],
    find: 'if (remoteAddress === unix) return trustsUnix;',
    replace: 'if (remoteAddress === unix) return true;',
  },
  {
    check: 'a block of IPv6 holds no peer of IPv4',
    rows: [],
    find: 'trusted[family].check(address, family)',
    replace: 'trusted.ipv6.check(address, family)',
  },
  {
    check: 'an IPv4 peer is known in its mapped form',
    rows: ['MTL-07'],
    find: ".replace(mapped, '')",
    replace: '',
  },
  {
    check: 'the zone of a peer does not count',
    rows: ['MTL-07'],
    find: ".replace(/%.*$/s, '')",
    replace: '',
  },
  {
    check: 'a block has no bits behind its prefix',
    rows: [],
    find: "return bits.includes('1', block.prefix) ?",
    replace: 'return bits.length === 0 ?',
  },
];

/** What is read of a connection. @type {readonly Mutation[]} */
export const ofConnections = [
  {
    check: 'a connection that is closed is not taken for a Unix socket',
    rows: ['MTL-07'],
    find: "typeof connection?.server?.address?.() === 'string'",
    replace: 'connection !== undefined',
  },
  {
    check: 'a certificate counts until the connection is negotiated anew',
    rows: ['MTL-01'],
    find: "connection.once?.('secure', () => certificates.delete(connection));",
    replace: '',
  },
];
