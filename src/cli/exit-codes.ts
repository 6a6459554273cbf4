// What the process ends with. Scripts rely on these: docs/reference/cli.md lists them, held to this table by a test.

import { errorTable, isErrorCode } from '../base/errors.ts'

export interface ExitCode {
  readonly code: number
  readonly meaning: string
}

export const exitCodes = {
  done: { code: 0, meaning: 'Done.' },
  failed: { code: 1, meaning: 'It failed, for another reason than those below.' },
  usage: { code: 2, meaning: 'The command line or the configuration is wrong; nothing was done.' },
  notFound: { code: 3, meaning: 'There is no such file, bucket, worker, user, key, token, grant or link.' },
  condition: { code: 4, meaning: 'A condition does not hold (`--if-absent`, `--if-version`); nothing was changed.' },
  unavailable: { code: 5, meaning: 'The server cannot be reached, or cannot do it now; a repeat later may succeed.' },
  unfinished: { code: 6, meaning: 'What was waited for did not come about in time (`--wait`, `--wait-healthy`).' },
  damaged: { code: 7, meaning: '`verify` found pieces that are missing, damaged, or could not be read.' },
  refused: { code: 8, meaning: 'The server does not know who asks, or he has no right to it.' },
  interrupted: { code: 130, meaning: 'Interrupted (SIGINT, Ctrl-C).' },
  terminated: { code: 143, meaning: 'Asked to end (SIGTERM).' },
} as const satisfies Readonly<Record<string, ExitCode>>

/** Code of the failure of a wait. */
export const waitTimedOut = 'wait-timed-out'

/** For the code of an error of the server, the client library or the start. */
export function exitCodeOf(errorCode: string): number {
  switch (errorCode) {
    case 'usage':
    case 'config-invalid':
    case 'option-invalid':
      return exitCodes.usage.code
    case 'file-not-found':
    case 'bucket-not-found':
    case 'worker-not-found':
    case 'user-not-found':
    case 'access-key-not-found':
    case 'encryption-key-not-found':
    case 'token-not-found':
    case 'grant-not-found':
    case 'share-link-not-found':
      return exitCodes.notFound.code
    case 'precondition-failed':
      return exitCodes.condition.code
    case 'credentials-required':
    case 'credentials-invalid':
    case 'access-denied':
      return exitCodes.refused.code
    case waitTimedOut:
      return exitCodes.unfinished.code
    case 'network-failed':
    case 'timed-out':
      return exitCodes.unavailable.code
    default:
      return isPassing(errorCode) ? exitCodes.unavailable.code : exitCodes.failed.code
  }
}

function isPassing(errorCode: string): boolean {
  if (!isErrorCode(errorCode)) return /^http-(429|502|503|504)$/.test(errorCode)
  return errorTable[errorCode].status === 503
}
