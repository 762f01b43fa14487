import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { adapters } from './adapters.mjs';
import { createMcpEndpoint } from './mcp.mjs';
import { declareRoutes, scopes } from './routes.mjs';

/** @import { AddressInfo } from 'node:net' */

/**
 * Serves the routes until a signal ends the process.
 *
 * @param {ReturnType<typeof import('./environment.mjs').readEnvironment>} settings
 */
export async function serve({
  adapter,
  host,
  port,
  issuer,
  audience,
  publicUrl,
  tls,
  asksForCertificates,
  trustedProxies,
  dpop,
  tokenProfile,
  clockToleranceSeconds,
  keys,
  introspection,
  redis,
  allowedActors,
}) {
  const { createAdapter } = await adapters[adapter]();
  const stores = redis === undefined ? undefined : (await import('./redis.mjs')).createStores(redis);
  // It listens before it serves: PORT may be 0, and the audience needs the port.
  const server = tls === undefined ? createServer() : createSecureServer(tls);
  server.listen(port, host);
  await once(server, 'listening');
  const own = describeAddress(/** @type {AddressInfo} */ (server.address()), tls === undefined ? 'http' : 'https');
  const resource = audience ?? own.loopback;

  const options = {
    resource,
    issuers: [{ issuer, tokenProfile, keys, ...introspection }],
    publicUrl,
    trustedProxies,
    dpop,
    metadata: { scopes, ...(asksForCertificates && { certificateBoundTokens: /** @type {const} */ (true) }) },
    clockToleranceSeconds,
    stores,
  };
  const mcp = createMcpEndpoint({ origins: [new URL(resource).origin, ...own.loopbacks] });
  const application = createAdapter(options, declareRoutes({ issuer, allowedActors, mcp }));
  server.on('request', application.listener);

  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, () => {
      server.close();
      server.closeAllConnections();
      Promise.all([application.close(), stores?.close()]).catch(console.error);
    });
  }
  console.log(`listening on ${own.origin}`);
}

/**
 * @param {AddressInfo} address
 * @param {'http' | 'https'} scheme
 */
function describeAddress({ address, family, port }, scheme) {
  const isIpv6 = family === 'IPv6';
  return {
    origin: `${scheme}://${isIpv6 ? `[${address}]` : address}:${port}`,
    loopback: `${scheme}://${isIpv6 ? '[::1]' : '127.0.0.1'}:${port}`,
    loopbacks: ['127.0.0.1', '[::1]', 'localhost'].map((host) => `${scheme}://${host}:${port}`),
  };
}
