/**
 * The browser of one person: follows redirects, keeps cookies, and proves who sits in front of it when a login page
 * asks. It stops at the address that belongs to the client, as a desktop application or a phone would.
 */
export class Browser {
  /** @type {Map<string, { name: string, value: string, path: string }>} */
  #cookies = new Map();
  #credentials;
  /** Where it has been: one line for each answer. @type {string[]} */
  journey = [];

  /** @param {{ person: string, password: string }} user */
  constructor({ person, password }) {
    this.#credentials = `Basic ${btoa(`${person}:${password}`)}`;
  }

  /**
   * Opens `address` and goes where it is sent, until that is `destination`.
   *
   * @param {URL} address
   * @param {string} destination
   * @returns {Promise<URL>} the destination, with what the authorization server put into its query
   */
  async visit(address, destination) {
    let here = address;
    for (let redirects = 0; redirects < 10; redirects += 1) {
      if (here.href.startsWith(`${destination}?`)) return here;
      const response = await this.#get(here, {});
      const answer = response.status === 401 ? await this.#get(here, { authorization: this.#credentials }) : response;
      const location = answer.headers.get('location');
      if (location === null) throw new Error(`The browser is stuck at ${here.pathname} with ${answer.status}.`);
      here = new URL(location, here);
    }
    throw new Error('The browser was redirected too often.');
  }

  /** @param {URL} url @param {Record<string, string>} headers */
  async #get(url, headers) {
    const cookie = [...this.#cookies.values()]
      .filter(({ path }) => url.pathname.startsWith(path))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { ...headers, cookie } });
    await response.arrayBuffer();
    this.journey.push(`${response.status} ${url.pathname.replace(/[\w-]{30,}/, '…')}`);
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    return response;
  }

  /** @param {string} line the value of a Set-Cookie field */
  #keep(line) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    const [, path = '/'] = /;\s*path=([^;]+)/i.exec(line) ?? [];
    const [, expires] = /;\s*expires=([^;]+)/i.exec(line) ?? [];
    const key = `${name} ${path}`;
    if (expires && Date.parse(expires) < Date.now()) this.#cookies.delete(key);
    else this.#cookies.set(key, { name, value, path });
  }
}
