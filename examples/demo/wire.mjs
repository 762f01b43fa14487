import { once } from 'node:events';
import { request as open } from 'node:http';

/**
 * One request and its answer as they were on the wire: field names as sent, repeated fields apart. `fetch` would fold
 * two WWW-Authenticate lines into one.
 *
 * @typedef {object} Exchange
 * @property {string} requestLine
 * @property {readonly (readonly [string, string])[]} requestFields
 * @property {string} requestBody
 * @property {string} statusLine
 * @property {readonly (readonly [string, string])[]} responseFields
 * @property {string} responseBody
 */

/**
 * Sends one request over `node:http` and keeps what was sent and received.
 *
 * @param {string} url
 * @param {{ method?: string, headers?: Record<string, string>, body?: unknown, signal?: AbortSignal | undefined }} [init]
 * @returns {Promise<{ response: Response, exchange: Exchange }>}
 */
export async function send(url, { method = 'GET', headers = {}, body, signal } = {}) {
  const requestBody = body === undefined || body === null ? '' : String(body);
  const outgoing = open(url, { method, headers, ...(signal && { signal }) });
  outgoing.end(requestBody);
  const [incoming] = /** @type {[import('node:http').IncomingMessage]} */ (await once(outgoing, 'response'));
  const responseBody = (await incoming.setEncoding('utf8').toArray()).join('');

  const responseFields = pairs(incoming.rawHeaders);
  const status = /** @type {number} */ (incoming.statusCode);
  return {
    response: new Response(responseBody === '' ? null : responseBody, {
      status,
      headers: responseFields.map(([name, value]) => [name, value]),
    }),
    exchange: {
      requestLine: `${method} ${outgoing.path} HTTP/1.1`,
      requestFields: outgoing.getRawHeaderNames().map((name) => [name, String(outgoing.getHeader(name))]),
      requestBody,
      statusLine: `HTTP/${incoming.httpVersion} ${status} ${incoming.statusMessage}`,
      responseFields,
      responseBody,
    },
  };
}

/** Sends what was recorded once more. @param {Exchange} recorded */
export function resend({ requestLine, requestFields, requestBody }) {
  const [method = '', path = ''] = requestLine.split(' ');
  const url = `http://${findField(requestFields, 'host')}${path}`;
  return send(url, { method, headers: Object.fromEntries(requestFields), body: requestBody });
}

/**
 * The first field of this name.
 *
 * @param {readonly (readonly [string, string])[]} fields
 * @param {string} name in lower case
 * @returns {string | undefined}
 */
export function findField(fields, name) {
  return fields.find(([candidate]) => candidate.toLowerCase() === name)?.[1];
}

/** @param {readonly string[]} raw names and values in turn */
function pairs(raw) {
  /** @type {[string, string][]} */
  const fields = [];
  for (let at = 0; at < raw.length; at += 2) fields.push([raw[at] ?? '', raw[at + 1] ?? '']);
  return fields;
}
