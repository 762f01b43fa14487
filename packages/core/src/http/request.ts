/** Field values by lower-case field name, one entry per field line, in order of arrival. */
export type HeaderLists = Readonly<Record<string, readonly string[]>>;

/** A request as it arrived. Adapters make it with `@gatehouse/core/node`. */
export interface HttpRequest {
  readonly method: string;
  /** The request target as received, before any router rewrote it. */
  readonly target: string;
  readonly headers: HeaderLists;
  /** True where some field lines were dropped before we could see them: nobody knows what they said. */
  readonly truncated?: boolean;
  /**
   * The certificate that the client showed on this TLS connection, in DER; undefined where it showed none. Nobody needs to
   * have checked who issued it.
   */
  readonly clientCertificate?: Uint8Array | undefined;
  /** The IP address of the direct peer, whatever fields say; `'unix'` on a Unix socket; undefined where nobody knows. */
  readonly remoteAddress?: string | undefined;
}

/** An answer that an adapter writes as it stands. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: HeaderLists;
  readonly body: string | undefined;
}

/** What an endpoint may want beside the fields of a request. */
export interface EndpointInput {
  /** The whole body; undefined where it is longer, or its caller left before the end. May be called once. */
  readonly readBody: (maxBytes: number) => Promise<Uint8Array | undefined>;
  /** What the framework hands to handlers, for `allow`. */
  readonly context?: unknown;
}

/** Something that Gatehouse serves itself, such as the resource metadata. */
export interface Endpoint {
  /** The path that it answers, compared byte for byte with the path of the request target. */
  readonly path: string;
  /** The methods that it answers; any other gets 405 from `handle`. */
  readonly methods: readonly string[];
  /** An endpoint that takes a body needs the input, and reads no more of it than it needs to: no body of a stranger, say. */
  handle(request: HttpRequest, input?: EndpointInput): Promise<HttpResponse>;
}

const absoluteForm = /^(?<origin>https?:\/\/[^/?#]*)(?<path>[^?]*)/i;

/**
 * A request target as text: its path, everything before the query; and the origin in front of it where the target has the
 * absolute form, which every server has to accept (RFC 9112 §3.2.2).
 */
export function splitTarget(target: string): { readonly origin: string | undefined; readonly path: string } {
  const { origin, path } = absoluteForm.exec(target)?.groups ?? {};
  return origin === undefined ? { origin, path: target.split('?', 1)[0] ?? '' } : { origin, path: path || '/' };
}

/**
 * The answer of an endpoint to a request that is for it; undefined to any other. The origin of a target in absolute form
 * makes no difference, as `Host` makes none.
 */
export async function answerEndpoint(
  endpoint: Endpoint,
  request: HttpRequest,
  input?: EndpointInput,
): Promise<HttpResponse | undefined> {
  return splitTarget(request.target).path === endpoint.path ? endpoint.handle(request, input) : undefined;
}
