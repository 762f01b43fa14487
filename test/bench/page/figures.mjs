import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';

/**
 * A row without its rounds.
 *
 * @typedef {Omit<import('../measure.mjs').Row, 'rounds'>} Line
 */

/**
 * @typedef {object} Table
 * @property {string} id
 * @property {string} title
 * @property {keyof typeof import('../table.mjs').columns} kind
 * @property {readonly Line[]} rows
 */

/**
 * Everything that the page, the chart and the README say about a run: `docs/benchmark.json`.
 *
 * @typedef {object} Figures
 * @property {string} date of the run
 * @property {string} command
 * @property {ReturnType<typeof describeMachine>} machine
 * @property {Readonly<Record<string, string>>} versions of every package that is measured
 * @property {readonly Table[]} tables
 * @property {readonly import('../targets.mjs').Result[]} targets
 */

/** What is measured, and what the numbers depend on. */
const packages = [
  'express-oauth2-jwt-bearer',
  'oauth4webapi',
  'jose',
  'express-jwt',
  'jwks-rsa',
  'fast-jwt',
  '@fastify/jwt',
  'aws-jwt-verify',
  '@modelcontextprotocol/sdk',
  'express',
  'fastify',
  'koa',
  'ioredis',
];

/** The versions that are installed, by their own word. @returns {Readonly<Record<string, string>>} */
export function readVersions() {
  const modules = new URL('../../node_modules/', import.meta.url);
  return Object.fromEntries(
    packages.map((name) => {
      const { version } = JSON.parse(readFileSync(new URL(`${name}/package.json`, modules), 'utf8'));
      return [name, version];
    }),
  );
}

export function describeMachine() {
  return {
    node: process.versions.node,
    openssl: process.versions.openssl,
    system: `${process.platform} ${process.arch}`,
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
  };
}

/**
 * What is kept of a run: four digits of each number.
 *
 * @param {Figures} figures
 * @returns {Figures}
 */
export function round(figures) {
  return JSON.parse(JSON.stringify(figures), (name, value) => {
    if (name === 'rounds') return undefined;
    return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
  });
}
