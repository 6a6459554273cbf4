// What holds for every part of the metadata interface, and the few words that several parts share.
//
// Commands are plain data (strings, numbers, booleans, byte arrays, arrays and objects of those), never
// functions or class instances: a process that does not commit sends them as messages to the one that does.
//
// Every mutation resolves only when it is durable, and is then seen by every read that begins afterwards, in any
// process. It is atomic, appends one change record in its own transaction when it changed anything, and may fail with
// - `outcome-unknown`: it happened or not, and the connection to whoever decides it broke. **Repeat the same command until
//   it answers**: each command says how a repeat recognises what happened already. No mutation happens twice.
// - `metadata-unavailable`: it did not happen and will not.
// A command handed over may still be decided after its caller gave it up, but never once the horizon has passed its id.
//
// Nothing is kept of a command or its buffers once the promise settles; rows handed out belong to the caller and are
// not to be changed. Text that is not well-formed UTF-16 (lone surrogates) is refused by assertion.

import type { DataId } from '../../base/ids.ts'
import type { GroupId } from '../../base/ids.ts'

/**
 * Names one command that inserts no data row (delete, copy, tag). Made like a data id, by the same id clock of the process, which
 * holds its published time until the command is settled, as an upload does. Stored by the command's transaction
 * until the horizon has passed it; a command below the horizon is refused with `upload-expired`.
 */
export type CommandId = DataId

/**
 * Milliseconds on the id clock. An id is *below* a horizon when its time is smaller. Commits and commands with an id below
 * the horizon are refused, so of those nothing is under way any more.
 */
export type HorizonMs = number

/** One run of blocks. */
export interface DataRef {
  readonly group: GroupId
  readonly dataId: DataId
}

/**
 * Lets a command through only while this fencing token of the lease is the newest.
 * @throws FrostError `precondition-failed` when another holder has taken the lease since.
 */
export interface Fence {
  readonly lease: string
  readonly token: number
}

/** One page of a list in a fixed order. `limit` is 1 to `pageLimitMax`. */
export const pageLimitMax = 1_000

/** Longest key of a file, in bytes of UTF-8. The caller validates names; the store asserts. */
export const keyBytesMax = 1_024
/** Longest bucket name, in bytes. */
export const bucketBytesMax = 63
