// The trace of a run as one number: every event (what kind, whose, when) and what was mixed in besides (the bytes of messages) changes
// it, so two runs with equal hashes did the same in the same order. Two lanes of 32 bits, each multiplied and turned with every word.

/** `message`: a piece of a stream goes into the network or comes out of it, or a connection ends. `turn`: an end of turn. */
export type EventKind = 'timer' | 'turn' | 'message' | 'disk' | 'commit' | 'client' | 'fault'

const kinds: Readonly<Record<EventKind, number>> = {
  timer: 1,
  turn: 2,
  message: 3,
  disk: 4,
  commit: 5,
  client: 6,
  fault: 7,
}

export interface TracedEvent {
  readonly kind: EventKind
  readonly node: string
  readonly atMs: number
}

const wordsOfTime = new Uint32Array(2)
const timeOfWords = new Float64Array(wordsOfTime.buffer)

export class Trace {
  /** Is told of each event, for people who read. */
  onEvent: ((event: TracedEvent) => void) | undefined
  #left = 0x811c9dc5
  #right = 0x9e3779b9

  event(kind: EventKind, node: { readonly name: string; readonly index: number }, atMs: number): void {
    timeOfWords[0] = atMs
    this.mix(kinds[kind] * 4096 + node.index)
    this.mix(wordsOfTime[0] ?? 0)
    this.mix(wordsOfTime[1] ?? 0)
    this.onEvent?.({ kind, node: node.name, atMs })
  }

  mix(word: number): void {
    const left = Math.imul(this.#left ^ word, 0x01000193)
    this.#left = (left << 5) | (left >>> 27)
    this.#right = Math.imul(this.#right + word, 0x85ebca6b) ^ (this.#left >>> 13)
  }

  /** 16 hex digits. */
  get hash(): string {
    return [this.#left, this.#right].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('')
  }
}
