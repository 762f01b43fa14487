import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** What lies between a client and a server. */
export interface Relay {
  readonly options: { readonly host: string; readonly port: number };
  cut(): void;
  mend(): void;
  /** Where connections go that are made from now on. */
  leadTo(port: number): void;
}

/** A way to a server that can be cut. It is gone when the test is over. */
export async function startRelay(to: number): Promise<Relay> {
  let target = to;
  const sockets = new Set<Socket>();
  let isCut = false;
  const relay = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => other.destroy());
      socket.pipe(other);
    }
    if (isCut) near.destroy();
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  onTestFinished(() => {
    cut();
    relay.close();
  });
  const { port } = relay.address() as { port: number };
  return {
    options: { host: '127.0.0.1', port },
    cut,
    mend() {
      isCut = false;
    },
    leadTo(other) {
      target = other;
    },
  };
}
