import { describe, expect, it } from 'vitest';
import { readConfirmation } from './confirmation.ts';

// RFC 9449 §6.1 and RFC 8705 Appendix A.
const jkt = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I';
const x5t = 'A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0';
const refusal = (code: string, ...reasons: string[]) => expect.objectContaining({ code, reasons });

describe('readConfirmation', () => {
  it('finds none in a bearer token', () => {
    expect(readConfirmation(undefined)).toBeUndefined();
  });

  it('finds the thumbprint of a key, of a certificate, or of both', () => {
    expect(readConfirmation({ jkt })).toEqual({ jkt });
    expect(readConfirmation({ 'x5t#S256': x5t })).toEqual({ certificateThumbprint: x5t });
    expect(readConfirmation({ jkt, 'x5t#S256': x5t })).toEqual({ jkt, certificateThumbprint: x5t });
  });

  it('finds it beside members without a meaning', () => {
    expect(readConfirmation({ jkt, kid: 'key-1', 'x5t#S512': x5t })).toEqual({ jkt });
    expect(readConfirmation({ 'x5t#S256': x5t, x5t: 'old' })).toEqual({ certificateThumbprint: x5t });
  });

  it.each([{ kid: 'key-1' }, { jwk: { kty: 'EC' } }, { x5t }, { 'x5t#s256': x5t }, { 'x5t#S512': x5t }, {}])(
    'never takes a token that is bound by %j for one that is bound by nothing [MTL-04]',
    (cnf) => {
      expect(() => readConfirmation(cnf)).toThrow(refusal('ERR_TOKEN_CONFIRMATION'));
    },
  );

  it.each(['jkt', null, 7, true, [], [{ jkt }]])('refuses the cnf %j [JWT-28]', (cnf) => {
    expect(() => readConfirmation(cnf)).toThrow(refusal('ERR_TOKEN_CLAIM_MALFORMED', 'cnf'));
  });

  it.each([
    ['empty', ''],
    ['shorter', jkt.slice(0, -1)],
    ['longer', `${jkt}A`],
    ['padded', `${jkt}=`],
    ['in base64', jkt.replace('-', '+')],
    ['with stray bits', `${jkt.slice(0, -1)}B`],
    ['in hex', Buffer.from(jkt, 'base64url').toString('hex')],
    ['a number', 7],
    ['null', null],
    ['a list', [jkt]],
  ])('refuses a thumbprint that is %s [DPOP-38 MTL-03]', (_what, thumbprint) => {
    for (const good of [{}, { jkt, 'x5t#S256': x5t }]) {
      expect(() => readConfirmation({ ...good, jkt: thumbprint })).toThrow(
        refusal('ERR_TOKEN_CLAIM_MALFORMED', 'cnf.jkt'),
      );
      expect(() => readConfirmation({ ...good, 'x5t#S256': thumbprint })).toThrow(
        refusal('ERR_TOKEN_CLAIM_MALFORMED', 'cnf.x5t#S256'),
      );
    }
  });
});
