import { isJsonMediaType, readMediaType } from '../http/media-type.ts';
import { type JsonObject, parseJsonObject } from '../json.ts';

/** Larger documents are not read to their end. */
const maxBytes = 256 * 1024;

/**
 * Why a document could not be had: nothing usable answered; what answered was not the document; or the document does not
 * say what was wanted of it.
 */
export class FetchFault extends Error {
  readonly kind: 'unavailable' | 'invalid' | 'absent';
  constructor(kind: FetchFault['kind'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FetchFault';
    this.kind = kind;
  }
}

/** Fetches one document. @throws FetchFault */
export type FetchJson = (url: string) => Promise<JsonObject>;

export interface JsonFetcher {
  /**
   * Runs a task that fetches documents: all of it together within the timeout.
   *
   * @throws FetchFault
   */
  run<Result>(task: (fetchJson: FetchJson) => Promise<Result>): Promise<Result>;
  /** Ends what is under way, and refuses what comes later. */
  close(): void;
}

/**
 * Fetches JSON objects from an authorization server: GET, 200 only, a JSON media type, not compressed, no redirects, no
 * cookies, at most 256 KiB. Nothing under way keeps the process alive by its timer.
 */
export function createJsonFetcher(options: {
  readonly fetch: typeof globalThis.fetch;
  readonly timeoutSeconds: number;
}): JsonFetcher {
  const underWay = new Set<AbortController>();
  let isClosed = false;

  return {
    async run(task) {
      if (isClosed) throw new FetchFault('unavailable', 'closed');
      const controller = new AbortController();
      const { signal } = controller;
      const timer = setTimeout(() => controller.abort(), options.timeoutSeconds * 1000).unref();
      underWay.add(controller);
      try {
        // A `fetch` of the user's may not care about the signal.
        return await Promise.race([task((url) => fetchJson(options.fetch, url, signal)), rejectOnAbort(signal)]);
      } finally {
        clearTimeout(timer);
        underWay.delete(controller);
        // Lets go of bodies that were not read to their end.
        controller.abort();
      }
    },
    close() {
      isClosed = true;
      for (const controller of underWay) controller.abort();
    },
  };
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new FetchFault('unavailable', 'no complete answer in time')));
  });
  // It is aborted in the end in any case, when nobody waits any more.
  aborted.catch(() => undefined);
  return aborted;
}

async function fetchJson(fetch: typeof globalThis.fetch, url: string, signal: AbortSignal): Promise<JsonObject> {
  try {
    return await readDocument(fetch, url, signal);
  } catch (error) {
    if (error instanceof FetchFault) throw error;
    throw new FetchFault('unavailable', 'no complete answer', { cause: error });
  }
}

async function readDocument(fetch: typeof globalThis.fetch, url: string, signal: AbortSignal): Promise<JsonObject> {
  const response = await fetch(url, {
    headers: {
      accept: 'application/json, application/jwk-set+json;q=0.9',
      // What is packed can be small on the wire and without end behind it.
      'accept-encoding': 'identity',
    },
    redirect: 'manual',
    credentials: 'omit',
    signal,
  });
  return readJson(response);
}

async function readJson(response: Response): Promise<JsonObject> {
  if (response.status !== 200) throw new FetchFault('unavailable', `status ${response.status}`);
  if ((response.headers.get('content-encoding') ?? 'identity') !== 'identity') {
    throw new FetchFault('invalid', 'a content coding that was not asked for');
  }
  if (!isJsonMediaType(readMediaType(response.headers.get('content-type')))) {
    throw new FetchFault('invalid', 'not a JSON media type');
  }
  const document = parseJsonObject(await readBytes(response));
  if (document === undefined) throw new FetchFault('invalid', 'not a JSON object');
  return document;
}

async function readBytes(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new FetchFault('invalid', `more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
