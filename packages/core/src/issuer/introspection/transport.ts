import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { UnavailableError } from '../../errors.ts';
import { readMediaType } from '../../http/media-type.ts';

/** Longer answers are not read to their end. */
const maxBytes = 256 * 1024;

/** How long callers are told to wait after a fault. */
const retryAfterSeconds = 1;

/** What is posted. */
interface FormRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
}

/** What came back. The body is read where its status gives it a meaning: 200 and 400. */
export interface FormAnswer {
  readonly status: number;
  readonly mediaType: string | undefined;
  readonly body: Uint8Array;
}

/** Posts forms to an endpoint of an issuer over connections that stay open. */
export interface FormPoster {
  /** @throws UnavailableError with the code of what went wrong. Its cause names the fault of the network, and nothing else. */
  post(request: FormRequest): Promise<FormAnswer>;
  /** Ends what is under way, and refuses what comes later. */
  close(): void;
}

/** A client certificate and its key, PEM. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

/**
 * By `node:http` and `node:https`, which are four times as fast as `fetch` here. Certificates are verified whatever the
 * environment says, redirects are not followed, an answer may have 256 KiB, and all of it comes within the timeout.
 * Connections that wait for their next request do not keep the process alive.
 */
export function createFormPoster(options: {
  readonly timeoutSeconds: number;
  readonly identity?: TlsIdentity | undefined;
  /** An agent of the user's, which is not closed here. */
  readonly agent?: HttpAgent | undefined;
}): FormPoster {
  const { timeoutSeconds, identity, agent } = options;
  const underWay = new Set<AbortController>();
  const ownAgents = {
    http: new HttpAgent({ keepAlive: true }),
    https: new HttpsAgent({ keepAlive: true }),
  };
  let isClosed = false;

  function open({ url, headers }: FormRequest, length: number, signal: AbortSignal): ClientRequest {
    const isSecure = url.startsWith('https:');
    const settings = {
      method: 'POST',
      agent: agent ?? (isSecure ? ownAgents.https : ownAgents.http),
      headers: {
        ...headers,
        // What is packed can be small on the wire and without end behind it.
        'accept-encoding': 'identity',
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': length,
      },
      signal,
    };
    return isSecure
      ? httpsRequest(url, { ...settings, ...identity, rejectUnauthorized: true })
      : httpRequest(url, settings);
  }

  async function exchange(form: FormRequest, signal: AbortSignal): Promise<FormAnswer> {
    const body = new URLSearchParams(form.parameters).toString();
    for (;;) {
      const request = open(form, Buffer.byteLength(body), signal);
      request.end(body);
      try {
        return await readAnswer(await findAnswer(request, signal));
      } catch (error) {
        // The other side may close a connection in the moment in which it is used again.
        const isStale = request.reusedSocket && !signal.aborted && codeOf(error) === 'ECONNRESET';
        if (!isStale || error instanceof UnavailableError) throw error;
      }
    }
  }

  return {
    async post(form) {
      if (isClosed) throw fault('ERR_INTROSPECTION_UNREACHABLE', 'closed');
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(), timeoutSeconds * 1000);
      underWay.add(controller);
      try {
        return await exchange(form, controller.signal);
      } catch (error) {
        if (isClosed) throw fault('ERR_INTROSPECTION_UNREACHABLE', 'closed');
        if (controller.signal.aborted) throw fault('ERR_INTROSPECTION_TIMEOUT', 'no complete answer in time');
        if (error instanceof UnavailableError) throw error;
        throw fault('ERR_INTROSPECTION_UNREACHABLE', codeOf(error));
      } finally {
        clearTimeout(timer);
        underWay.delete(controller);
      }
    },
    close() {
      isClosed = true;
      for (const controller of underWay) controller.abort();
      ownAgents.http.destroy();
      ownAgents.https.destroy();
    },
  };
}

/**
 * The head of an answer. What happens to the connection after it is told by the answer. A request that was given no
 * connection yet says nothing when it is ended, so that the signal is listened to here.
 */
function findAnswer(request: ClientRequest, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve);
    // An answer that changes the protocol is none that can be read; unless it is taken, Node ends the connection in silence.
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response);
    });
    request.on('error', reject);
    // However else it may end.
    request.on('close', () => reject(new Error('closed')));
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

async function readAnswer(response: IncomingMessage): Promise<FormAnswer> {
  const { statusCode: status = 0, headers } = response;
  const mediaType = readMediaType(headers['content-type']);
  if (status !== 200 && status !== 400) {
    response.destroy();
    return { status, mediaType, body: new Uint8Array() };
  }
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    response.destroy();
    throw fault('ERR_INTROSPECTION_MEDIA_TYPE', 'a content coding that was not asked for');
  }
  return { status, mediaType, body: await readBytes(response) };
}

async function readBytes(response: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size > maxBytes) throw fault('ERR_INTROSPECTION_TOO_LARGE', `more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof UnavailableError) throw error;
    throw fault('ERR_INTROSPECTION_TRUNCATED', codeOf(error));
  }
  return Buffer.concat(chunks);
}

/** The name of an error of Node alone: what else it holds may repeat bytes that the other side sent. */
function codeOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : 'no complete answer';
}

type FaultCode = Extract<UnavailableError['code'], `ERR_INTROSPECTION_${string}`>;

/** That introspection cannot tell, and why, in words of ours. */
export function fault(code: FaultCode, because: string): UnavailableError {
  return new UnavailableError(code, retryAfterSeconds, { cause: new Error(because) });
}
