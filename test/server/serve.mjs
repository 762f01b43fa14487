import { once } from 'node:events';
import { createServer } from 'node:http';
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
  dpop,
  tokenProfile,
  clockToleranceSeconds,
  keys,
  allowedActors,
}) {
  const { createAdapter } = await adapters[adapter]();
  // It listens before it serves: PORT may be 0, and the audience needs the port.
  const server = createServer();
  server.listen(port, host);
  await once(server, 'listening');
  const own = describeAddress(/** @type {AddressInfo} */ (server.address()));
  const resource = audience ?? own.loopback;

  const options = {
    resource,
    issuers: [{ issuer, tokenProfile, keys }],
    publicUrl,
    dpop,
    metadata: { scopes },
    clockToleranceSeconds,
  };
  const mcp = createMcpEndpoint({ origins: [new URL(resource).origin, ...own.loopbacks] });
  const application = createAdapter(options, declareRoutes({ issuer, allowedActors, mcp }));
  server.on('request', application.listener);

  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, () => {
      server.close();
      server.closeAllConnections();
      application.close().catch(console.error);
    });
  }
  console.log(`listening on ${own.origin}`);
}

/** @param {AddressInfo} address */
function describeAddress({ address, family, port }) {
  const isIpv6 = family === 'IPv6';
  return {
    origin: `http://${isIpv6 ? `[${address}]` : address}:${port}`,
    loopback: `http://${isIpv6 ? '[::1]' : '127.0.0.1'}:${port}`,
    loopbacks: ['127.0.0.1', '[::1]', 'localhost'].map((host) => `http://${host}:${port}`),
  };
}
