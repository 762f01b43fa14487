import { UnavailableError } from '../../errors.ts';
import { createIntrospector, type Introspector } from '../../introspection/introspector.ts';
import { isJsonObject, type JsonObject } from '../../json.ts';
import { discover, kindOfFault, readEndpoint } from '../discovery.ts';
import { FetchFault, type JsonFetcher } from '../fetch-json.ts';
import type { KeySet } from '../key-set.ts';
import type { IssuerSettings } from '../options.ts';
import { createRenewable } from '../renewable.ts';
import { createIntrospectionClient } from './client.ts';
import type { IntrospectionSettings } from './options.ts';
import { listSecretHashes } from './secrets.ts';
import { createSignedAnswerVerifier } from './signed-answer.ts';

/** How one issuer is asked about tokens. Verifiers that share the issuer share what it said. */
export interface IssuerIntrospection
  extends Introspector,
    Pick<IntrospectionSettings, 'opaqueTokens' | 'tokenPrefix' | 'whenBehind' | 'cacheSeconds'> {
  /** What was agreed with this issuer and must be with no other, as hashes. */
  readonly secretHashes: readonly string[];
  /** Resolves when it is known where the issuer is asked. @throws UnavailableError */
  ready(): Promise<void>;
}

export function createIssuerIntrospection(
  issuerSettings: IssuerSettings,
  settings: IntrospectionSettings,
  environment: { readonly fetcher: JsonFetcher; readonly keys: KeySet; readonly now: () => number },
): IssuerIntrospection {
  const { issuer, algorithms } = issuerSettings;
  const { fetcher, keys, now } = environment;
  const { clientAuthentication, signedAudience = clientAuthentication.clientId } = settings;
  const { opaqueTokens, tokenPrefix, whenBehind, cacheSeconds } = settings;
  const findEndpoint = createEndpointFinder(issuerSettings, settings, fetcher, now);
  const client = createIntrospectionClient({
    issuer,
    settings,
    findEndpoint,
    verifySigned: createSignedAnswerVerifier({ issuer, audience: signedAudience, algorithms, keys, now }),
    now,
  });
  const introspector = createIntrospector({ ask: client.ask, isOutage, settings, now });
  return {
    ...introspector,
    opaqueTokens,
    tokenPrefix,
    whenBehind,
    cacheSeconds,
    secretHashes: listSecretHashes(clientAuthentication),
    async ready() {
      await findEndpoint();
    },
    close() {
      introspector.close();
      client.close();
    },
  };
}

/** What says that the issuer is out, or does not take us for who we are. Anything else may be about the one token. */
const outages: readonly UnavailableError['code'][] = [
  'ERR_INTROSPECTION_UNREACHABLE',
  'ERR_INTROSPECTION_TIMEOUT',
  'ERR_INTROSPECTION_REFUSED',
  'ERR_METADATA_UNAVAILABLE',
];

function isOutage({ code }: UnavailableError): boolean {
  return outages.includes(code);
}

const codes = {
  unavailable: 'ERR_METADATA_UNAVAILABLE',
  invalid: 'ERR_METADATA_INVALID',
  absent: 'ERR_INTROSPECTION_ENDPOINT',
} as const;

/** The endpoint of the options, or that of the metadata, which is as good as keys are: fetched again after the same time. */
function createEndpointFinder(
  { issuer, keys: { timeoutSeconds, refreshSeconds, cooldownSeconds, maxStaleSeconds } }: IssuerSettings,
  { endpoint, clientAuthentication }: IntrospectionSettings,
  fetcher: JsonFetcher,
  now: () => number,
): () => Promise<string> {
  if (endpoint !== undefined) return async () => endpoint;
  const needsTls = clientAuthentication.method === 'tls_client_auth';

  function read(members: JsonObject): string {
    const { mtls_endpoint_aliases: aliases } = members;
    // RFC 8705 §5: who shows a certificate may be served elsewhere.
    const hasAlias = needsTls && isJsonObject(aliases) && aliases['introspection_endpoint'] !== undefined;
    const url = readEndpoint(hasAlias ? aliases : members, 'introspection_endpoint', issuer);
    if (needsTls && !url.startsWith('https:')) throw new FetchFault('invalid', 'a certificate needs TLS');
    return url;
  }

  async function load(): Promise<string> {
    try {
      return await fetcher.run((fetchJson) => discover(issuer, fetchJson, timeoutSeconds / 3, read));
    } catch (error) {
      throw new UnavailableError(codes[kindOfFault(error)], cooldownSeconds, { cause: error });
    }
  }

  const found = createRenewable({ load, now, refreshSeconds, cooldownSeconds, maxStaleSeconds });
  return async () => (found.peek() ?? (await found.get())).value;
}
