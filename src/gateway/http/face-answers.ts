// What differs between the faces in how they answer, beside the answers of their calls: the form of an error, and the headers by which an
// answer is named.

/** An error as it goes to a client. */
export interface ErrorAnswer {
  readonly status: number
  /** Flat list of names and values. */
  readonly headers: readonly string[]
  readonly body: string
  /** As the face names the error. */
  readonly code?: string
}

export interface FailedRequest {
  readonly requestId: string
  /** Absent where what arrived never became a request. */
  readonly method?: string | undefined
  /** Raw. */
  readonly path?: string | undefined
}

export interface FaceAnswers {
  /** Total: any value may have been thrown, and nothing of a defect leaks. */
  describe(error: unknown, request: FailedRequest): ErrorAnswer
  /** For the log; `undefined`: it is a defect. */
  codeOf(error: unknown): string | undefined
  /** Adds to the flat headers of an answer, error or not. */
  name(headers: string[], requestId: string): void
}
