import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** Variables of the contract server. It gets no others, but for `PORT`: 0, a free one. */
export type Environment = Readonly<NodeJS.Dict<string>>;

/** How a process ended. */
export interface Exit {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A contract server that is listening. */
export interface ContractServer extends AsyncDisposable {
  /** Its origin. */
  readonly url: string;
  /** Sends it a signal, by default `SIGTERM`, and waits for its end. */
  stop(signal?: NodeJS.Signals): Promise<Exit>;
}

export interface LaunchOptions {
  /** Default: that of this process. */
  readonly cwd?: string;
}

interface Launched {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly ended: Promise<Exit>;
}

const program = fileURLToPath(new URL('server.mjs', import.meta.url));

/**
 * Starts a contract server in a process of its own and waits until it listens.
 *
 * @throws Error with what it wrote to stderr when it ends instead
 */
export async function startContractServer(environment: Environment, options?: LaunchOptions): Promise<ContractServer> {
  const { child, ended } = launch(environment, options);
  const lines = createInterface(child.stdout);
  const failure = ended.then(({ code, stderr }) => {
    throw new Error(`The contract server ended with code ${code}: ${stderr}`);
  });
  const [line] = (await Promise.race([once(lines, 'line'), failure])) as [string];
  // From now on its end is the business of `stop`.
  failure.catch(() => undefined);

  const stop = (signal?: NodeJS.Signals): Promise<Exit> => {
    child.kill(signal);
    return ended;
  };
  return {
    url: line.replace(/^listening on /, ''),
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

/** Runs a contract server that is expected to end by itself. After ten seconds it is killed. */
export function runContractServer(environment: Environment): Promise<Exit> {
  return launch(environment, { timeout: 10_000 }).ended;
}

function launch(
  environment: Environment,
  { cwd, timeout }: LaunchOptions & { readonly timeout?: number } = {},
): Launched {
  const child = spawn(process.execPath, [program], {
    cwd,
    timeout,
    env: { PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]).then(
    ([[code], stdout, stderr]) => {
      process.off('exit', kill);
      return { code, stdout, stderr };
    },
  );
  return { child, ended };
}
