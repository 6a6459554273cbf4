// What the driver's errors mean, by the labels and codes of the drivers' specifications (transactions, retryable writes). By their
// shape, so that the driver is loaded only where it is used.

interface ServerError extends Error {
  readonly code?: unknown
  hasErrorLabel(label: string): boolean
}

/** The server is going away, or is no longer the primary: no conflict, although some carry the label of one. */
const stateChanges: ReadonlySet<unknown> = new Set([
  91, // ShutdownInProgress
  189, // PrimarySteppedDown
  262, // ExceededTimeLimit
  10_107, // NotWritablePrimary
  11_600, // InterruptedAtShutdown
  11_602, // InterruptedDueToReplStateChange
  13_435, // NotPrimaryNoSecondaryOk
  13_436, // NotPrimaryOrSecondary
])

/** A step of a transaction failed because of other transactions, and the transaction has ended. */
export function isConflict(error: unknown): boolean {
  return hasLabel(error, 'TransientTransactionError') && isFromServer(error) && !stateChanges.has(error.code)
}

/** The answer to `commitTransaction` says nothing: it is to be sent again. */
export function isUnknownCommit(error: unknown): boolean {
  return hasLabel(error, 'UnknownTransactionCommitResult')
}

/** A collection that was to be made is there. */
export function isThereAlready(error: unknown): boolean {
  return isFromServer(error) && error.code === 48
}

function hasLabel(error: unknown, label: string): boolean {
  return isServerError(error) && error.hasErrorLabel(label)
}

function isFromServer(error: unknown): error is ServerError {
  return isServerError(error) && typeof error.code === 'number'
}

function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'hasErrorLabel' in error && typeof error.hasErrorLabel === 'function'
}
