/**
 * One directory on one file system. Names are relative, of `[a-z0-9._-]`, with at most one folder (`large/00000001.seg`).
 * Every failure of the medium is a FrostError: `disk-failed` (EIO and the like), `insufficient-storage` (ENOSPC, EDQUOT).
 */
export interface Disk {
  /**
   * Makes a new, empty, append-only file; refuses a name that exists. The name itself is durable only after `syncDirectory`.
   * `direct`: bypass the page cache where the file system can (`O_DIRECT`); then every append must be a multiple of
   * `alignmentBytes` long; what does not lie in memory from `allocateAligned`, starting and ending aligned, is copied first.
   */
  create(name: string, options?: { readonly direct?: boolean }): Promise<AppendFile>
  /** Opens for reading. `undefined` where there is no such file. */
  open(name: string): Promise<ReadFile | undefined>
  /** Names in `folder` ('' is the directory itself), files only, sorted. A folder that is not there has none. */
  list(folder: string): Promise<readonly string[]>
  /** Names of everything in the directory itself, sorted: files, and folders with a slash behind. The lock's file is left out. */
  contents(): Promise<readonly string[]>
  /** Not durable before `syncDirectory`. No error where there is none. */
  remove(name: string): Promise<void>
  /** Makes creations and removals in `folder` durable. */
  syncDirectory(folder: string): Promise<void>
  /** The whole of a small file (≤ 1 MiB), or `undefined`. */
  readSmall(name: string): Promise<Uint8Array | undefined>
  /** Replaces a small file atomically; durable when it resolves (temporary file, sync, rename, directory sync). */
  writeSmall(name: string, bytes: Uint8Array): Promise<void>
  /** Holds the directory for this process until `close`. @throws FrostError `directory-locked` where another one has it. */
  lock(): Promise<void>
  /** Space of the whole file system, shared with whoever else uses it. `fileSystem`: equal for directories on the same one. */
  space(): Promise<DiskSpace>
  /**
   * For work that needs much of the last free space for a while: one process at a time of this machine gets the claim, as far as that
   * can be told. `undefined`: another one has it. The function gives it back, and can be called twice; so does the process's end.
   */
  claimSpace(): Promise<(() => void) | undefined>
  /** Reserves `bytes` of real space in a file of that name (replacing it); durable. `bytes` 0 gives the space back. */
  reserve(name: string, bytes: number): Promise<void>
  /** Memory that starts on an address divisible by `alignmentBytes`, zeroed, never given back: for pools. */
  allocateAligned(bytes: number): Uint8Array<ArrayBuffer>
  /** Can be called twice; gives up the lock. Files that are still open are the caller's defect. */
  close(): Promise<void>
}

export const alignmentBytes = 4096

export interface DiskSpace {
  readonly totalBytes: number
  readonly freeBytes: number
  readonly fileSystem: string
}

export interface AppendFile {
  readonly name: string
  /** Bytes handed to `append` so far. */
  readonly sizeBytes: number
  /**
   * Writes `buffers` one after the other at the end with one system call where possible, then syncs: **durable when it
   * resolves**. One at a time. The buffers must not change until it settles. After a failure nothing is known of
   * what was written, the file takes no further append, and it is never retried and called success.
   */
  append(buffers: readonly Uint8Array[]): Promise<void>
  /** Can be called twice. */
  close(): Promise<void>
}

export interface ReadFile {
  readonly name: string
  /** The size now; grows while the file is being appended to. */
  sizeBytes(): Promise<number>
  /**
   * Fills `into` from `offset`; resolves to the bytes read, fewer only at the end of the file. Many may run at once.
   * `uncached`: from the medium, not from the page cache (offset, length and memory must then be aligned).
   */
  read(into: Uint8Array, offset: number, options?: { readonly uncached?: boolean }): Promise<number>
  /** Can be called twice. */
  close(): Promise<void>
}
