import { describe, expect, it } from 'vitest';
import { splitTarget } from './request.ts';

describe('splitTarget', () => {
  it.each([
    ['/', undefined, '/'],
    ['/a/b?c/d?e', undefined, '/a/b'],
    ['//a/b', undefined, '//a/b'],
    ['/https://a/b', undefined, '/https://a/b'],
    ['https://api.example/a/b?c', 'https://api.example', '/a/b'],
    ['HTTP://API.example:80/a', 'HTTP://API.example:80', '/a'],
    ['https://user@api.example/a', 'https://user@api.example', '/a'],
    ['https://[::1]:8443//a', 'https://[::1]:8443', '//a'],
    ['https://api.example', 'https://api.example', '/'],
    ['https://api.example?a=/b', 'https://api.example', '/'],
    ['https://api.example#/a', 'https://api.example', '#/a'],
    ['https://api.example\\/a', 'https://api.example\\', '/a'],
    ['https:///a', 'https://', '/a'],
    ['https:/a', undefined, 'https:/a'],
    ['ftp://api.example/a', undefined, 'ftp://api.example/a'],
    ['*', undefined, '*'],
    ['api.example:443', undefined, 'api.example:443'],
    ['?a', undefined, ''],
    ['', undefined, ''],
  ])('finds in %j the origin %j and the path %j', (target, origin, path) => {
    expect(splitTarget(target)).toEqual({ origin, path });
  });
});
