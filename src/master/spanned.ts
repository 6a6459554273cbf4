import type { Span } from '../ports/tracing.ts'

/** Ends the span with the promise. */
export function spanned<T>(span: Span | undefined, promise: Promise<T>): Promise<T> {
  if (span === undefined) return promise
  return promise.then(
    (value) => {
      span.end()
      return value
    },
    (error: unknown) => {
      span.end({ error })
      throw error
    },
  )
}
