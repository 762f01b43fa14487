/** @typedef {import('express').Request} Request */

/**
 * A request as far as guards for Express read it.
 *
 * @param {Readonly<Record<string, string>>} headers by names in lower case
 * @returns {Request}
 */
export function toExpressRequest(headers) {
  const request = {
    method: 'GET',
    protocol: 'https',
    originalUrl: '/data',
    url: '/data',
    headers,
    query: {},
    /** @param {string} name */
    get: (name) => headers[name.toLowerCase()],
    is: () => false,
  };
  return /** @type {Request} */ (/** @type {unknown} */ (request));
}

/**
 * Calls guards for Express one after another, without Express. There is no response: a guard that refuses fails.
 *
 * @param {readonly import('express').RequestHandler[]} guards
 * @param {Request} request
 */
export async function callGuards(guards, request) {
  for (const guard of guards) {
    await new Promise((resolve, reject) => {
      /** @param {unknown} [error] */
      const next = (error) => (error === undefined ? resolve(undefined) : reject(error));
      Promise.resolve(guard(request, /** @type {never} */ (undefined), next)).catch(reject);
    });
  }
}
