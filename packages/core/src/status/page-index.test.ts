import { describe, expect, it } from 'vitest';
import { PageIndex } from './page-index.ts';

interface Value {
  readonly value: string;
}

const makeValues = (count: number): Value[] =>
  Array.from({ length: count }, (_, index) => ({ value: `text-${index}` }));

function fill(values: readonly Value[]): PageIndex<Value> {
  const index = new PageIndex<Value>();
  for (const value of values) index.add(value);
  return index;
}

/** Every page, with `change` between two of them. */
function readAll(index: PageIndex<Value>, fewest: number, change: (page: number) => void = () => undefined): Value[][] {
  const pages: Value[][] = [];
  for (let from: number | undefined = 0; from !== undefined; ) {
    const { values, next }: ReturnType<typeof index.read> = index.read(from, fewest);
    pages.push([...values]);
    from = next;
    change(pages.length);
  }
  return pages;
}

const textsOf = (values: readonly Value[]): string[] => values.map(({ value }) => value).sort();

describe('a page index', () => {
  it('has every value on one page, and as many on each as were asked for, or a few more', () => {
    const values = makeValues(20_000);
    const pages = readAll(fill(values), 100);
    expect(textsOf(pages.flat())).toEqual(textsOf(values));
    const sizes = pages.slice(0, -1).map(({ length }) => length);
    expect(Math.min(...sizes)).toBe(100);
    expect(Math.max(...sizes)).toBeLessThan(120);
  });

  it('ends pages where any other does that holds the same, in whichever order that came', () => {
    const values = makeValues(3000);
    const pages = (index: PageIndex<Value>) => readAll(index, 500).map(textsOf);
    expect(pages(fill(values.toReversed()))).toEqual(pages(fill(values)));
  });

  it('has places that are the same in every version: who reads may be sent on to another one', () => {
    const ends = ['alice', 'task-1', '', '\u{1F600}'].map((value) => fill([{ value }, { value }]).read(0, 1));
    expect(ends.map(({ values }) => values.length)).toEqual([2, 2, 2, 2]);
    expect(ends.map(({ next }) => next?.toString(16))).toEqual(['aeac0000', 'bcd00000', '5db80000', '13880000']);
  });

  it('has what stays on exactly one page, whatever comes and goes meanwhile', () => {
    const values = makeValues(4000);
    const [leaving, staying] = [values.slice(0, 2000), values.slice(2000)];
    const index = fill(values);
    const pages = readAll(index, 300, (page) => {
      for (const value of leaving.splice(0, 400)) index.delete(value);
      for (let count = 0; count < 400; count += 1) index.add({ value: `late-${page}-${count}` });
    });
    const stayed = new Set(staying);
    expect(textsOf(pages.flat().filter((value) => stayed.has(value)))).toEqual(textsOf(staying));
  });

  it('tells objects of one text apart', () => {
    const twins = [{ value: 'a' }, { value: 'a' }, { value: 'a' }];
    const index = fill(twins);
    index.delete(twins[0] as Value);
    const { values, next } = index.read(0, 10);
    expect([values.length, values.includes(twins[0] as Value), next]).toEqual([2, false, undefined]);
  });
});
