import type { UnavailableError } from '../../errors.ts';
import { isJsonMediaType } from '../../http/media-type.ts';
import type { IssuerAnswer } from '../../introspection/answer-cache.ts';
import { type JsonObject, parseJsonObject } from '../../json.ts';
import { listCredentials, type MakeCredentials } from './credentials.ts';
import type { IntrospectionSettings } from './options.ts';
import type { VerifySignedAnswer } from './signed-answer.ts';
import { createFormPoster, type FormAnswer, fault } from './transport.ts';

/** Asks one issuer about tokens. */
export interface IntrospectionClient {
  /**
   * One question (RFC 7662 §2).
   *
   * @throws UnavailableError when the issuer cannot tell, or does not tell us: whatever is wrong then, it is not the token
   */
  ask(token: string): Promise<IssuerAnswer>;
  /** Ends what is under way, and refuses what comes later. */
  close(): void;
}

export interface IntrospectionClientOptions {
  readonly issuer: string;
  readonly settings: IntrospectionSettings;
  /** Where the issuer is asked. @throws UnavailableError */
  readonly findEndpoint: () => string | Promise<string>;
  readonly verifySigned: VerifySignedAnswer;
  readonly now: () => number;
}

const signedMediaType = 'application/token-introspection+jwt';

export function createIntrospectionClient(options: IntrospectionClientOptions): IntrospectionClient {
  const { issuer, settings, findEndpoint, verifySigned, now } = options;
  const { clientAuthentication, response, timeoutSeconds, agent } = settings;
  const poster = createFormPoster({ timeoutSeconds, identity: identityOf(clientAuthentication), agent: agent?.() });
  const accept = response === 'signed' ? signedMediaType : 'application/json';
  /** The one that worked last comes first. */
  let ways = listCredentials(clientAuthentication, issuer, now);

  async function post(token: string, makeCredentials: MakeCredentials): Promise<FormAnswer> {
    const url = await findEndpoint();
    const { headers, parameters } = await makeCredentials();
    const hint = { token, token_type_hint: 'access_token' };
    return poster.post({ url, headers: { ...headers, accept }, parameters: { ...hint, ...parameters } });
  }

  /** Whoever is refused for its secret tries the other one: while secrets change, either may be the right one. */
  async function postOrRetry(token: string): Promise<FormAnswer> {
    const [first, ...others] = ways;
    let answer = await post(token, first as MakeCredentials);
    for (const other of others) {
      if (!isInvalidClient(answer)) break;
      answer = await post(token, other);
      if (!isInvalidClient(answer)) ways = [other, ...ways.filter((way) => way !== other)];
    }
    return answer;
  }

  async function read(answer: FormAnswer): Promise<JsonObject> {
    if (answer.status === 403 || isInvalidClient(answer)) throw refused(answer);
    if (answer.status !== 200) throw fault('ERR_INTROSPECTION_STATUS', `status ${answer.status}`);
    if (response === 'signed') {
      // RFC 9701 §8: a plain answer would be one that anybody on the way could have written.
      if (answer.mediaType !== signedMediaType) throw unexpectedType();
      return verifySigned(answer.body);
    }
    if (!isJsonMediaType(answer.mediaType)) throw unexpectedType();
    const members = parseJsonObject(answer.body);
    if (members === undefined) throw fault('ERR_INTROSPECTION_INVALID', 'not a JSON object');
    return members;
  }

  return {
    async ask(token) {
      const members = await read(await postOrRetry(token));
      // RFC 7662 §2.2: a boolean. Whoever writes "true" might write "false" as well.
      if (typeof members['active'] !== 'boolean') throw fault('ERR_INTROSPECTION_INVALID', 'active is not a boolean');
      return members['active'] ? members : 'inactive';
    },
    close: poster.close,
  };
}

function identityOf(authentication: IntrospectionSettings['clientAuthentication']) {
  if (authentication.method !== 'tls_client_auth') return undefined;
  return { cert: authentication.certificate, key: authentication.key };
}

/** RFC 6749 §5.2: 401, or 400 with this error, is about who asks, and never about the token (RFC 7662 §2.3). */
function isInvalidClient({ status, body }: FormAnswer): boolean {
  return status === 401 || (status === 400 && parseJsonObject(body)?.['error'] === 'invalid_client');
}

function refused({ status }: FormAnswer): UnavailableError {
  return fault('ERR_INTROSPECTION_REFUSED', `status ${status}`);
}

function unexpectedType(): UnavailableError {
  return fault('ERR_INTROSPECTION_MEDIA_TYPE', 'another media type than was asked for');
}
