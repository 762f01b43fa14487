import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { type TokenDefect, writeDefectiveToken } from './defects.ts';
import type { AuthenticateQuestion } from './resource-server.ts';
import type { SigningKey } from './signing-keys.ts';
import { type Draft, type JsonObject, writeToken } from './token.ts';

/** What the introspection endpoint answers. */
export interface IntrospectionAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
}

/** What a test issuer knows of the tokens that it made. */
export interface TokenRegister {
  /** Notes a token: its claims as they are written, bytes that are no JSON included. */
  add(token: string, payload: Uint8Array): void;
  /** @throws TypeError for a token of somebody else */
  revoke(token: string): void;
  /** @throws TypeError for a token of somebody else */
  change(token: string, members: JsonObject): void;
  answer(request: IncomingMessage): Promise<IntrospectionAnswer>;
}

const signedType = 'application/token-introspection+jwt';
const inactive = Buffer.from('{"active":false}');

/** The introspection endpoint (RFC 7662), which answers with a JWT where one is asked for (RFC 9701). */
export function createTokenRegister(options: {
  readonly issuer: string;
  readonly clientId: string;
  readonly authenticate: AuthenticateQuestion;
  readonly clock: { now(): number };
  /** The newest key. */
  readonly findKey: () => SigningKey;
  /** What is wrong with signed answers. */
  readonly findDefect: () => TokenDefect | undefined;
}): TokenRegister {
  const { issuer, clientId, authenticate, clock, findKey, findDefect } = options;
  /** What is said of each token; undefined once it is revoked. */
  const said = new Map<string, Uint8Array | undefined>();

  function findSaid(token: string): Uint8Array {
    const known = said.get(token);
    if (known === undefined) throw new TypeError('Give a token that this issuer made, and did not revoke.');
    return known;
  }

  async function sign(members: Uint8Array): Promise<string> {
    const now = Math.floor(clock.now() / 1000);
    const key = findKey();
    const draft: Draft = {
      header: { alg: key.algorithm, typ: 'token-introspection+jwt', kid: key.kid },
      claims: {
        iss: issuer,
        aud: clientId,
        iat: now,
        token_introspection: JSON.parse(Buffer.from(members).toString()),
      },
      key,
      now,
    };
    const defect = findDefect();
    return defect === undefined ? writeToken(draft) : writeDefectiveToken(draft, defect);
  }

  return {
    add(token, payload) {
      said.set(token, markActive(payload));
    },
    revoke(token) {
      findSaid(token);
      said.set(token, undefined);
    },
    change(token, members) {
      const before: JsonObject = JSON.parse(Buffer.from(findSaid(token)).toString());
      said.set(token, Buffer.from(JSON.stringify({ ...before, ...members })));
    },
    async answer(request) {
      const form = new URLSearchParams(await text(request));
      if (request.method !== 'POST' || !isForm(request)) return answerError(400, 'invalid_request');
      if (!(await authenticate(request.headers, form))) return answerError(401, 'invalid_client');
      const [token, ...others] = form.getAll('token');
      if (token === undefined || others.length > 0) return answerError(400, 'invalid_request');
      const members = said.get(token) ?? inactive;
      if (request.headers.accept !== signedType) return { status: 200, type: 'application/json', body: members };
      return { status: 200, type: signedType, body: await sign(members) };
    },
  };
}

/** In front, and as text: the bytes behind it stay as they are. */
function markActive(payload: Uint8Array): Uint8Array {
  const opening = payload.indexOf(0x7b);
  if (opening === -1 || Buffer.from(payload).includes('"active":')) return payload;
  return Buffer.concat([
    payload.subarray(0, opening + 1),
    Buffer.from('"active":true,'),
    payload.subarray(opening + 1),
  ]);
}

function isForm({ headers }: IncomingMessage): boolean {
  return headers['content-type'] === 'application/x-www-form-urlencoded';
}

function answerError(status: number, error: string): IntrospectionAnswer {
  return { status, type: 'application/json', body: JSON.stringify({ error }) };
}
