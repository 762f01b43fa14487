import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import type { TestCertificate } from '@gatehouse/testing';
import { readText } from '../repository.ts';
import { hasNginx } from './install.mjs';

/** Where this is false, the tests are skipped, as `npm test` says at its start. */
export const isNginxHere: boolean = hasNginx(process.env);

/** The names that the configurations on the page serve. */
export type SiteName = 'api.example.com' | 'gateway.example.com';

export interface RunningNginx {
  /** A TLS connection to one of the sites. */
  connect(site: SiteName, options?: ConnectionOptions): Promise<TLSSocket>;
  stop(): Promise<void>;
}

/**
 * Starts nginx with the very configurations of docs/behind-a-proxy.md; only its addresses and file names are others.
 *
 * @param api what stands behind `server` in the `upstream`: `127.0.0.1:port` or `unix:path`
 * @param certificate of the sites
 */
export async function startNginx(api: string, certificate: TestCertificate): Promise<RunningNginx> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-nginx-'));
  const sockets: Readonly<Record<SiteName, string>> = {
    'api.example.com': join(directory, 'api.sock'),
    'gateway.example.com': join(directory, 'gateway.sock'),
  };
  await writeFile(join(directory, 'site.pem'), certificate.cert);
  await writeFile(join(directory, 'site.key'), certificate.key, { mode: 0o600 });
  await writeFile(join(directory, 'nginx.conf'), describe(readSites(api, sockets)));

  // The shell ends nginx as soon as this process is gone, however it ends.
  const script = 'nginx "$@" & cat > /dev/null; kill $! && wait $!';
  const words = ['-p', directory, '-c', 'nginx.conf', '-e', 'stderr'];
  const child = spawn('sh', ['-c', script, 'sh', ...words], { stdio: ['pipe', 'ignore', 'pipe'] });
  const ended = once(child, 'close');
  const log: string[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      log.push(line);
      if (line.includes('[emerg]')) reject(new Error(`nginx does not start:\n${log.join('\n')}`));
      if (line.includes('[notice]')) resolve();
    });
  });

  // The certificate of a test is not for the names of the page.
  const trust = { ca: certificate.cert, checkServerIdentity: () => undefined };
  return {
    async connect(site, options = {}) {
      const socket = connectTls({ path: sockets[site], servername: site, ...trust, ...options });
      await once(socket, 'secureConnect');
      return socket;
    },
    async stop() {
      child.stdin.end();
      await ended;
      await rm(directory, { recursive: true });
    },
  };
}

/** What surrounds the blocks of the page: everything in one directory, and one process that stays in front. */
function describe(sites: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`);
  return `
daemon off;
master_process off;
pid nginx.pid;
error_log stderr notice;
events {}
http {
access_log off;
${temporary.join('\n')}
${sites}
}
`;
}

/** The blocks of the page, with addresses and file names of this machine. */
function readSites(api: string, sockets: Readonly<Record<SiteName, string>>): string {
  const page = readText('docs/behind-a-proxy.md');
  const blocks = Object.entries(sockets).map(([site, socket]) => {
    const [, block] = page.split(`<!-- nginx: ${site} -->\n\`\`\`nginx\n`);
    if (block === undefined) throw new Error(`The page has no nginx for ${site}.`);
    return replaceOnce(block.slice(0, block.indexOf('\n```')), [
      ['listen 443 ssl;', `listen unix:${socket} ssl;`],
      [`/etc/ssl/${site}.pem`, 'site.pem'],
      [`/etc/ssl/private/${site}.key`, 'site.key'],
    ]);
  });
  return replaceOnce(blocks.join('\n'), [['server unix:/run/api/api.sock;', `server ${api};`]]);
}

function replaceOnce(text: string, replacements: readonly (readonly [string, string])[]): string {
  return replacements.reduce((current, [from, to]) => {
    if (current.split(from).length !== 2) throw new Error(`Not there once: ${from}`);
    return current.replace(from, to);
  }, text);
}
