import { once } from 'node:events';
import { createServer } from 'node:http';

/** An introspection endpoint in a process of its own: `node introspection-endpoint.mjs ANSWER`. It says the same of every token. */

const [, , answer = ''] = process.argv;
const fields = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) };
const server = createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(200, fields).end(answer));
}).listen(0, '127.0.0.1');
await once(server, 'listening');
process.on('disconnect', () => process.exit());
process.send?.(server.address());
