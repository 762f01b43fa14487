// @ts-check
/** @import { Mutation } from './mutations.mjs' */

/** What is compared with `htu`. @type {readonly Mutation[]} */
export const ofTargets = [
  { check: 'a query in htu is ignored', rows: ['DPOP-13'], find: '(?:\\?[^#\\s]*)?', replace: '' },
  { check: 'a fragment in htu is ignored', rows: ['DPOP-13'], find: '(?:#\\S*)?', replace: '' },
  {
    check: 'htu has no user',
    rows: [],
    find: "(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)",
    replace: "(?:[A-Za-z0-9._~!$&'()*+,;=@-]|%[0-9A-Fa-f]{2})+)",
  },
  {
    check: 'the host is compared without its case',
    rows: ['DPOP-11'],
    find: 'normalizeEscapes(host).toLowerCase()',
    replace: 'host',
  },
  {
    check: 'the default port is no port',
    rows: ['DPOP-11'],
    find: "portNumber === '' || portNumber === defaultPorts[lowerScheme]",
    replace: "portNumber === ''",
  },
  {
    check: 'another port is another URI',
    rows: ['DPOP-10'],
    find: "portNumber === '' || portNumber === defaultPorts[lowerScheme]",
    replace: 'true',
  },
  {
    check: 'an empty path is a slash',
    rows: ['DPOP-11'],
    find: "escapeStray(normalizeEscapes(path))) || '/';",
    replace: 'escapeStray(normalizeEscapes(path)));',
  },
  {
    check: 'escapes are compared without their case',
    rows: ['DPOP-11'],
    find: ': escaped.toUpperCase();',
    replace: ': escaped;',
  },
  {
    check: 'an escaped unreserved character is that character',
    rows: ['DPOP-11'],
    find: '/[A-Za-z0-9._~-]/.test(character) ? character : escaped.toUpperCase();',
    replace: 'escaped.toUpperCase();',
  },
  {
    check: 'an escaped slash is not a slash',
    rows: ['DPOP-11'],
    find: '/[A-Za-z0-9._~-]/.test(character)',
    replace: '/[A-Za-z0-9._~/-]/.test(character)',
  },
  {
    check: 'dot segments of htu are removed',
    rows: ['DPOP-11'],
    find: 'return removeDotSegments(escapeStray(normalizeEscapes(path)))',
    replace: 'return escapeStray(normalizeEscapes(path))',
  },
  { check: 'a target is no authority', rows: ['DPOP-10'], find: '(?!\\/)', replace: '' },
  {
    check: 'a target is a path',
    rows: ['DPOP-10'],
    find: 'isForeign || !originForm.test(path)',
    replace: 'isForeign',
  },
  {
    check: 'a target has no dot segments, which routers do not resolve',
    rows: ['DPOP-10'],
    find: "if (/\\/\\.\\.?(?:\\/|$)/.test(normalized)) throw new InvalidRequestError('ERR_TARGET_MALFORMED');",
    replace: '',
  },
  {
    check: 'a target in absolute form is of this origin',
    rows: ['DPOP-10', 'DPOP-12'],
    find: 'named !== undefined && ',
    replace: 'false && ',
  },
  {
    check: 'a target stands behind the prefix of the public URL',
    rows: ['DPOP-12'],
    find: "const prefix = path.endsWith('/') ? path.slice(0, -1) : path;",
    replace: "const prefix = '';",
  },
  {
    check: 'the public URL and the public URL with a slash are one URI, where there is a prefix',
    rows: ['DPOP-12'],
    find: 'uri === root ?',
    replace: 'false ?',
  },
  {
    check: 'a proof names the root of a prefix by the whole prefix',
    rows: ['DPOP-10'],
    find: 'return uri === root',
    replace: 'return root.startsWith(String(uri))',
  },
  {
    check: 'the texts of one IPv6 address are the same',
    rows: ['DPOP-11'],
    find: "if (!host.startsWith('['))",
    replace: 'if (true)',
  },
];

/** What is kept of a message of Node. @type {readonly Mutation[]} */
export const ofMessages = [
  {
    check: 'a message whose method was overridden is another request',
    rows: ['DPOP-09'],
    find: 'known?.method === method',
    replace: 'known !== undefined',
  },
  {
    check: 'messages that are made of one another are requests of their own',
    rows: ['DPOP-10'],
    find: 'first === undefined || first.isOf(message)',
    replace: 'first !== null',
  },
];

/** How one field is found among the lines of a message. @type {readonly Mutation[]} */
export const ofFieldLines = [
  {
    check: 'a field that is repeated in another case is repeated',
    rows: ['BRR-07'],
    find: 'key.toLowerCase() === name',
    replace: '(lines === undefined ? key.toLowerCase() : key) === name',
  },
  {
    check: 'every line of a field is found, not the first alone',
    rows: ['BRR-07'],
    find: 'lines = add(lines, raw[index + 1]);',
    replace: 'lines ??= add(lines, raw[index + 1]);',
  },
];

/** @type {readonly Mutation[]} */
export const ofNonces = [
  {
    check: 'a nonce holds random bytes',
    rows: ['DPOP-16'],
    find: 'randomBytes(randomPart).copy(content, timeBytes);',
    replace: '',
  },
  {
    check: 'a nonce was made with one of our secrets',
    rows: ['DPOP-15'],
    find: "if (!secrets.some((key) => timingSafeEqual(sign(key, content, epoch), mac))) return 'invalid';",
    replace: '',
  },
  {
    check: 'every secret judges, not the newest alone',
    rows: ['DPOP-21'],
    find: '!secrets.some(',
    replace: '!secrets.slice(0, 1).some(',
  },
  {
    check: 'a nonce is for one resource',
    rows: ['DPOP-15'],
    find: 'stringify([resource, epoch])',
    replace: 'stringify([epoch])',
  },
  {
    check: 'a nonce ends with its epoch',
    rows: [],
    find: 'stringify([resource, epoch])',
    replace: 'stringify([resource])',
  },
  { check: 'a nonce is not from the future', rows: ['DPOP-21'], find: 'age >= -toleranceSeconds && ', replace: '' },
  { check: 'a nonce ends', rows: ['DPOP-14'], find: ' && age <= lifetimeSeconds', replace: '' },
  {
    check: 'a nonce is aging after half of its life',
    rows: ['DPOP-18'],
    find: "age > lifetimeSeconds / 2 ? 'aging' : ",
    replace: '',
  },
];

/** How a request target is taken apart. @type {readonly Mutation[]} */
export const ofTargetForms = [
  {
    check: 'the authority of a target in absolute form ends before its query or fragment',
    rows: [],
    find: '[^/?#]*',
    replace: '[^/]*',
  },
  {
    check: 'an empty path behind an origin is a slash',
    rows: [],
    find: "path: path || '/'",
    replace: "path: path ?? ''",
  },
];
