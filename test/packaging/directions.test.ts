import { describe, expect, test } from 'vitest';
import { examples, type Package, packages, sortNames } from '../repository.ts';
import { type Import, listImports, listModules, packageOf } from './imports.ts';

const core = '@gatehouse/core';
const publicEntries = [core, `${core}/adapter`, `${core}/node`];
/** What belongs to the application: two copies of it in one process would not know each other. */
const shared = [core, 'express', 'fastify', 'hono', 'ioredis', 'koa'];

/** The rooms of core from the ground up: a file imports from its own room and from those before it. */
const rooms: readonly (readonly string[])[] = [
  [
    'answers',
    'stack-traces',
    'errors',
    'ready',
    'private-slot',
    'base64url',
    'json',
    'freeze',
    'iso-time',
    'identifier',
    'bounded-map',
    'timeout',
    'schema',
    'environment',
  ],
  ['http'],
  // The scheduling of questions: an issuer has one for all verifiers that share it.
  ['introspection'],
  ['issuer'],
  ['token'],
  ['status'],
  ['proof'],
  ['agent'],
  ['requirement'],
  ['resource'],
  ['decision'],
  ['options'],
  ['evaluation'],
  ['authenticated-visit'],
  ['authentication', 'authorization'],
  ['admission'],
  ['verifier'],
  ['adapter', 'node', 'revocation-endpoint', 'index'],
];

function findPackage(name: string): Package {
  const found = packages.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`There is no package ${name}.`);
  return found;
}

const describeImport = ({ file, specifier }: Import): string => `${file} imports ${specifier}`;
const isOurs = ({ specifier }: Import): boolean => specifier.startsWith('@gatehouse/');
const isRelative = ({ specifier }: Import): boolean => specifier.startsWith('.');

describe('between packages', () => {
  test('core imports no other package of the workspace', () => {
    const { directory, manifest } = findPackage(core);
    expect(listImports(directory).filter(isOurs).map(describeImport)).toEqual([]);
    expect(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })).toEqual(['jose', 'zod']);
    expect(manifest.optionalDependencies).toBeUndefined();
  });

  const others = packages.filter(({ name }) => name !== core);

  test.each(others)('$name imports nothing of the workspace but the public entries of core', ({ directory }) => {
    const foreign = listImports(directory).filter((found) => isOurs(found) && !publicEntries.includes(found.specifier));
    expect(foreign.map(describeImport)).toEqual([]);
  });

  test.each(examples)('$name imports public entries only', ({ directory }) => {
    const entries = packages.flatMap(({ name, manifest }) =>
      Object.keys(manifest.exports ?? {}).map((entry) => name + entry.slice(1)),
    );
    const hidden = listImports(directory).filter((found) => isOurs(found) && !entries.includes(found.specifier));
    expect(hidden.map(describeImport)).toEqual([]);
  });

  test.each(packages)('$name reaches nothing but its own modules by a relative path', ({ directory }) => {
    const known = new Set(listModules(directory));
    const outside = listImports(directory).filter((found) => isRelative(found) && !known.has(found.target));
    expect(outside.map(describeImport)).toEqual([]);
  });

  test.each(examples)('$name reaches nothing outside its directory by a relative path', ({ directory }) => {
    const outside = listImports(directory).filter(
      (found) => isRelative(found) && !found.target.startsWith(`${directory}/`),
    );
    expect(outside.map(describeImport)).toEqual([]);
  });

  test.each(packages)('$name takes nothing from tests into what is published', ({ directory }) => {
    const ofTests = ['vitest', '@gatehouse/testing'];
    const taken = listImports(directory).filter(({ specifier }) => ofTests.includes(packageOf(specifier)));
    expect(taken.map(describeImport)).toEqual([]);
  });

  test.each(packages)('$name declares what it imports, and what an application shares as a peer', (pack) => {
    const { dependencies = {}, peerDependencies = {}, optionalDependencies = {} } = pack.manifest;
    const imported = listImports(pack.directory).filter((found) => !isRelative(found));
    const names = sortNames(new Set(imported.map(({ specifier }) => packageOf(specifier))));
    const owned = names.filter((name) => name !== 'node:' && !shared.includes(name));
    expect(sortNames(Object.keys({ ...dependencies, ...optionalDependencies }))).toEqual(owned);
    const peers = Object.keys(peerDependencies).filter((name) => !name.startsWith('@types/'));
    expect(sortNames(peers)).toEqual(names.filter((name) => shared.includes(name)));
  });
});

describe('inside core', () => {
  const { directory } = findPackage(core);
  const source = `${directory}/src/`;
  const modules = listModules(directory);
  const imports = listImports(directory).filter(isRelative);

  function findFloor(file: string): number {
    const room = file.slice(source.length).replace(/(?:\/.*|\.ts)$/, '');
    return rooms.findIndex((names) => names.includes(room));
  }

  test('every file is in a room whose place is known', () => {
    expect(modules.filter((file) => findFloor(file) === -1)).toEqual([]);
  });

  test('imports point to the ground', () => {
    const upward = imports.filter(({ file, target }) => findFloor(target) > findFloor(file));
    expect(upward.map(describeImport)).toEqual([]);
  });

  test('imports form no circle, those of types included', () => {
    expect(modules.map((file) => findCircle(file)).find((circle) => circle !== undefined)).toBeUndefined();
  });

  const finished = new Set<string>();

  function findCircle(file: string, path: readonly string[] = []): string | undefined {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file].join(' → ');
    if (finished.has(file)) return undefined;
    for (const { target } of imports.filter((found) => found.file === file)) {
      const circle = findCircle(target, [...path, file]);
      if (circle !== undefined) return circle;
    }
    finished.add(file);
    return undefined;
  }
});
