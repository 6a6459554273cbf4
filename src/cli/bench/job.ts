// What the bench program and its client processes say to each other.

import type { Target } from './requests.ts'

/** `first-download` reads each file once; `download` reads what was read before, again and again. */
export type Operation = 'upload' | 'first-download' | 'download' | 'range' | 'list' | 'delete'

export interface Job {
  readonly target: Target
  readonly operation: Operation
  readonly sizeBytes: number
  /** Connections of this client process, each with one request under way. */
  readonly clients: number
  /** The series of files is `prefix` and nine digits; each client process has its own. */
  readonly prefix: string
  /** Uploads write files from here on; all others use the files from `firstFile` up to, not including, `endFile`. */
  readonly firstFile: number
  readonly endFile: number
  /** No request begins later than this; those that have begun are waited for and counted. */
  readonly secondsMax: number
  readonly operationsMax: number
  /** Of a range read. */
  readonly rangeBytes: number
  /** Of a listing: every name below it, by pages of `listLimit`. */
  readonly listPrefix: string
  readonly listLimit: number
}

export interface Outcome {
  readonly operations: number
  /** Of bodies, either way. */
  readonly bytes: number
  /** Of listings. */
  readonly names: number
  readonly seconds: number
  readonly failures: number
  readonly firstFailure: string | undefined
  readonly latencies: readonly (readonly number[])[]
}

export interface Progress {
  readonly operations: number
  readonly bytes: number
}

export type ClientMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'done'; readonly outcome: Outcome }
  | { readonly kind: 'failed'; readonly message: string }
