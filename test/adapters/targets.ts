import type { RouterUnderTest } from './routers.ts';

/** What comes of a request target, byte for byte as it stands in the request line. */
export interface Target {
  readonly target: string;
  /** The URI that a proof for it has to name; undefined where there is none, and proofs are refused. */
  readonly uri: string | undefined;
  /** What each framework serves: the answer of routers.ts, or the status of its refusal. */
  readonly served: Readonly<Record<RouterUnderTest['name'], string>>;
}

const at = (path: string) => `https://api.example${path}`;

/** Every framework serves the same. */
const alike = (target: string, uri: string | undefined, served: string): Target => ({
  target,
  uri,
  served: { express: served, koa: served, fastify: served },
});

const apart = (
  target: string,
  uri: string | undefined,
  [express, koa, fastify]: readonly [string, string, string],
) => ({
  target,
  uri,
  served: { express, koa, fastify },
});

/** Node's parser answers before any framework is asked. */
const unparsed = (target: string) => alike(target, undefined, '400');

export const targets: readonly Target[] = [
  alike('/', at('/'), 'root'),
  alike('/?a=/data', at('/'), 'root'),
  alike('/data', at('/data'), 'data'),
  alike('/data?a=/../b#c', at('/data'), 'data'),

  // Case and the slash at the end: two URIs, which some routers fold into one route.
  apart('/DATA', at('/DATA'), ['data', 'data', 'rest DATA']),
  apart('/data/', at('/data/'), ['data', 'data', 'rest data/']),
  apart('/V1/data', at('/V1/data'), ['mounted', 'rest V1/data', 'rest V1/data']),
  apart('/item/a/', at('/item/a/'), ['item a', 'item a', 'rest item/a/']),
  alike('/v1/data', at('/v1/data'), 'mounted'),

  // Slashes in a row.
  alike('//data', undefined, 'rest /data'),
  alike('//evil.example/data', undefined, 'rest /evil.example/data'),
  alike('/data//', at('/data//'), 'rest data//'),
  alike('/v1//data', at('/v1//data'), 'rest v1//data'),
  alike('/item//a', at('/item//a'), 'rest item//a'),

  // Escapes of unreserved characters: one URI (RFC 3986 §6.2.2.2), which some routers send to different routes.
  apart('/d%61ta', at('/data'), ['rest data', 'rest data', 'data']),
  apart('/%64%61%74%61', at('/data'), ['rest data', 'rest data', 'data']),
  alike('/item/%7Ea%2d', at('/item/~a-'), 'item ~a-'),
  alike('/item/~a-', at('/item/~a-'), 'item ~a-'),

  // Escapes of others: never the same as the character, and the same in either case.
  alike('/item/a%2Fb', at('/item/a%2Fb'), 'item a/b'),
  alike('/item/a%2fb', at('/item/a%2Fb'), 'item a/b'),
  alike('/item/a/b', at('/item/a/b'), 'rest item/a/b'),
  alike('/data%2F', at('/data%2F'), 'rest data/'),
  alike('/v1%2Fdata', at('/v1%2Fdata'), 'rest v1/data'),
  alike('/item/a%5Cb', at('/item/a%5Cb'), 'item a\\b'),
  alike('/item/a%3Fb', at('/item/a%3Fb'), 'item a?b'),
  alike('/item/a%23b', at('/item/a%23b'), 'item a#b'),
  alike('/item/a%20b', at('/item/a%20b'), 'item a b'),
  alike('/item/a+b', at('/item/a+b'), 'item a+b'),
  alike('/item/a%2Bb', at('/item/a%2Bb'), 'item a+b'),
  alike('/item/a;b', at('/item/a;b'), 'item a;b'),
  alike('/item/a%3Bb', at('/item/a%3Bb'), 'item a;b'),
  alike('/data;a=b', at('/data;a=b'), 'rest data;a=b'),
  alike('/item/a%2541', at('/item/a%2541'), 'item a%41'),
  alike('/item/a%252Fb', at('/item/a%252Fb'), 'item a%2Fb'),
  alike('/item/%C3%A9', at('/item/%C3%A9'), 'item é'),
  alike('/item/%00', at('/item/%00'), 'item \u0000'),
  alike('/item/a[0]|^', at('/item/a%5B0%5D%7C%5E'), 'item a[0]|^'),
  alike('/item/a%5B0%5D%7C%5E', at('/item/a%5B0%5D%7C%5E'), 'item a[0]|^'),
  apart('/item/%C3%28', at('/item/%C3%28'), ['400', 'item %C3%28', '400']),

  // What no URI has.
  apart('/item/%', undefined, ['400', 'item %', '400']),
  apart('/item/%zz', undefined, ['400', 'item %zz', '400']),
  alike('/item/a\\b', undefined, 'item a\\b'),
  alike('/item/{a}', undefined, 'item {a}'),
  alike('/data#a', undefined, 'data'),
  alike('/#/data', undefined, 'root'),

  // Dot segments, which no router resolves, while every client and every proxy does.
  alike('/v1/../data', undefined, 'rest v1/../data'),
  alike('/v1/%2e%2E/data', undefined, 'rest v1/../data'),
  alike('/./data', undefined, 'rest ./data'),
  alike('/item/..', undefined, 'item ..'),
  alike('/item/%2e%2e', undefined, 'item ..'),
  alike('/item/...', at('/item/...'), 'item ...'),
  alike('/item/..%2Fdata', at('/item/..%2Fdata'), 'item ../data'),

  // The absolute form: routers drop whatever origin it has.
  alike('https://api.example/data', at('/data'), 'data'),
  alike('HTTPS://API.example:443/data?a', at('/data'), 'data'),
  alike('https://api.example', at('/'), 'root'),
  alike('https://api.example?a=/data', at('/'), 'root'),
  alike('https://api.example/item/it%27s', at('/item/it%27s'), "item it's"),
  alike("https://api.example/item/it's", at("/item/it's"), "item it's"),
  alike('https://api.example/v1/data', at('/v1/data'), 'mounted'),
  alike('https://api.example//data', undefined, 'rest /data'),
  alike('https://evil.example/data', undefined, 'data'),
  alike('http://api.example/data', undefined, 'data'),
  alike('https://api.example:8443/data', undefined, 'data'),
  alike('https://alice@api.example/data', undefined, 'data'),
  apart('https://api.example;/data', undefined, ['404', '404', 'data']),
  apart('ftp://api.example/data', undefined, ['data', 'data', 'rest tp://api.example/data']),
  apart('*', undefined, ['404', '404', 'root']),

  unparsed('https://api.example#/data'),
  unparsed('https://api.example\\data'),
  unparsed('\\data'),
  unparsed('data'),
  unparsed('?/data'),
  unparsed('/data\u0000'),
  unparsed('/data\u007F'),
];
