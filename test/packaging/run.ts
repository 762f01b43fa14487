import { execFile } from 'node:child_process';

export interface Finished {
  readonly exitCode: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** Without what would silence or colour the output that a test looks at. */
const { NODE_OPTIONS: _options, NODE_NO_WARNINGS: _warnings, FORCE_COLOR: _color, ...inherited } = process.env;

/** Runs a program to its end, whatever that end is. */
export function run(command: string, args: readonly string[], directory: string): Promise<Finished> {
  const options = { cwd: directory, env: { ...inherited, NO_COLOR: '1' }, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : (error.code ?? error.signal), stdout, stderr });
    });
  });
}

/** Runs a program that must succeed, and gives what it wrote to its standard output. */
export async function runSuccessfully(command: string, args: readonly string[], directory: string): Promise<string> {
  const { exitCode, stdout, stderr } = await run(command, args, directory);
  if (exitCode !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${exitCode}:\n${stdout}${stderr}`);
  return stdout;
}
