import { STATUS_CODES } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type AnswerClass, answers } from './answers.ts';

const classes = Object.keys(answers) as AnswerClass[];
const codes = classes.flatMap((name) => Object.entries<string>(answers[name].codes));

describe('the answers', () => {
  it.each([
    ['MissingTokenError', 401, undefined],
    ['InvalidRequestError', 400, 'invalid_request'],
    ['InvalidTokenError', 401, 'invalid_token'],
    ['InvalidDpopProofError', 401, 'invalid_dpop_proof'],
    ['UseDpopNonceError', 401, 'use_dpop_nonce'],
    ['InsufficientUserAuthenticationError', 401, 'insufficient_user_authentication'],
    ['InsufficientScopeError', 403, 'insufficient_scope'],
    ['ForbiddenError', 403, 'access_denied'],
    ['TooManyRequestsError', 429, undefined],
    ['UnavailableError', 503, undefined],
  ] as const)('give %s the status %i and the error %s [BRR-10 BRR-12 BRR-13 BRR-14]', (name, status, error) => {
    expect(answers[name]).toMatchObject({ status, error });
  });

  it('are ten classes', () => {
    expect(classes).toHaveLength(10);
  });

  it.each(classes)('title %s with the phrase of its status (RFC 9457 §4.2.1) [PRB-01]', (name) => {
    expect(answers[name].title).toBe(STATUS_CODES[answers[name].status]);
  });

  it.each(classes)('describe %s in the characters of an error_description (RFC 6750 §3) [CHL-05]', (name) => {
    expect(answers[name].description).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/);
  });

  it.each(classes)('use the characters of an error code in %s (RFC 6750 §3) [CHL-05]', (name) => {
    expect(answers[name].error ?? 'none').toMatch(/^[\x21\x23-\x5B\x5D-\x7E]+$/);
  });

  it('tell every class apart by what the caller reads', () => {
    const descriptions = classes.map((name) => answers[name].description);
    expect(new Set(descriptions).size).toBe(classes.length);
  });
});

describe('the codes', () => {
  it('are unique across classes', () => {
    const names = codes.map(([code]) => code);
    expect(new Set(names).size).toBe(names.length);
  });

  it('have a message each, which no other code has', () => {
    const messages = codes.map(([, message]) => message);
    expect(new Set(messages).size).toBe(messages.length);
  });

  it.each(codes)('spell %s as ERR_SCREAMING, with a sentence', (code, message) => {
    expect(code).toMatch(/^ERR_[A-Z]+(?:_[A-Z]+)*$/);
    expect(message).toMatch(/^[A-Z][\x20-\x7E]*\.$/);
  });
});
