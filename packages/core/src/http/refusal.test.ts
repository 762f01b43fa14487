import { describe, expect, it } from 'vitest';
import { type AnswerClass, answers, type CodeOf } from '../answers.ts';
import {
  type AuthError,
  ForbiddenError,
  InsufficientScopeError,
  InsufficientUserAuthenticationError,
  InvalidDpopProofError,
  InvalidRequestError,
  InvalidTokenError,
  MissingTokenError,
  TooManyRequestsError,
  UnavailableError,
  UseDpopNonceError,
} from '../errors.ts';
import type { ChallengeContext } from './challenge.ts';
import { buildRefusal } from './refusal.ts';

const context: ChallengeContext = {
  offers: [{ scheme: 'Bearer' }],
  attempted: 'Bearer',
  scopes: ['read:data', 'write:data'],
  resourceMetadata: 'https://api.example/.well-known/oauth-protected-resource',
};
const bodyOf = (error: AuthError): Record<string, unknown> => JSON.parse(buildRefusal(error, context).body ?? '');
const codesOf = <Class extends AnswerClass>(name: Class) => Object.keys(answers[name].codes) as CodeOf<Class>[];

const challenged = ['www-authenticate', 'cache-control', 'content-type'];
const delayed = ['retry-after', 'cache-control', 'content-type'];
const cases: { error: AuthError; status: number; fields: string[] }[] = [
  { error: new MissingTokenError('ERR_TOKEN_ABSENT'), status: 401, fields: challenged },
  { error: new InvalidRequestError('ERR_AUTHORIZATION_MALFORMED'), status: 400, fields: challenged },
  { error: new InvalidTokenError('ERR_TOKEN_EXPIRED'), status: 401, fields: challenged },
  { error: new InvalidDpopProofError('ERR_DPOP_SIGNATURE'), status: 401, fields: challenged },
  { error: new UseDpopNonceError('ERR_DPOP_NONCE'), status: 401, fields: challenged },
  {
    error: new InsufficientUserAuthenticationError('ERR_USER_AUTHENTICATION', { acrValues: ['a'] }),
    status: 401,
    fields: challenged,
  },
  { error: new InsufficientScopeError('ERR_SCOPE'), status: 403, fields: challenged },
  { error: new ForbiddenError('ERR_ALLOW'), status: 403, fields: challenged },
  { error: new TooManyRequestsError('ERR_HOLDER_LIMIT', 3), status: 429, fields: delayed },
  { error: new UnavailableError('ERR_KEYS_UNAVAILABLE', 3), status: 503, fields: delayed },
];

