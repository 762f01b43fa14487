import { isDeepStrictEqual, styleText } from 'node:util';
import { formatJson, formatTable, WIDTH, wrap } from './layout.mjs';

const SHOWN_REQUEST_FIELDS = new Set(['host', 'authorization', 'content-type', 'dpop']);
const SHOWN_RESPONSE_FIELDS = new Set(['www-authenticate', 'content-type', 'dpop-nonce', 'retry-after']);

/**
 * What the demonstration prints: prose, HTTP as it was on the wire, and expectations that are checked while they are
 * printed. Tokens are cut to ten characters, secrets do not appear.
 */
export class Transcript {
  #printed = '';
  /** @type {Block | undefined} */
  #last;
  #scenes = 0;
  #held = 0;
  #failed = 0;
  #coloured = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;

  constructor() {
    // Whoever reads only the beginning (`| head`) closes the pipe.
    process.stdout.on('error', () => process.exit(1));
  }

  /** The first lines. @param {string} title @param {string} sentence */
  open(title, sentence) {
    this.#begin('prose');
    this.#print(title, 'bold');
    this.say(sentence);
    this.#print('');
  }

  /** @param {string} title @param {string} sentence */
  scene(title, sentence) {
    this.#scenes += 1;
    if (this.#scenes > 1) this.#print('');
    this.#begin('prose');
    this.#print(`${this.#scenes}. ${title}`, 'bold');
    this.#print('─'.repeat(WIDTH), 'dim');
    this.say(sentence);
  }

  /** @param {string} text */
  say(text) {
    this.#begin('prose');
    for (const line of wrap(text)) this.#print(line);
  }

  /**
   * A request and its answer. JSON in answers is laid out to be read, forms stay as sent.
   *
   * @param {import('./wire.mjs').Exchange} exchange
   * @param {object} [options]
   * @param {readonly string[]} [options.members] of a long JSON answer, the ones worth reading
   */
  http(exchange, { members } = {}) {
    this.request(exchange);
    if (exchange.requestBody) {
      this.#print('');
      this.#printIndented(exchange.requestBody, '    ', 'dim');
    }
    this.answer(exchange);
    if (exchange.responseBody) {
      this.#print('');
      this.#json(pick(JSON.parse(exchange.responseBody), members));
    }
  }

  /** A request without its body. @param {import('./wire.mjs').Exchange} exchange */
  request({ requestLine, requestFields }) {
    this.#begin('http');
    this.#printIndented(requestLine, '  → ', 'cyan');
    this.#fields(requestFields, SHOWN_REQUEST_FIELDS);
  }

  /** An answer without its body. @param {import('./wire.mjs').Exchange} exchange */
  answer(exchange) {
    this.statusLine(exchange);
    this.#fields(exchange.responseFields, SHOWN_RESPONSE_FIELDS);
  }

  /** The first line of an answer. @param {import('./wire.mjs').Exchange} exchange */
  statusLine({ statusLine }) {
    this.#begin('http');
    this.#printIndented(statusLine, '  ← ', statusLine.includes(' 2') ? 'green' : 'yellow');
  }

  /** Short lines that belong together. @param {readonly string[]} lines */
  list(lines) {
    this.#begin('http');
    for (const line of lines) this.#printIndented(line, '    ', 'cyan');
  }

  /** @param {unknown} value */
  json(value) {
    this.#begin('http');
    this.#json(value);
  }

  /**
   * Checks and says so.
   *
   * @param {string} claim
   * @param {unknown} actual
   * @param {unknown} expected
   */
  expect(claim, actual, expected) {
    const holds = isDeepStrictEqual(actual, expected);
    if (holds) this.#held += 1;
    else this.#failed += 1;
    this.#begin('expectation');
    this.#printIndented(claim, holds ? '  ✓ ' : '  ✗ ', holds ? 'green' : 'red');
    if (holds) return;
    this.#printIndented(`expected ${JSON.stringify(expected)}`, '      ', 'red');
    this.#printIndented(`received ${JSON.stringify(actual)}`, '      ', 'red');
  }

  /** @param {unknown} error what stopped a scene */
  broken(error) {
    this.#failed += 1;
    this.#begin('expectation');
    this.#printIndented(`the scene stopped: ${String(error)}`, '  ✗ ', 'red');
    if (error instanceof Error && error.cause !== undefined) this.#printIndented(JSON.stringify(error.cause), '      ');
  }

  /** @param {readonly string[]} titles @param {readonly (readonly string[])[]} rows */
  table(titles, rows) {
    const [head = '', ...lines] = formatTable(titles, rows);
    this.#begin('prose');
    this.#print(head, 'bold');
    for (const line of lines) this.#print(line);
  }

  /** What has been printed so far, without colours. */
  get text() {
    return this.#printed;
  }

  /** The last line. @returns {boolean} whether everything held */
  conclude() {
    const total = this.#held + this.#failed;
    this.#begin('prose');
    this.#print(`${this.#held} of ${total} expectations held.`, this.#failed === 0 ? 'green' : 'red');
    return this.#failed === 0;
  }

  /** An empty line between blocks; expectations stay together. @param {Block} block */
  #begin(block) {
    if (this.#last !== undefined && !(block === 'expectation' && this.#last === 'expectation')) this.#print('');
    this.#last = block;
  }

  /** @param {readonly (readonly [string, string])[]} fields @param {ReadonlySet<string>} shown */
  #fields(fields, shown) {
    for (const [name, value] of fields) {
      if (!shown.has(name.toLowerCase())) continue;
      // A challenge's parameters go below each other: the one place where this is not how the bytes were laid out.
      const [start = '', ...parameters] = `${name}: ${value}`.split(/(?<=,) (?=[a-z_]+=)/);
      const style = name.toLowerCase() === 'www-authenticate' ? 'yellow' : 'dim';
      this.#printIndented(start, '    ', style, '        ');
      for (const parameter of parameters) this.#printIndented(parameter, '      ', style, '        ');
    }
  }

