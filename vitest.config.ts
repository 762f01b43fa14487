import { existsSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { defaultServerConditions, type Plugin } from 'vite';
import { configDefaults, defineConfig } from 'vitest/config';
import { adapters } from './test/server/adapters.mjs';

/** Every test that runs against the sources; the same ones run against what is published. */
const include = ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'];
/** Tests that look at sources or at `dist` by themselves, whichever project runs them. */
const repository = ['packaging', 'docs', 'conformance', 'mutation', 'examples', 'server', 'bench'].map(
  (room) => `test/${room}/**/*.test.ts`,
);
/** Those of the contract server that run on each of the frameworks. */
const server = ['adapters', 'answers', 'introspection', 'mcp', 'mtls', 'process', 'redis', 'routes'].map(
  (name) => `test/server/${name}.test.ts`,
);
/** Those that start Redis servers, once: what `dist` does differs from the sources in nothing that they look at. */
const redis = ['test/redis/**/*.test.ts'];
/** Tests of very many generated inputs, run once: what `dist` is compiled from is what they search for defects. */
const property = ['packages/*/src/**/*.property.test.ts', 'test/**/*.property.test.ts'];
const ofSource = { ssr: { resolve: { conditions: ['@gatehouse/source', ...defaultServerConditions] } } };
const exclude = [...configDefaults.exclude, ...repository, ...redis, ...property];

export default defineConfig({
  test: {
    reporters: ['dot'],
    // Two cores: more workers only wait for each other.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    projects: [
      {
        extends: true,
        ...ofSource,
        test: { name: 'source', include, exclude },
      },
      {
        extends: true,
        plugins: [sourceToDist()],
        // nginx is the same in front of both.
        test: { name: 'dist', include, exclude: [...exclude, 'test/proxy/**/*.test.ts'] },
      },
      {
        extends: true,
        ...ofSource,
        test: { name: 'property', include: property, setupFiles: 'test/property-runs.ts' },
      },
      {
        extends: true,
        ...ofSource,
        test: { name: 'redis', include: redis, testTimeout: 60_000 },
      },
      {
        extends: true,
        test: {
          name: 'repository',
          include: repository,
          exclude: [...configDefaults.exclude, ...server],
          testTimeout: 240_000,
        },
      },
      ...Object.keys(adapters).map((ADAPTER) => ({
        extends: true as const,
        test: { name: `server-${ADAPTER}`, include: server, env: { ADAPTER }, testTimeout: 240_000 },
      })),
    ],
  },
});

/** Points the unit tests, which import the file beside them, at the compiled file. */
function sourceToDist(): Plugin {
  return {
    name: 'source-to-dist',
    enforce: 'pre',
    resolveId(id, importer) {
      if (!id.startsWith('.') || !importer?.includes(`${sep}src${sep}`)) return undefined;
      const source = resolve(dirname(importer), id);
      const compiled = source.replace(`${sep}src${sep}`, `${sep}dist${sep}`).replace(/\.ts$/, '.js');
      return !id.endsWith('.ts') || id.endsWith('.test.ts') || !existsSync(compiled) ? undefined : compiled;
    },
  };
}
