/** @import { Agent } from '@gatehouse/core' */
/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js' */

/**
 * A Model Context Protocol server over Streamable HTTP, without sessions: each request gets a server of its own, which
 * ends with the response. Its SDK is loaded by the first request, because that is a third of the start.
 *
 * @param {{ readonly origins: readonly string[] }} options the origins of the web pages that may call it
 */
export function createMcpEndpoint({ origins }) {
  return {
    /** Against DNS rebinding: a page of any other origin gets 403, whoever is logged in there. Programs send no Origin. */
    refuse(/** @type {IncomingMessage} */ request, /** @type {ServerResponse} */ response) {
      const { origin } = request.headers;
      if (origin === undefined || origins.includes(origin)) return false;
      answerError(response, 403, 'Web pages of this origin may not call this server.');
      return true;
    },

    async serve(
      /** @type {IncomingMessage} */ request,
      /** @type {ServerResponse} */ response,
      /** @type {Agent} */ agent,
    ) {
      if (request.method !== 'POST') {
        response.setHeader('allow', 'POST');
        return answerError(response, 405, 'There are no streams and no sessions here: use POST.');
      }
      const [{ McpServer }, { StreamableHTTPServerTransport }] = await loadSdk();
      // The caller has left meanwhile.
      if (response.destroyed) return;
      const server = addTools(new McpServer({ name: 'gatehouse-contract-server', version: '1.0.0' }), agent);
      const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
      response.on('close', () => {
        server.close().catch(console.error);
      });
      await server.connect(transport);
      await transport.handleRequest(request, response);
    },
  };
}

function loadSdk() {
  return Promise.all([
    import('@modelcontextprotocol/sdk/server/mcp.js'),
    import('@modelcontextprotocol/sdk/server/streamableHttp.js'),
  ]);
}

/** @type {(server: McpServer, agent: Agent) => McpServer} */
function addTools(server, { sub, clientId }) {
  server.registerTool('whoami', { description: 'Who is calling, and for whom' }, () => ({
    content: [{ type: 'text', text: JSON.stringify({ sub, client_id: clientId }) }],
  }));
  return server;
}

/** @type {(response: ServerResponse, status: number, message: string) => void} */
function answerError(response, status, message) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', error: { code: -32000, message }, id: null }));
}
