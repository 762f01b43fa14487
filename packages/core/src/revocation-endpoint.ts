import { z } from 'zod';
import type { Agent } from './agent/agent.ts';
import { principalKey } from './agent/describe.ts';
import { type ConfigurationIssue, RevocationError } from './errors.ts';
import type { Outcome } from './evaluation.ts';
import type { Endpoint, EndpointInput, HttpRequest, HttpResponse } from './http/request.ts';
import { parseJsonObject } from './json.ts';
import type { RequirementInput } from './requirement/requirement.ts';
import { listIssues, parseSettings } from './schema.ts';
import {
  fileTarget,
  makeRevocationSchema,
  type NewRevocation,
  type Revocation,
  type RevocationTarget,
} from './status/revocation.ts';
import type { Verifier } from './verifier.ts';

export interface RevocationEndpointOptions<Context = unknown> {
  /** Where it is. Default: `/revocations`. */
  readonly path?: string | undefined;
  /** The scope with which an agent may revoke anything, and list everything. Default: nobody may. */
  readonly adminScope?: string | undefined;
  /** What every caller needs beside the baseline. An explicit `undefined` is an error. */
  readonly requirement?: RequirementInput<Context>;
}

interface RevocationEndpointSettings {
  readonly path: string;
  readonly adminScope?: string | undefined;
  readonly requirement?: unknown;
}

/** Longer bodies are not read: a target and a reason have room in it. */
const maxBodyBytes = 16_384;
const methods = ['GET', 'POST'];

