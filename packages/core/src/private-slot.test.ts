import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createPrivateSlot } from './private-slot.ts';

const value = { of: 'owner' };

const owners: readonly (readonly [string, () => object])[] = [
  ['an object', () => ({ a: 1 })],
  ['an object without a prototype', () => Object.create(null)],
  ['a frozen object', () => Object.freeze({ a: 1 })],
  ['an object of a class', () => new (class Request {})()],
  ['a proxy', () => new Proxy({}, {})],
  ['an array', () => []],
];

describe('a private slot', () => {
  it.each(owners)('remembers one thing of %s', (_, make) => {
    const slot = createPrivateSlot<object>();
    const owner = make();
    expect(slot.get(owner)).toBeUndefined();
    slot.set(owner, value);
    expect(slot.get(owner)).toBe(value);
    expect(slot.get(make())).toBeUndefined();
    const other = { of: 'somebody else' };
    slot.set(owner, other);
    expect(slot.get(owner)).toBe(other);
  });

  it('is known to itself alone', () => {
    const [slot, other] = [createPrivateSlot<object>(), createPrivateSlot<object>()];
    const owner = {};
    slot.set(owner, value);
    expect(other.get(owner)).toBeUndefined();
    other.set(owner, {});
    expect(slot.get(owner)).toBe(value);
  });

  it.each<[string, (owner: object) => object]>([
    ['a spread copy', (owner) => ({ ...owner })],
    ['what is assigned from it', (owner) => Object.assign({}, owner)],
    ['a copy with all descriptors', (owner) => Object.create(null, Object.getOwnPropertyDescriptors(owner))],
    ['what inherits from it', (owner) => Object.create(owner)],
    ['a clone', (owner) => structuredClone(owner)],
    ['a proxy', (owner) => new Proxy(owner, {})],
  ])('is not in %s', (_, copy) => {
    const slot = createPrivateSlot<object>();
    const owner = { a: 1 };
    slot.set(owner, value);
    const copied = copy(owner);
    expect(slot.get(copied)).toBeUndefined();
    slot.set(copied, { of: 'the copy' });
    expect(slot.get(owner)).toBe(value);
  });

  it('is not seen, and changes nothing of the object', () => {
    const slot = createPrivateSlot<object>();
    const owner = Object.freeze({ a: 1 });
    slot.set(owner, value);
    expect(Reflect.ownKeys(owner)).toEqual(['a']);
    expect(inspect(owner, { showHidden: true, depth: 9 })).toBe('{ a: 1 }');
    expect(owner).toStrictEqual({ a: 1 });
    expect(Object.isFrozen(owner)).toBe(true);
  });

  it('is not for what is no object', () => {
    const slot = createPrivateSlot<object>();
    for (const nothing of [undefined, null, 1, 'text']) {
      expect(() => slot.get(nothing as never)).toThrow(TypeError);
      expect(() => slot.set(nothing as never, value)).toThrow(TypeError);
    }
  });
});
