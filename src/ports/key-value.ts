// The port to an ordered map that several processes share. What it is asked are pure functions of one state of it: looks, and decisions,
// which say what to change.

import type { Steps } from '../base/steps.ts'

/**
 * A string in which each character stands for one byte (code 0 to 255). Keys are such strings, because they compare in byte
 * order, join with `+`, and serve as keys of a `Map`, all at no cost.
 */
export type ByteString = string

export type KeyValueEntry = readonly [key: ByteString, value: Uint8Array]

/** `undefined` removes. */
export type KeyValueChange = readonly [key: ByteString, value: Uint8Array | undefined]

export interface KeyRange {
  /** The first key that may be in it. */
  readonly from: ByteString
  /** The first key beyond it. */
  readonly to: ByteString
  /** At most so many entries, at least 1. */
  readonly limit: number
  /** From the end backwards; the bounds mean the same. */
  readonly reverse?: boolean
  /**
   * How many entries may be asked for in all, range after range up to the same end. A view that has to fetch them may fetch them
   * together; what a range gives is the same. Default: `limit`.
   */
  readonly ahead?: number
}

/** One state of the whole map. Keys and values handed out are copies that the caller owns. */
export interface KeyValueView {
  get(key: ByteString): Uint8Array | undefined
  /** Entries in the order of their keys. */
  range(range: KeyRange): readonly KeyValueEntry[]
  /** The keys of a range as UTF-8 text, without their first `skipBytes` bytes: the cheap half of `range`. */
  texts(range: KeyRange, skipBytes: number): readonly string[]
}

export interface Decided<T> {
  /** Each key at most once. The buffers must not change until the promise of `decide` settles. */
  readonly changes: readonly KeyValueChange[]
  readonly result: T
}

/**
 * Looks at a view and says what to change. It must be pure: it may run at any time until its promise settles, more than once,
 * also on rows that are only guessed (what comes of that is dropped); it neither waits nor keeps the view. What it throws
 * rejects the promise, and nothing of it changes anything. One that takes long is cut into steps: the process does other things in
 * between, but decides nothing else, so that all steps see one state.
 */
export type Decision<T> = (view: KeyValueView) => Decided<T> | Steps<Decided<T>>

/** Looks at a view. As pure as a `Decision`: it may run more than once, also on rows that are only guessed. */
export type Look<T> = (view: KeyValueView) => T

/**
 * The `KeyValue` port: an ordered map from bytes to bytes that several processes share. Keys have 1 to 1,500 bytes and sort as
 * unsigned bytes, shorter first; values have at most `valueBytesMax`.
 */
export interface KeyValue {
  /**
   * Runs a look on one state that holds every change acknowledged before the call, also by another process, and nothing that is
   * not durable.
   * @throws whatever the look throws; FrostError `metadata-unavailable`: closed, or the store cannot be reached; `overloaded`.
   */
  read<T>(look: Look<T>): Promise<T>
  /**
   * Runs a decision on a state that holds every change decided before it. Decisions are ordered as they were called; many
   * share one durable commit. **Settles only when what it saw and what it changed is durable**, a rejection too.
   * @throws whatever the decision throws; FrostError `metadata-unavailable`: not claimed, closed, or the store cannot be reached, and
   * nothing happened; `outcome-unknown`: whether the commit happened could not be found out; `overloaded`: too much waits for
   * the store, and nothing happened.
   */
  decide<T>(decision: Decision<T>): Promise<T>
  /** Why the store cannot be asked now, as a sentence; `undefined`: it can, as far as is known. */
  unreachable(): string | undefined
  /** Waits for the decisions under way. Can be called twice. */
  close(): Promise<void>
}

/** A map that one instance at a time changes: the one that has claimed it. */
export interface ClaimedKeyValue extends KeyValue {
  /**
   * Makes this instance the one that changes the map, until another one claims it: then every `decide` here fails with
   * `metadata-unavailable`, and nothing of it happens. Waits for what the former one has under way.
   */
  claim(): Promise<void>
}

export const keyBytesMax = 1_500
/** MongoDB's documents have at most 16 MiB, key and all. */
export const valueBytesMax = 15 * 1024 * 1024
