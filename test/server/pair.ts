import { createTestIssuer, type TestIssuer, type TestIssuerOptions, type TokenClaims } from '@gatehouse/testing';
import type { AdapterName } from './adapters.mjs';
import { type Answer, type Message, sendRequest } from './http.ts';
import { type ContractServer, type Environment, startContractServer } from './start.ts';

/** The framework that tests run on: vitest.config.ts has a project for each. The others run on the first. */
export const adapterUnderTest: AdapterName = (process.env['ADAPTER'] ?? 'express') as AdapterName;

/** A contract server and the authorization server that it trusts. */
export interface Pair extends AsyncDisposable {
  readonly issuer: TestIssuer;
  readonly server: ContractServer;
  readonly url: string;
  /** A token for this server. */
  token: TestIssuer['token'];
  /** Sends a request, with a token for these claims where they are given. */
  send(path: string, claims?: TokenClaims, message?: Message): Promise<Answer>;
}

export async function startPair(environment: Environment = {}, options: TestIssuerOptions = {}): Promise<Pair> {
  const issuer = await createTestIssuer(options);
  const server = await startContractServer({ ADAPTER: adapterUnderTest, ISSUER: issuer.issuer, ...environment });
  const { url } = server;
  const audience = environment['AUDIENCE'] ?? url;
  const token: Pair['token'] = (claims, tokenOptions) => issuer.token({ aud: audience, ...claims }, tokenOptions);
  return {
    issuer,
    server,
    url,
    token,
    async send(path, claims, message = {}) {
      const lines = claims === undefined ? [] : ['authorization', `Bearer ${await token(claims)}`];
      return sendRequest(`${url}${path}`, { ...message, lines: [...lines, ...(message.lines ?? [])] });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([server.stop(), issuer.close()]);
    },
  };
}
