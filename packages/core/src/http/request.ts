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
}

/** An answer that an adapter writes as it stands. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: HeaderLists;
  readonly body: string | undefined;
}

/** Something that Gatehouse serves itself, such as the resource metadata. */
export interface Endpoint {
  /** The path that it answers, compared byte for byte with the path of the request target. */
  readonly path: string;
  /** The methods that it answers; any other gets 405 from `handle`. */
  readonly methods: readonly string[];
  handle(request: HttpRequest): Promise<HttpResponse>;
}

/** The path of a request target: everything before the query. */
export function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}

/** The answer of an endpoint to a request that is for it; undefined to any other. */
export async function answerEndpoint(endpoint: Endpoint, request: HttpRequest): Promise<HttpResponse | undefined> {
  return pathOf(request.target) === endpoint.path ? endpoint.handle(request) : undefined;
}
