// Assertions state what the programmer holds to be true. A failed one is a defect, not an operating
// error: it is never caught and handled, and it stays on in production (src/main.ts ends the process).

export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/** `found`: is told with the message. On hot paths it stands in the place of a template, which would be filled in at every call. */
export function assert(condition: boolean, message: string, found?: number | string): asserts condition {
  if (!condition) throw new AssertionError(found === undefined ? message : `${message}: ${found}`)
}

/** Narrows away `undefined` where the caller knows better than the type; a defect where it does not. */
export function defined<T>(value: T | undefined, message: string): T {
  if (value === undefined) throw new AssertionError(message)
  return value
}

/** The rejection handler of a promise that never rejects. */
export function unreachableRejection(reason: unknown): never {
  throw new AssertionError(`a promise that never rejects has rejected: ${String(reason)}`)
}
