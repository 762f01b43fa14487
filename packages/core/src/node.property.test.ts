import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HeaderLists, HttpRequest } from './http/request.ts';
import { fromIncomingMessage, writeResponse } from './node.ts';

type Line = readonly [name: string, value: string];

/** Not those that HTTP itself acts on, such as `Connection`. */
const name = fc.oneof(
  fc.constantFrom('Authorization', 'authorization', 'AUTHORIZATION', 'DPoP', 'Cookie', 'Set-Cookie', 'From', 'Age'),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty'),
  fc
    .string({ unit: fc.constantFrom(..."aAzZ09!#$%&'*+-.^_`|~"), minLength: 1, maxLength: 3 })
    .map((text) => `x-${text}`),
);
/** RFC 9110 §5.5: no space at either end, no control but the tab. */
const value = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom(',', ' ', '\t', '"', ':'),
      fc
        .integer({ min: 0x20, max: 0xff })
        .filter((code) => code !== 0x7f)
        .map((code) => String.fromCharCode(code)),
    ),
    maxLength: 12,
  })
  .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''));
const lines: fc.Arbitrary<readonly Line[]> = fc.array(fc.tuple(name, value), { maxLength: 12 });

/** The values of each name, found by going through all lines for each. */
function groupLines(given: readonly Line[]): HeaderLists {
  const names = [...new Set(given.map(([key]) => key.toLowerCase()))];
  return Object.fromEntries(
    names.map((key) => [key, given.filter(([other]) => other.toLowerCase() === key).map(([, text]) => text)]),
  );
}

const own = ['host', 'connection', 'keep-alive', 'date', 'content-length'];

describe('over a connection', () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let seen: HttpRequest | undefined;
  let answer: HeaderLists = {};
  const server = createServer((message, response) => {
    seen = fromIncomingMessage(message);
    writeResponse(response, { status: 200, headers: answer, body: '' });
  });

  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(() => {
    agent.destroy();
    server.close();
  });

  /** Sends these field lines as they are, and gives those of the answer. */
  async function exchange(sent: readonly Line[]): Promise<readonly Line[]> {
    const { port } = server.address() as AddressInfo;
    const headers = [...sent, ['Host', 'api.example'] as const].flat();
    const [response] = (await once(request({ port, agent, headers }).end(), 'response')) as [IncomingMessage];
    await once(response.resume(), 'end');
    const { rawHeaders: raw } = response;
    return raw.flatMap((text, index) => (index % 2 === 0 ? [[text, raw[index + 1] ?? ''] as const] : []));
  }

  it('every field line of a request arrives under its name, in order, joined with none [BRR-07]', async () => {
    await fc.assert(
      fc.asyncProperty(lines, async (sent) => {
        await exchange(sent);
        const groups = groupLines(sent);
        for (const [key, values] of Object.entries(groups)) expect(seen?.headers[key]).toEqual(values);
        const received = Object.entries(seen?.headers ?? {}).filter(([key]) => !own.includes(key));
        expect(Object.fromEntries(received)).toEqual(groups);
        expect(seen?.truncated).toBe(false);
      }),
    );
  });

  // Cookie is for requests alone: Node joins its lines.
  const answers = lines.map((given) => given.filter(([key]) => key !== 'Cookie'));

  it('every entry of a list leaves as a field line of its own [CHL-08]', async () => {
    await fc.assert(
      fc.asyncProperty(answers, async (given) => {
        answer = groupLines(given);
        const received = (await exchange([])).filter(([key]) => !own.includes(key.toLowerCase()));
        const sent = Object.entries(answer).flatMap(([key, texts]) => texts.map((text) => [key, text]));
        expect(received).toEqual(sent);
      }),
    );
  });
});