describe('buildRefusal', () => {
  it('has a case for every class', () => {
    expect(cases.map(({ error }) => error.class)).toEqual(Object.keys(answers));
  });

  it.each(cases)(
    'answers $error.class with $status and its fields [BRR-16 CHL-01 CHL-14]',
    ({ error, status, fields }) => {
      const { headers, ...answer } = buildRefusal(error, context);
      expect(answer.status).toBe(status);
      expect(new Set(Object.keys(headers))).toEqual(new Set(fields));
    },
  );

  it.each(cases)('lets nobody store the answer of $error.class', ({ error }) => {
    expect(buildRefusal(error, context).headers['cache-control']).toEqual(['no-store']);
  });

  it.each(cases)('describes $error.class in a body that agrees with the status [PRB-01]', ({ error, status }) => {
    const isChallenged = status < 429;
    expect(buildRefusal(error, context).headers['content-type']).toEqual(['application/problem+json']);
    expect(bodyOf(error)).toEqual({
      type: 'about:blank',
      title: error.title,
      status,
      detail: error.description,
      ...(error.error === undefined ? {} : { error: error.error }),
      ...(isChallenged ? { scope: 'read:data write:data', resource_metadata: context.resourceMetadata } : {}),
    });
  });

  it('leaves scope out of the body where nothing is needed', () => {
    const { body } = buildRefusal(new MissingTokenError('ERR_TOKEN_ABSENT'), { ...context, scopes: [] });
    expect(body).not.toContain('scope');
  });

  it('carries every challenge as a value of its own [CHL-08]', () => {
    const offers = [{ scheme: 'Bearer' }, { scheme: 'DPoP' }] as const;
    const { headers } = buildRefusal(new InvalidTokenError('ERR_TOKEN_EXPIRED'), { ...context, offers });
    expect(headers['www-authenticate']?.map((line) => line.split(' ', 1)[0])).toEqual(['Bearer', 'DPoP']);
  });

  it.each([new UseDpopNonceError('ERR_DPOP_NONCE'), new MissingTokenError('ERR_TOKEN_ABSENT')])(
    'carries one DPoP-Nonce beside every challenge where nonces are required: %s (RFC 9449 §9) [DPOP-17]',
    (error) => {
      expect(buildRefusal(error, { ...context, nonce: 'abc' }).headers['dpop-nonce']).toEqual(['abc']);
    },
  );

  it('carries no nonce where there is no challenge', () => {
    const { headers } = buildRefusal(new UnavailableError('ERR_KEYS_UNAVAILABLE', 1), { ...context, nonce: 'abc' });
    expect(headers).not.toHaveProperty('dpop-nonce');
  });

  it.each([
    [3, '3'],
    [4.2, '5'],
    [0.2, '1'],
    [0, '1'],
    [-7, '1'],
    [Number.NEGATIVE_INFINITY, '1'],
  ])('rounds a Retry-After of %d up to %s whole seconds, at least one (RFC 9110 §10.2.3)', (seconds, field) => {
    const errors = [
      new UnavailableError('ERR_KEYS_UNAVAILABLE', seconds),
      new TooManyRequestsError('ERR_HOLDER_LIMIT', seconds),
    ];
    expect(errors.map((error) => buildRefusal(error, context).headers['retry-after'])).toEqual([[field], [field]]);
  });

  it('calls an outage of ours no error of the token: 503 without a challenge', () => {
    const { headers, body } = buildRefusal(new UnavailableError('ERR_METADATA_UNAVAILABLE', 5), context);
    expect(headers).not.toHaveProperty('www-authenticate');
    expect(body).not.toContain('invalid_token');
  });
});

describe('the answers of one class', () => {
  it.each<[AnswerClass, AuthError[]]>([
    ['MissingTokenError', codesOf('MissingTokenError').map((code) => new MissingTokenError(code))],
    ['InvalidRequestError', codesOf('InvalidRequestError').map((code) => new InvalidRequestError(code))],
    [
      'InvalidTokenError',
      codesOf('InvalidTokenError').map(
        (code) => new InvalidTokenError(code, { reasons: [code], cause: new Error(`canary ${code}`) }),
      ),
    ],
    ['UnavailableError', codesOf('UnavailableError').map((code) => new UnavailableError(code, 5))],
  ])('are the same for every code of %s, to the byte [PRB-03 PRB-05]', (name, errors) => {
    expect(errors.length).toBeGreaterThan(1);
    const [first, ...others] = errors.map((error) => buildRefusal(error, context));
    for (const other of others) expect(other).toEqual(first);
    expect(JSON.stringify(first)).not.toMatch(/ERR_|canary/);
    expect(first?.status).toBe(answers[name].status);
  });
});

describe('renderProblem', () => {
  it('chooses the body and its type; status and fields stay ours', () => {
    const error = new InsufficientScopeError('ERR_SCOPE');
    const ours = buildRefusal(error, context);
    const theirs = buildRefusal(error, context, (problem, { code }) => ({
      contentType: 'text/plain; charset=utf-8',
      body: `${code}: ${problem.detail} ${problem.scope}`,
    }));
    expect(theirs.body).toBe(`ERR_SCOPE: ${error.description} read:data write:data`);
    expect(theirs.status).toBe(ours.status);
    expect(theirs.headers).toEqual({ ...ours.headers, 'content-type': ['text/plain; charset=utf-8'] });
  });
});