export const revocationEndpointSchema: z.ZodType<RevocationEndpointSettings> = z.strictObject({
  path: z
    .string()
    .regex(/^\/[^?#\s]*$/, 'must be a path')
    .default('/revocations'),
  adminScope: z.string().optional(),
  requirement: z.unknown().optional(),
});

/** JSON has no dates: ISO 8601 with a zone stands for them. */
const time = z.iso.datetime({ offset: true, error: 'must be a time of ISO 8601 with a zone' }).pipe(z.coerce.date());
const revocationSchema = makeRevocationSchema(time).refine(({ author }) => author === undefined, {
  path: ['author'],
  message: 'is the caller',
});

/**
 * Lets operators and task runners revoke over HTTP, with a token of the same API. `POST` revokes what a JSON object says, in
 * the words of `revocations.revoke` with times of ISO 8601, `iss` being that of the caller unless it says another: 201 with
 * the entry. `GET` lists what the caller revoked of its own; `GET ?all`, with the admin scope, everything, a page at a time:
 * about 1000 entries, and where there are more, as `next` what the next one is asked for by, `?all&after=…`.
 *
 * An agent may revoke its own token, the tokens of its own task, and, where it acts for a user, the tokens of that user or
 * that session. Anything else, and times of its own choice, take the admin scope. The author is the caller.
 *
 * @throws ConfigurationError with every problem of the options
 */
export function createRevocationEndpoint<Context>(
  verifier: Verifier<Context>,
  options: RevocationEndpointOptions<Context> = {},
): Endpoint {
  const { path, adminScope } = parseSettings('options of the revocation endpoint', revocationEndpointSchema, options);
  // An explicit `undefined` reaches `prepare`, which refuses it.
  const requirement =
    'requirement' in options ? verifier.prepare(options.requirement as RequirementInput<Context>) : verifier.prepare();
  const ofAdmins = verifier.prepare(
    adminScope === undefined ? { allow: () => ({ allow: false, reasons: ['target'] }) } : { scopes: [adminScope] },
  );

  function authorizeAdmin(agent: Agent, context: Context): Promise<Outcome> {
    return verifier.authorize(agent, { requirement: ofAdmins, context, route: path });
  }

  async function revoke(agent: Agent, revocation: NewRevocation, context: Context): Promise<HttpResponse> {
    if (!isOwn(agent, revocation)) {
      const outcome = await authorizeAdmin(agent, context);
      if (outcome.outcome === 'refused') return outcome.response;
    }
    try {
      return answer(201, await verifier.revocations.revoke({ ...revocation, author: principalKey(agent) }));
    } catch (error) {
      if (!(error instanceof RevocationError)) throw error;
      if (error.code === 'ERR_REVOCATION_INVALID') return describeIssues(error.issues);
      const refusal = fault(503, 'Service Unavailable', describeFault(error));
      return { ...refusal, headers: { ...refusal.headers, 'retry-after': ['1'] } };
    }
  }

  async function readAndRevoke(
    agent: Agent,
    request: HttpRequest,
    context: Context,
    input: EndpointInput | undefined,
  ): Promise<HttpResponse> {
    const revocation = await readRevocation(agent, request, input);
    return 'status' in revocation ? revocation : revoke(agent, revocation, context);
  }

  async function list(agent: Agent, { target }: HttpRequest, context: Context): Promise<HttpResponse> {
    const query = readQuery(target);
    if (query === undefined) return badQuery();
    if (query === 'own') return answer(200, { revocations: listOwn(agent) });
    const outcome = await authorizeAdmin(agent, context);
    if (outcome.outcome === 'refused') return outcome.response;
    const page = verifier.revocations.page(query.after);
    if (page === undefined) return badQuery();
    return answer(200, { total: verifier.health().revocations.entries, ...page });
  }

  function listOwn(agent: Agent): readonly Revocation[] {
    const author = principalKey(agent);
    const entries = listOwnTargets(agent).flatMap((target) => [...verifier.revocations.list(target)]);
    return entries.filter((entry) => entry.author === author);
  }

  return {
    path,
    methods,
    async handle(request, input) {
      if (!methods.includes(request.method)) {
        return { status: 405, headers: { allow: [methods.join(', ')] }, body: undefined };
      }
      const context = input?.context as Context;
      const outcome = await verifier.check(request, { requirement, context, route: path });
      if (outcome.outcome === 'refused') return outcome.response;
      if (outcome.outcome === 'anonymous') throw new TypeError('Nobody is anonymous where a token is required.');
      const { agent, headers } = outcome;
      const answered =
        request.method === 'GET'
          ? await list(agent, request, context)
          : await readAndRevoke(agent, request, context, input);
      return { ...answered, headers: { ...headers, ...answered.headers } };
    },
  };
}

/** What an agent may revoke by being who it is: itself, its task, and the user that it acts for. */
function listOwnTargets({ iss, tokenId, task, subjectType, sub, session }: Agent): readonly RevocationTarget[] {
  return [
    ...(tokenId === undefined ? [] : [{ iss, tokenId }]),
    ...(task.id === undefined ? [] : [{ iss, task: task.id }]),
    ...(subjectType === 'user' ? [{ iss, sub }] : []),
    ...(subjectType === 'user' && session !== undefined ? [{ iss, session }] : []),
  ];
}

function isOwn(agent: Agent, revocation: NewRevocation): boolean {
  if (revocation.issuedBefore !== undefined || revocation.expiresAt !== undefined) return false;
  const asked = fileTarget(revocation);
  return listOwnTargets(agent)
    .map(fileTarget)
    .some(({ kind, iss, value }) => kind === asked.kind && iss === asked.iss && value === asked.value);
}

/** What a body asks for, or the answer that refuses it. */
async function readRevocation(
  agent: Agent,
  request: HttpRequest,
  input: EndpointInput | undefined,
): Promise<NewRevocation | HttpResponse> {
  if (input === undefined) throw new TypeError('The revocation endpoint needs the body of the request.');
  if (!isJson(request)) return fault(415, 'Unsupported Media Type', 'Send a JSON object as application/json.');
  const body = await input.readBody(maxBodyBytes);
  if (body === undefined) return fault(413, 'Content Too Large', 'Send at most 16 KiB.');
  const given = parseJsonObject(body);
  if (given === undefined) return fault(400, 'Bad Request', 'Send a JSON object without repeated members.');
  const parsed = revocationSchema.safeParse({ iss: agent.iss, ...given });
  return parsed.success ? parsed.data : describeIssues(listIssues(parsed.error));
}

/** RFC 9110 §8.3.1: the type without its parameters, in any case. */
function isJson({ headers }: HttpRequest): boolean {
  const [type = '', ...others] = headers['content-type'] ?? [];
  return others.length === 0 && /^application\/json[ \t]*(?:;|$)/i.test(type);
}

/** What a list is asked for; undefined for what is no such question, because a misspelt one would be answered by another list. */
function readQuery(target: string): 'own' | { readonly after: string | undefined } | undefined {
  const [, text = ''] = target.split(/\?(.*)$/s);
  if (text === '') return 'own';
  const query = new URLSearchParams(text);
  const names = [...query.keys()];
  const isKnown = names.every((name) => name === 'all' || name === 'after');
  const isRepeated = new Set(names).size < names.length;
  if (!isKnown || isRepeated || query.get('all') !== '') return undefined;
  return { after: query.get('after') ?? undefined };
}

function answer(status: number, body: object): HttpResponse {
  const headers = { 'cache-control': ['no-store'], 'content-type': ['application/json'] };
  return { status, headers, body: JSON.stringify(body) };
}

/** What became of a revocation that could be used. */
function describeFault({ code }: RevocationError): string {
  return code === 'ERR_REVOCATION_UNCONFIRMED'
    ? 'It is revoked at one process, and perhaps not at others. Try again.'
    : 'Nothing was revoked. Try again later.';
}

/** Problem details (RFC 9457 §3). */
function fault(status: number, title: string, detail: string, more: object = {}): HttpResponse {
  return {
    status,
    headers: { 'cache-control': ['no-store'], 'content-type': ['application/problem+json'] },
    body: JSON.stringify({ type: 'about:blank', title, status, detail, ...more }),
  };
}

function badQuery(): HttpResponse {
  return fault(
    400,
    'Bad Request',
    'Ask without a query, or for ?all, or for ?all&after= with the next of the page before.',
  );
}

function describeIssues(issues: readonly ConfigurationIssue[]): HttpResponse {
  return fault(400, 'Bad Request', 'The revocation cannot be used.', { issues });
}
