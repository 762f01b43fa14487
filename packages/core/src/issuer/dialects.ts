import type { ClaimMapping, Dialect } from './claim-mapping.ts';

/**
 * Where access tokens of four vendors keep what RFC 9068 has other places for, as far as it is elsewhere. `test/dialects`
 * holds the tokens that prove it, and says where their shapes come from.
 */
export const dialects: Readonly<Record<Dialect, Omit<ClaimMapping, 'dialect'>>> = {
  // `permissions` is everything that the user may do, `scope` what this client was granted: the latter counts.
  auth0: {
    clientId: ['azp', 'client_id'],
    tokenId: [],
    subjectIsClient: [{ sub: '{clientId}@clients' }],
  },
  // `azp` in tokens of version 2.0, `appid` in those of 1.0. A client that acts for itself is granted `roles`; in a token
  // for a user they are what the user is, not what the client may do. `idtyp` is there where the API asks for it.
  'entra-id': {
    clientId: ['azp', 'appid'],
    scopes: ['scp'],
    clientScopes: ['roles'],
    tokenId: ['uti'],
    subjectIsClient: [{ idtyp: 'app' }, { oid: '{sub}' }],
  },
  // The subject of a service account is a user of its own, whose name anybody could have. The session of a client that logs
  // in for itself notes its id, `clientId` up to version 23, and its address; others have neither note.
  keycloak: {
    clientId: ['azp'],
    subjectIsClient: [
      { client_id: '{clientId}', clientAddress: true },
      { clientId: '{clientId}', clientAddress: true },
    ],
  },
  okta: {
    clientId: ['cid'],
    scopes: ['scp'],
  },
};
