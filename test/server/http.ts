import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { request as requestSecure } from 'node:https';
import { text } from 'node:stream/consumers';
import type { TestCertificate } from '@gatehouse/testing';

/** Names and values in turn, one pair for each field line. */
type FieldLines = readonly string[];

export interface Message {
  readonly method?: string;
  readonly lines?: FieldLines;
  readonly body?: string;
  /** What the client shows where it is asked, over https. */
  readonly certificate?: Pick<TestCertificate, 'cert' | 'key'>;
}

/** An answer as it came over the wire: no redirects followed, no field lines joined. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<NodeJS.Dict<readonly string[]>>;
  readonly body: string;
  /** The body, parsed. */
  readonly json: unknown;
  readonly challenges: readonly Challenge[];
}

/** A scheme and its parameters in one object. */
type Challenge = Readonly<Record<string, string>>;

/** What every challenge for DPoP names: how proofs may be signed. */
export const algs = 'ES256 EdDSA Ed25519 PS256';

/** Sends a request whose field lines are exactly these, and `Host` where they name none. */
export async function sendRequest(url: string, message: Message = {}): Promise<Answer> {
  const { method = 'GET', lines = [], body, certificate } = message;
  const hasHost = lines.some((name, index) => index % 2 === 0 && name.toLowerCase() === 'host');
  const length = body === undefined ? [] : ['content-length', String(Buffer.byteLength(body))];
  const headers = [...(hasHost ? [] : ['host', new URL(url).host]), ...length, ...lines];
  const send = url.startsWith('https:') ? requestSecure : request;
  const tls = { ...certificate, rejectUnauthorized: false };
  const outgoing = send(url, { method, headers, agent: false, ...tls }).end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const received = await text(response);
  const { statusCode: status = 0, headersDistinct } = response;
  return {
    status,
    headers: headersDistinct,
    body: received,
    get json() {
      return JSON.parse(received);
    },
    challenges: (headersDistinct['www-authenticate'] ?? []).map(parseChallenge),
  };
}

const challengeGrammar = /^(\w+)((?:(?:, | )\w+="(?:[^"\\]|\\.)*")+)$/;

/** Reads a field line that holds one challenge with quoted values, and nothing else. */
function parseChallenge(line: string): Challenge {
  const [, scheme, parameters] = challengeGrammar.exec(line) ?? [];
  if (scheme === undefined || parameters === undefined) throw new Error(`Not one challenge: ${line}`);
  const challenge: Record<string, string> = { scheme };
  for (const [, name = '', value = ''] of parameters.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
    if (name in challenge) throw new Error(`${name} stands twice: ${line}`);
    challenge[name] = value.replace(/\\(.)/g, '$1');
  }
  return challenge;
}