  /** @param {unknown} value */
  #json(value) {
    for (const line of formatJson(value).split('\n')) {
      const [indent = ''] = /^ */.exec(line) ?? [];
      this.#printIndented(line.trimStart(), `    ${indent}`, 'dim', `      ${indent}`);
    }
  }

  /** @param {string} text @param {string} first @param {Style} [style] @param {string} [rest] */
  #printIndented(text, first, style, rest = ' '.repeat(first.length)) {
    for (const line of wrap(conceal(text), { first, rest })) this.#print(line, style);
  }

  /** @param {string} line @param {Style} [style] */
  #print(line, style) {
    this.#printed += `${line}\n`;
    process.stdout.write(`${style && this.#coloured ? styleText(style, line) : line}\n`);
  }
}

/** @typedef {'prose' | 'http' | 'expectation'} Block */
/** @typedef {'bold' | 'dim' | 'cyan' | 'green' | 'yellow' | 'red'} Style */

/** @param {string} text @returns {string} with tokens cut to ten characters and without secrets */
function conceal(text) {
  return text
    .replace(/(eyJ[\w-]{7})[\w-]*(\.[\w-]*)*/g, '$1…')
    .replace(/((?:\bBearer |"access_token": ?"|\btoken=)(?!eyJ)[\w-]{10})[\w-]+/g, '$1…')
    .replace(/\bBasic [\w+/=]+/g, 'Basic …')
    .replace(/\b(code|code_verifier|client_secret)=[^&\s]+/g, '$1=…');
}

/** @param {Record<string, unknown>} document @param {readonly string[] | undefined} members */
function pick(document, members) {
  if (members === undefined) return document;
  return Object.fromEntries(Object.entries(document).filter(([name]) => members.includes(name)));
}
