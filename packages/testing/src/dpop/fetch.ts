/** As the global `fetch` is called. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** Makes the header fields of one attempt. */
type Sign = (request: {
  readonly method: string;
  readonly url: string;
}) => Promise<{ readonly authorization: string; readonly dpop: string }>;

/**
 * `fetch` of a client that takes nonces as RFC 9449 §8.2 and §9 ask for: the newest one of each origin, from whatever
 * response brings one, and a second attempt when a request is refused for the want of it. There is no third.
 *
 * @param send What sends each attempt.
 * @param nonces The newest nonce by origin; what signs reads it.
 * @param present Called once a request, for what signs its attempts.
 */
export function createDpopFetch(send: Fetch, nonces: Map<string, string>, present: () => Promise<Sign>): Fetch {
  async function attempt(request: Request, sign: Sign): Promise<Response> {
    const { method, url } = request;
    for (const [name, value] of Object.entries(await sign({ method, url }))) request.headers.set(name, value);
    const response = await send(request);
    const nonce = response.headers.get('dpop-nonce');
    if (nonce !== null) nonces.set(new URL(response.url).origin, nonce);
    return response;
  }

  return async (input, init) => {
    const request = new Request(input, init);
    const sign = await present();
    const response = await attempt(request.clone(), sign);
    if (!isNonceChallenge(response)) return response;
    await response.body?.cancel();
    return attempt(request, sign);
  };
}

function isNonceChallenge({ status, headers }: Response): boolean {
  const challenges = headers.get('www-authenticate') ?? '';
  return status === 401 && headers.has('dpop-nonce') && /\bDPoP .*\berror="?use_dpop_nonce\b/i.test(challenges);
}
