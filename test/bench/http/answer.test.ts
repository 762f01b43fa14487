import { describe, expect, test } from 'vitest';
import { parseAnswer } from './answer.mjs';

const answer = 'HTTP/1.1 401 Unauthorized\r\nDate: now\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n12345';

describe('the load of the benchmark', () => {
  test('learns the status once an answer is whole, and not a byte before', () => {
    for (let length = 0; length < answer.length; length += 1) {
      expect(parseAnswer(answer.slice(0, length))).toBeUndefined();
    }
    expect(parseAnswer(answer)).toBe(401);
  });

  test('reads no length out of a body', () => {
    const body = 'a\r\ncontent-length: 1\r\n';
    expect(() => parseAnswer(`HTTP/1.1 200 OK\r\nDate: now\r\n\r\n${body}`)).toThrow('does not say how long');
  });

  test('does not take what follows an answer for a part of it', () => {
    expect(() => parseAnswer(`${answer}H`)).toThrow('longer than it says');
  });
});
