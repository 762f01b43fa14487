import { timingSafeEqual } from 'node:crypto';

/**
 * The page where a person says who they are and what they allow, without the page: the browser proves the person by
 * HTTP Basic, and the person grants whatever was asked. oidc-provider sends the browser here once to log in and once to
 * consent, and takes over again when the interaction is finished.
 *
 * @param {any} provider
 * @param {Readonly<Record<string, string>>} passwords by person
 * @returns {import('node:http').RequestListener}
 */
export function createLogin(provider, passwords) {
  return async (request, response) => {
    const person = identify(request.headers.authorization, passwords);
    if (person === undefined) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="login"' }).end();
      return;
    }
    try {
      const interaction = await provider.interactionDetails(request, response);
      const result =
        interaction.prompt.name === 'login'
          ? { login: { accountId: person } }
          : { consent: { grantId: await grantWhatWasAsked(provider, interaction) } };
      await provider.interactionFinished(request, response, result);
    } catch {
      // No interaction is waiting for this browser.
      response.writeHead(400).end();
    }
  };
}

/** @param {any} provider @param {any} interaction */
async function grantWhatWasAsked(provider, interaction) {
  const { grantId, session, params, prompt } = interaction;
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const { missingOIDCScope, missingResourceScopes } = prompt.details;
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope);
  for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes);
  }
  return grant.save();
}

/** @param {string | undefined} authorization @param {Readonly<Record<string, string>>} passwords */
function identify(authorization, passwords) {
  const [, encoded = ''] = /^Basic ([\w+/=]+)$/.exec(authorization ?? '') ?? [];
  const [person = '', password = ''] = Buffer.from(encoded, 'base64').toString().split(':');
  const expected = Object.hasOwn(passwords, person) ? passwords[person] : undefined;
  if (expected === undefined || expected.length !== password.length) return undefined;
  return timingSafeEqual(Buffer.from(expected), Buffer.from(password)) ? person : undefined;
}
