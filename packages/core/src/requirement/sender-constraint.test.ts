import { describe, expect, it } from 'vitest';
import {
  demandsCertificate,
  findStricter,
  type SenderConstraint,
  satisfies,
  senderConstraints,
  takesBearerScheme,
} from './sender-constraint.ts';

describe('a sender constraint', () => {
  it.each<[SenderConstraint, readonly [none: boolean, dpop: boolean, mtls: boolean, both: boolean]]>([
    ['when-bound', [true, true, true, true]],
    ['required', [false, true, true, true]],
    ['dpop', [false, true, false, true]],
    ['mtls', [false, false, true, true]],
    ['dpop+mtls', [false, false, false, true]],
  ])('%s is satisfied by what it names [DPOP-39]', (constraint, expected) => {
    const methods = ['none', 'dpop', 'mtls', 'dpop+mtls'] as const;
    expect(methods.map((method) => satisfies(method, constraint))).toEqual(expected);
  });

  it.each<[SenderConstraint, SenderConstraint, SenderConstraint]>([
    ['when-bound', 'required', 'required'],
    ['when-bound', 'dpop+mtls', 'dpop+mtls'],
    ['required', 'dpop', 'dpop'],
    ['required', 'mtls', 'mtls'],
    ['dpop', 'mtls', 'dpop+mtls'],
    ['dpop', 'dpop+mtls', 'dpop+mtls'],
    ['mtls', 'dpop+mtls', 'dpop+mtls'],
  ])('of %s and %s asks for %s, in whichever order', (one, other, stricter) => {
    expect(findStricter(one, other)).toBe(stricter);
    expect(findStricter(other, one)).toBe(stricter);
  });

  it('is the one of two that is there', () => {
    for (const constraint of senderConstraints) {
      expect(findStricter(constraint, constraint)).toBe(constraint);
      expect(findStricter(constraint, undefined)).toBe(constraint);
      expect(findStricter(undefined, constraint)).toBe(constraint);
    }
    expect(findStricter(undefined, undefined)).toBeUndefined();
  });

  it('together with another is satisfied by what satisfies both, and by nothing else', () => {
    for (const one of senderConstraints) {
      for (const other of senderConstraints) {
        const both = findStricter(one, other) ?? 'when-bound';
        for (const method of ['none', 'dpop', 'mtls', 'dpop+mtls'] as const) {
          expect(satisfies(method, both)).toBe(satisfies(method, one) && satisfies(method, other));
        }
      }
    }
  });

  it('says whether the scheme Bearer can be enough, and whether there is no way without a certificate', () => {
    const ask = (test: (requirement: { senderConstraint?: SenderConstraint }) => boolean) =>
      [{}, ...senderConstraints.map((senderConstraint) => ({ senderConstraint }))].map(test);
    expect(ask(takesBearerScheme)).toEqual([true, true, true, false, true, false]);
    expect(ask(demandsCertificate)).toEqual([false, false, false, false, true, true]);
  });
});
