// Builds a profile in pprof's format (github.com/google/pprof, proto/profile.proto): stacks of frames with values, every text, function
// and place stored once.

import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

import {
  Function as PprofFunction,
  Label,
  Line,
  Location,
  Mapping,
  Profile,
  Sample,
  StringTable,
  ValueType,
} from 'pprof-format'

import { defined } from '../../base/assert.ts'

export interface Frame {
  readonly name: string
  /** Empty where there is none. */
  readonly file: string
  /** From 1; 0: unknown. */
  readonly startLine: number
}

export interface Place {
  readonly frame: Frame
  /** From 1; 0: unknown. */
  readonly line: number
}

export interface ValueKind {
  readonly type: string
  readonly unit: string
}

export interface ProfileShape {
  /** What each sample's values are. */
  readonly kinds: readonly ValueKind[]
  /** The one that is shown unless another is asked for. */
  readonly shown: string
  readonly period: ValueKind & { readonly value: number }
  readonly startedMs: number
  readonly durationMs: number
  /** Sentences for whoever reads the profile (`go tool pprof -comments`). */
  readonly comments: readonly string[]
}

const compress = promisify(gzip)
/** All code is that of one program; without a mapping pprof takes the profile for one without names. */
const mappingId = 1

export class PprofBuilder {
  readonly #shape: ProfileShape
  readonly #texts = new StringTable()
  readonly #functions = new Map<string, PprofFunction>()
  readonly #locations = new Map<string, Location>()
  readonly #samples: Sample[] = []

  constructor(shape: ProfileShape) {
    this.#shape = shape
  }

  /** `stack`: the innermost place first. `values`: as many as there are kinds. */
  add(stack: readonly Place[], values: readonly number[], labels: Readonly<Record<string, string>> = {}): void {
    const label = Object.entries(labels).map(
      ([key, text]) => new Label({ key: this.#text(key), str: this.#text(text) }),
    )
    const locationId = stack.map((place) => this.#location(place))
    this.#samples.push(new Sample({ locationId, value: [...values], label }))
  }

  async encode(): Promise<Uint8Array> {
    const { kinds, shown, period, startedMs, durationMs, comments } = this.#shape
    const profile = new Profile({
      sampleType: kinds.map((kind) => this.#kind(kind)),
      sample: this.#samples,
      mapping: [
        new Mapping({
          id: mappingId,
          filename: this.#text('frostbyte'),
          hasFunctions: true,
          hasFilenames: true,
          hasLineNumbers: true,
          hasInlineFrames: true,
        }),
      ],
      location: [...this.#locations.values()],
      function: [...this.#functions.values()],
      timeNanos: BigInt(Math.round(startedMs)) * 1_000_000n,
      durationNanos: Math.round(durationMs * 1e6),
      periodType: this.#kind(period),
      period: period.value,
      comment: comments.map((comment) => this.#text(comment)),
      defaultSampleType: this.#text(shown),
      stringTable: this.#texts,
    })
    return await compress(profile.encode())
  }

  #text(text: string): number {
    return this.#texts.dedup(text)
  }

  #kind({ type, unit }: ValueKind): ValueType {
    return new ValueType({ type: this.#text(type), unit: this.#text(unit) })
  }

  #location({ frame, line }: Place): number {
    const functionId = this.#function(frame)
    const key = `${functionId}:${line}`
    const known = this.#locations.get(key)
    if (known !== undefined) return Number(known.id)
    const id = this.#locations.size + 1
    this.#locations.set(key, new Location({ id, mappingId, line: [new Line({ functionId, line })] }))
    return id
  }

  #function({ name, file, startLine }: Frame): number {
    const key = `${file}\0${startLine}\0${name}`
    const known = this.#functions.get(key)
    if (known !== undefined) return Number(known.id)
    const id = this.#functions.size + 1
    const text = this.#text(name)
    this.#functions.set(
      key,
      new PprofFunction({ id, name: text, systemName: text, filename: this.#text(file), startLine }),
    )
    return id
  }
}

/** A tree of calls, as V8 gives both of its profiles. */
export interface CallNode {
  readonly id: number
  readonly callFrame: CallFrame
  readonly children?: readonly CallNode[]
}

export interface CallFrame {
  readonly functionName: string
  readonly url: string
  /** From 0; below it, there is none. */
  readonly lineNumber: number
}

/** The stack of each node below the root, which is none itself. */
export function* stacksOf<Node extends CallNode & { readonly children?: readonly Node[] }>(
  root: Node,
  frameOf: (callFrame: CallFrame) => Frame,
): Generator<{ readonly node: Node; readonly stack: readonly [Place, ...Place[]] }> {
  const open: { readonly node: Node; readonly above: readonly Place[] }[] = []
  for (const child of root.children ?? []) open.push({ node: child, above: [] })
  while (open.length > 0) {
    const { node, above } = defined(open.pop(), 'there is one')
    const frame = frameOf(node.callFrame)
    const stack: readonly [Place, ...Place[]] = [{ frame, line: frame.startLine }, ...above]
    yield { node, stack }
    for (const child of node.children ?? []) open.push({ node: child, above: stack })
  }
}
