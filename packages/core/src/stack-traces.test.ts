import { afterEach, describe, expect, it } from 'vitest';
import { resumeStackTraces, suspendStackTraces } from './stack-traces.ts';

const original = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit') as PropertyDescriptor;

afterEach(() => {
  Object.defineProperty(Error, 'stackTraceLimit', original);
});

const hasCalls = (error: Error) => error.stack?.includes('\n    at ') ?? false;

describe('stack traces', () => {
  it('list no calls between suspending and resuming, and do before and after', () => {
    expect(hasCalls(new Error('before'))).toBe(true);
    const traces = suspendStackTraces();
    const error = new Error('between');
    resumeStackTraces(traces);
    expect(error.stack).toBe('Error: between');
    expect(hasCalls(new Error('after'))).toBe(true);
  });

  it.each([0, 1, 50, Number.POSITIVE_INFINITY])('are as long as before, where the limit is %d', (limit) => {
    Error.stackTraceLimit = limit;
    resumeStackTraces(suspendStackTraces());
    expect(Error.stackTraceLimit).toBe(limit);
  });

  it('can be suspended again in between', () => {
    const [outer, inner] = [suspendStackTraces(), suspendStackTraces()];
    resumeStackTraces(inner);
    expect(hasCalls(new Error('still suspended'))).toBe(false);
    resumeStackTraces(outer);
    expect(hasCalls(new Error('resumed'))).toBe(true);
  });

  it('stay as they are where the limit cannot be set', () => {
    Object.defineProperty(Error, 'stackTraceLimit', { value: 3, writable: false });
    const traces = suspendStackTraces();
    expect(hasCalls(new Error('between'))).toBe(true);
    resumeStackTraces(traces);
    expect(Error.stackTraceLimit).toBe(3);
  });

  it('stay as they are where somebody refuses to have the limit set', () => {
    const refuse = () => {
      throw new Error('not here');
    };
    Object.defineProperty(Error, 'stackTraceLimit', { get: () => 3, set: refuse, configurable: true });
    expect(suspendStackTraces()).toBe(undefined);
    expect(Error.stackTraceLimit).toBe(3);
  });

  it('are not brought back where somebody has done away with them', () => {
    Reflect.deleteProperty(Error, 'stackTraceLimit');
    resumeStackTraces(suspendStackTraces());
    expect(Object.hasOwn(Error, 'stackTraceLimit')).toBe(false);
  });
});
