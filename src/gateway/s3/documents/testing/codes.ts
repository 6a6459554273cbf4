// What came of reading a document, in a word.

import { S3Error } from '../../s3-error.ts'
import type { S3Document } from '../shape/document.ts'

/** The code of the S3Error, or `ok`. */
export function codeOf(action: () => unknown): string {
  try {
    action()
    return 'ok'
  } catch (error) {
    if (error instanceof S3Error) return error.code
    throw error
  }
}

/** What comes of the document with this text in its root. */
export function verdictOn(document: S3Document<unknown>, root: string): (inner: string) => string {
  return (inner) => codeOf(() => document.parse(Buffer.from(`<${root}>${inner}</${root}>`)))
}
