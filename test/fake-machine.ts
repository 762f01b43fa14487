import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

interface MachineOptions {
  readonly isRoot: boolean;
  /** Shell scripts by the names of the programs that they are. */
  readonly programs: Readonly<Record<string, string>>;
}

/** A machine that has these programs and no others, and whose directory is gone after the test. */
export function createMachine({ isRoot, programs }: MachineOptions) {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-machine-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = (name: string) => join(directory, name);
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(file(name), `#!/bin/sh\n${script}\n`);
    chmodSync(file(name), 0o755);
  }

  const said: string[] = [];
  const machine = {
    // What the scripts need by themselves is behind an absolute path.
    env: { PATH: directory },
    isRoot,
    policyFile: file('policy-rc.d'),
    say: (sentence: string) => void said.push(sentence),
  };
  return {
    machine,
    said,
    file,
    log: () => (existsSync(file('log')) ? readFileSync(file('log'), 'utf8').split('\n') : []),
  };
}

/** An `apt-get` that records how it is called and what the policy is, and installs what it is asked for when it can. */
export function aptGet(installed: string): string {
  return `
here=\${0%/*}
[ "$1" = --version ] && exit 0
if "$here/policy-rc.d"; then policy=start; else policy="no start: $?"; fi
echo "$* ($DEBIAN_FRONTEND, $policy)" >> "$here/log"
case "$*" in
  *install*) ${installed} ;;
  *) exit 100 ;;
esac`;
}

/** What installs a program: a line of its script. */
export function install(name: string, line: string): string {
  return `echo '#!/bin/sh' > "$here/${name}"
    echo '${line}' >> "$here/${name}"
    /bin/chmod +x "$here/${name}"`;
}
