// The form of errors of the faces whose clients are programs of our own and people: problem documents.

import { errorCode } from '../../base/errors.ts'
import type { FaceAnswers } from './face-answers.ts'
import { describeProblem } from './problem.ts'

/** Every answer: browsers neither guess its type nor let other sites read it. */
export const commonHeaders: readonly string[] = [
  ['X-Content-Type-Options', 'nosniff'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Cache-Control', 'no-store'],
].flat()

export const problemAnswers: FaceAnswers = {
  describe: (error, { requestId }) => {
    const problem = describeProblem(error, requestId)
    return { ...problem, headers: [...problem.headers, ...commonHeaders] }
  },
  codeOf: errorCode,
  name: (headers, requestId) => {
    headers.push('X-Request-Id', requestId)
  },
}
