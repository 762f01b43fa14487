import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type AnswerClass, answers, type CodeOf } from './answers.ts';
import {
  AuthError,
  type AuthErrorDetails,
  ConfigurationError,
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
} from './errors.ts';

type Make<Class extends AnswerClass> = (code: CodeOf<Class>, details?: AuthErrorDetails) => AuthError;

const makers: { readonly [Class in AnswerClass]: Make<Class> } = {
  MissingTokenError: (code, details) => new MissingTokenError(code, details),
  InvalidRequestError: (code, details) => new InvalidRequestError(code, details),
  InvalidTokenError: (code, details) => new InvalidTokenError(code, details),
  InvalidDpopProofError: (code, details) => new InvalidDpopProofError(code, details),
  UseDpopNonceError: (code, details) => new UseDpopNonceError(code, details),
  InsufficientUserAuthenticationError: (code, details) =>
    new InsufficientUserAuthenticationError(code, { maxAgeSeconds: 60 }, details),
  InsufficientScopeError: (code, details) => new InsufficientScopeError(code, details),
  ForbiddenError: (code, details) => new ForbiddenError(code, details),
  TooManyRequestsError: (code, details) => new TooManyRequestsError(code, 1, details),
  UnavailableError: (code, details) => new UnavailableError(code, 1, details),
};

/** What answers of these classes carry beside. */
const extras: { readonly [Class in AnswerClass]?: object } = {
  InsufficientUserAuthenticationError: { needed: { maxAgeSeconds: 60 } },
  TooManyRequestsError: { retryAfterSeconds: 1 },
  UnavailableError: { retryAfterSeconds: 1 },
};

const table = Object.entries(answers).flatMap(([name, { codes }]) =>
  Object.entries<string>(codes).map(([code, message]) => ({ name: name as AnswerClass, code, message })),
);

function make(name: AnswerClass, code: string, details?: AuthErrorDetails): AuthError {
  const maker: Make<never> = makers[name];
  return maker(code as never, details);
}

describe('an AuthError', () => {
  it.each(table)('says for $code what the table says, and nothing of its details', ({ name, code, message }) => {
    const error = make(name, code, { cause: new Error('canary'), reasons: ['sub'] });
    const { status, title, description } = answers[name];
    expect(error).toMatchObject({ name, class: name, code, message, status, title, description, reasons: ['sub'] });
    expect(error.error).toBe(answers[name].error);
  });

  it.each(table)('is an Error of its own class for $code, whose stack has no calls', ({ name, code, message }) => {
    const error = make(name, code);
    expect(error).toBeInstanceOf(AuthError);
    expect(error).toBeInstanceOf(Error);
    expect(error.constructor.name).toBe(name);
    expect(error.stack).toBe(`${name}: ${message}`);
  });

  it('leaves the stacks of all other errors alone, those of its cause and of bugs included', () => {
    const limit = Error.stackTraceLimit;
    const cause = new Error('canary');
    const error = new UnavailableError('ERR_KEYS_UNAVAILABLE', 5, { cause });
    expect(Error.stackTraceLimit).toBe(limit);
    const traces = [cause, new TypeError('a bug'), new ConfigurationError('options', [])].map(({ stack }) => stack);
    for (const stack of traces) expect(stack).toContain('errors.test.ts');
    expect(inspect(error)).toContain(`[cause]: ${cause.stack?.split('\n', 1)}\n`);
  });

  it('leaves them alone where it cannot be made', () => {
    const limit = Error.stackTraceLimit;
    const details = Object.defineProperty({}, 'cause', {
      get() {
        throw new Error('no cause');
      },
    });
    expect(() => new InvalidTokenError('ERR_TOKEN_EXPIRED', details)).toThrow('no cause');
    expect(Error.stackTraceLimit).toBe(limit);
  });

  it('has no reasons and no cause where none are given', () => {
    const error = new InvalidTokenError('ERR_TOKEN_EXPIRED');
    expect(error.reasons).toEqual([]);
    expect(error).not.toHaveProperty('cause');
  });

  it('keeps what went wrong upstream as its cause, out of its JSON [LOG-01 PRB-03]', () => {
    const cause = new Error('canary');
    const error = new UnavailableError('ERR_KEYS_UNAVAILABLE', 5, { cause });
    expect(error.cause).toBe(cause);
    expect(JSON.stringify(error)).not.toContain('canary');
  });

  it.each(table)('holds nothing but constants in JSON and in inspect for $code [PRB-03]', ({ name, code, message }) => {
    const { status, title, error, description } = answers[name];
    const constants = { name, class: name, code, status, title, error, description, reasons: [], ...extras[name] };
    const made = make(name, code);
    expect({ ...made }).toEqual(constants);
    expect(JSON.stringify(make(name, code, { cause: 'upstream' }))).toBe(JSON.stringify(made));
    expect(inspect(made).startsWith(`[${name}: ${message}] {\n`)).toBe(true);
  });
});

describe('AuthError.is', () => {
  it.each(table)('is true of $code', ({ name, code }) => {
    expect(AuthError.is(make(name, code))).toBe(true);
  });

  it('is true of an error from another copy of the package', () => {
    const brand = Symbol.for('gatehouse.AuthError');
    expect(AuthError.is(Object.defineProperty(new Error('elsewhere'), brand, { value: true }))).toBe(true);
  });

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'InvalidTokenError'],
    ['another Error', new Error('ERR_TOKEN_EXPIRED')],
    ['an object that looks like one', { class: 'InvalidTokenError', code: 'ERR_TOKEN_EXPIRED', status: 401 }],
    ['what inherits from one', Object.create(new InvalidTokenError('ERR_TOKEN_EXPIRED'))],
    ['a ConfigurationError', new ConfigurationError('options', [])],
  ])('is false of %s', (_, value) => {
    expect(AuthError.is(value)).toBe(false);
  });
});

describe('a ConfigurationError', () => {
  const issues = [
    { path: 'issuers.0.jwksUri', message: 'must be https: http is for loopback' },
    { path: '', message: 'Unrecognized key: "isuers"' },
  ];

  it('lists every issue, each on a line with its path', () => {
    const error = new ConfigurationError('options', issues);
    expect(error.message).toBe(
      'The options cannot be used:\n  issuers.0.jwksUri: must be https: http is for loopback\n  Unrecognized key: "isuers"',
    );
    expect(error).toMatchObject({ name: 'ConfigurationError', code: 'ERR_CONFIGURATION', issues });
  });

  it('is no AuthError: it answers no request', () => {
    expect(new ConfigurationError('requirement', issues)).not.toBeInstanceOf(AuthError);
  });
});
