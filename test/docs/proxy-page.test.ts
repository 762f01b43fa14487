import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readText, root } from '../repository.ts';

const page = readText('docs/behind-a-proxy.md');

/** The blocks of code in one language, below one heading. */
function blocksOf(heading: string, language: string): readonly string[] {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const [own = ''] = section.split('\n## ');
  return own
    .split(`\`\`\`${language}\n`)
    .slice(1)
    .map((rest) => rest.slice(0, rest.indexOf('\n```')));
}

describe('on the page about proxies', () => {
  test.each([
    {
      proxy: 'nginx',
      blocks: blocksOf('nginx', 'nginx'),
      lines: ['proxy_set_header Client-Cert $client_cert;', 'proxy_set_header Client-Cert-Chain "";'],
    },
    {
      proxy: 'Caddy',
      blocks: blocksOf('Caddy', 'caddyfile'),
      lines: ['request_header -Client-Cert\n', 'request_header -Client-Cert-Chain\n'],
    },
    {
      proxy: 'Envoy',
      blocks: blocksOf('Envoy', 'yaml'),
      lines: ['request:headers():remove("client-cert")', 'request:headers():remove("client-cert-chain")'],
    },
    {
      proxy: 'Traefik',
      // The other one ends no TLS.
      blocks: blocksOf('Traefik', 'yaml').filter((block) => !block.includes('passthrough: true')),
      lines: ['Client-Cert: ""', 'Client-Cert-Chain: ""'],
    },
  ])('every configuration of $proxy overwrites the fields that a client may not write [BCP-04 MTL-08]', (expected) => {
    expect(expected.blocks.length).toBeGreaterThan(0);
    for (const block of expected.blocks) {
      for (const line of expected.lines) expect(block).toContain(line);
    }
  });

  test('nginx takes the fields away that others believe, too [BCP-04]', () => {
    for (const block of blocksOf('nginx', 'nginx')) {
      for (const name of ['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto']) {
        expect(block).toMatch(new RegExp(`^ +proxy_set_header ${name} (?:""|\\$\\w+);$`, 'm'));
      }
    }
  });

  test('every link leads somewhere', () => {
    const links = [...page.matchAll(/\]\(([^)#]+)(?:#([^)]+))?\)/g)];
    expect(links.length).toBeGreaterThan(0);
    for (const [link, path = '', anchor] of links) {
      const file = posix.join('docs', path);
      expect([link, existsSync(join(root, file))]).toEqual([link, true]);
      const anchors = [...readText(file).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => slugOf(title));
      if (anchor !== undefined) expect(anchors).toContain(anchor);
    }
  });
});

/** The anchor that GitHub gives a heading. */
function slugOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}
