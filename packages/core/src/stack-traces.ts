/**
 * Lets errors be made without a list of calls until `resumeStackTraces`, whatever made them: to collect and to write one takes
 * longer than all else that a refusal needs, and strangers cause refusals as often as they like. Between the two there is
 * neither code of others nor anything that waits. Where `Error.stackTraceLimit` cannot be set, nothing changes.
 *
 * @returns what to hand to `resumeStackTraces`
 */
export function suspendStackTraces(): number | undefined {
  const limit: unknown = Error.stackTraceLimit;
  // Without a number there, V8 makes no stack at all, not even one with the message.
  if (typeof limit !== 'number') return undefined;
  try {
    Error.stackTraceLimit = 0;
    return limit;
  } catch {
    return undefined;
  }
}

export function resumeStackTraces(limit: number | undefined): void {
  if (limit !== undefined) Error.stackTraceLimit = limit;
}
