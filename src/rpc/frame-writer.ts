// Writes frames to a connection. Heads and small bodies are copied into output memory that is used again; large bodies go
// as they are, with what stands before them, in one write at once. Everything else is corked until the end of the
// event-loop turn, so that all small frames of a turn are one system call here and one read there.
//
// Who asks when to stop: `queuedBytes` counts what the kernel has not taken yet. The writer itself refuses nothing; the
// number of frames is bounded by the limits of requests in flight on both sides, and a peer that takes nothing for too long
// is ended by its owner, who watches `progress`.

import { KIB } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'
import type { Compute } from '../ports/compute.ts'
import type { Connection } from '../ports/network.ts'
import { largeBodyBytesMin } from './body-pool.ts'
import { headBytes, headBytesMax, writeHead } from './frame.ts'
import type { FrameFields } from './frame.ts'

/** Bodies up to this length are copied behind their head: cheaper than one more part of a `writev`, and soon free again. */
const copiedBodyBytesMax = 16 * KIB
const outputBytes = 64 * KIB
/** Memory for output that is kept when idle. */
const keptOutputsMax = 4
/** Corked frames are sent before the end of the turn once there is so much. */
const corkedBytesMax = 512 * KIB

interface Output {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** Written up to here; corked from `corkedFrom`. */
  end: number
  corkedFrom: number
  /** Writes that refer to it: under way, and the next one. */
  writes: number
}

export class FrameWriter {
  readonly #connection: Connection
  readonly #clock: Clock
  readonly #compute: Compute
  readonly #onProgress: () => void
  readonly #kept: Output[] = []
  #output: Output = createOutput()
  /** What the next write takes along, in order; the part of `#output` that is not in it yet comes last. */
  #parts: Uint8Array[] = []
  /** The outputs that `#parts` refers to. */
  #used: Output[] = []
  #sent: (() => void)[] = []
  #corkedBytes = 0
  #isCorked = false
  #progress = 0
  readonly #endOfTurn = (): void => {
    this.#isCorked = false
    this.flush()
  }

  /** `onProgress` is called after the kernel has taken something. */
  constructor(options: {
    readonly connection: Connection
    readonly clock: Clock
    readonly compute: Compute
    readonly onProgress: () => void
  }) {
    this.#connection = options.connection
    this.#clock = options.clock
    this.#compute = options.compute
    this.#onProgress = options.onProgress
  }

  /** Bytes that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.#connection.queuedBytes + this.#corkedBytes
  }

  /** Counts the writes that the kernel took. */
  get progress(): number {
    return this.#progress
  }

  /** `sent` is called once, when `body` is not referenced any more: at once, later, or when the connection broke. */
  frame(fields: FrameFields, body?: readonly Uint8Array[], sent?: () => void): void {
    const bodyLength = lengthOf(body)
    const isCopied = bodyLength <= copiedBodyBytesMax
    const output = this.#room(headBytes(fields) + (isCopied ? bodyLength : 0))
    writeHead(output, output.end, fields, { body, bodyLength, compute: this.#compute })
    const start = output.end
    output.end += headBytes(fields)
    if (isCopied) {
      copyTo(output, body)
      sent?.()
    }
    this.#corkedBytes += output.end - start
    if (!isCopied && body !== undefined) this.#refer(body, bodyLength, sent)
    if (bodyLength >= largeBodyBytesMin || this.#corkedBytes >= corkedBytesMax) this.flush()
    else this.#cork()
  }

  /** Sends what is corked. */
  flush(): void {
    this.#seal()
    if (this.#parts.length === 0) return
    const parts = this.#parts
    const used = this.#used
    const sent = this.#sent
    this.#parts = []
    this.#used = []
    this.#sent = []
    this.#corkedBytes = 0
    this.#connection.write(parts, () => this.#written(used, sent))
  }

  #cork(): void {
    if (this.#isCorked) return
    this.#isCorked = true
    this.#clock.endOfTurn(this.#endOfTurn)
  }

  /** The body goes as it is. */
  #refer(body: readonly Uint8Array[], bodyLength: number, sent: (() => void) | undefined): void {
    this.#seal()
    for (const part of body) if (part.length > 0) this.#parts.push(part)
    if (sent !== undefined) this.#sent.push(sent)
    this.#corkedBytes += bodyLength
  }

  #written(used: readonly Output[], sent: readonly (() => void)[]): void {
    this.#progress++
    for (const output of used) {
      output.writes--
      if (output.writes > 0) continue
      if (output !== this.#output) {
        if (this.#kept.length < keptOutputsMax) this.#kept.push(output)
      } else if (output.corkedFrom === output.end) {
        output.corkedFrom = output.end = 0
      }
    }
    for (const each of sent) each()
    this.#onProgress()
  }

  /** Output memory with room for `byteCount`, which one always has when it is empty. */
  #room(byteCount: number): Output {
    const output = this.#output
    if (output.end + byteCount <= outputBytes) return output
    this.#seal()
    const next = output.writes === 0 ? output : (this.#kept.pop() ?? createOutput())
    next.corkedFrom = next.end = 0
    this.#output = next
    return next
  }

  /** What stands in the output memory becomes a part of the next write. */
  #seal(): void {
    const output = this.#output
    if (output.corkedFrom === output.end) return
    this.#parts.push(output.bytes.subarray(output.corkedFrom, output.end))
    output.corkedFrom = output.end
    if (this.#used.at(-1) === output) return
    this.#used.push(output)
    output.writes++
  }
}

function createOutput(): Output {
  const bytes = new Uint8Array(Math.max(outputBytes, headBytesMax + copiedBodyBytesMax))
  return { bytes, view: new DataView(bytes.buffer), end: 0, corkedFrom: 0, writes: 0 }
}

function copyTo(output: Output, body: readonly Uint8Array[] | undefined): void {
  if (body === undefined) return
  for (const part of body) {
    output.bytes.set(part, output.end)
    output.end += part.length
  }
}

/** All parts together. */
export function lengthOf(body: readonly Uint8Array[] | undefined): number {
  if (body === undefined) return 0
  let length = 0
  for (const part of body) length += part.length
  return length
}
