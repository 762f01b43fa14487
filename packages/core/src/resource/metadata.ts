import { z } from 'zod';
import type { Endpoint, HttpRequest, HttpResponse } from '../http/request.ts';
import { findEndpointFault, splitIdentifier } from '../identifier.ts';
import { scopeList } from '../requirement/scopes.ts';
import { textSchema } from '../schema.ts';

const wellKnown = '/.well-known/oauth-protected-resource';

/** What the metadata document says of a resource beside what the verifier knows (RFC 9728 §2). */
export interface MetadataOptions {
  /** Name for people, `resource_name`. */
  readonly name?: string | undefined;
  /** Page for developers, `resource_documentation`. */
  readonly documentation?: string | undefined;
  /** Scopes that agents may ask for, `scopes_supported`. Need not be all of them. */
  readonly scopes?: readonly string[] | undefined;
}

export const metadataSchema: z.ZodType<MetadataOptions> = z.strictObject({
  name: z.string().min(1).optional(),
  documentation: textSchema(findEndpointFault).optional(),
  scopes: scopeList.optional(),
});

/**
 * The URL of the metadata of a resource: the well-known path inserted between host and path; a path that is only a slash
 * is dropped (RFC 9728 §3.1).
 */
export function metadataUrl(resource: string): string {
  const { origin, path } = splitIdentifier(resource);
  return `${origin}${wellKnown}${path === '/' ? '' : path}`;
}

/** Serves the metadata document to anyone, browsers included; it is the same until the process ends. */
export function createMetadataEndpoint(
  resource: string,
  authorizationServers: readonly string[],
  { name, documentation, scopes }: MetadataOptions,
): Endpoint {
  const document = JSON.stringify({
    resource,
    authorization_servers: authorizationServers,
    scopes_supported: scopes,
    bearer_methods_supported: ['header'],
    resource_name: name,
    resource_documentation: documentation,
  });
  const methods = ['GET', 'HEAD', 'OPTIONS'];
  const allow = [methods.join(', ')];

  return {
    path: splitIdentifier(metadataUrl(resource)).path,
    methods,
    async handle({ method }: HttpRequest): Promise<HttpResponse> {
      switch (method) {
        case 'GET':
        case 'HEAD':
          return {
            status: 200,
            headers: {
              'access-control-allow-origin': ['*'],
              'cache-control': ['public, max-age=3600'],
              'content-type': ['application/json'],
            },
            body: document,
          };
        case 'OPTIONS':
          return {
            status: 204,
            headers: {
              'access-control-allow-origin': ['*'],
              'access-control-allow-methods': allow,
              'access-control-allow-headers': ['*'],
              allow,
            },
            body: undefined,
          };
        default:
          return { status: 405, headers: { allow }, body: undefined };
      }
    },
  };
}
