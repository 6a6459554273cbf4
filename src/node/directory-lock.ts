// One process at a time uses a data directory. What the lock must withstand:
// - kill -9: the kernel drops it with the process, so nothing is ever left behind and no one asks whether a process id is still alive;
// - containers that share a volume but neither process ids nor a network namespace: the lock belongs to the file, not to a
//   name or an id (so no pid file, and no abstract or bound socket);
// - no compiler: it must be reachable without a native module of our own.
//
// Node.js has no flock, but it has SQLite inside, which locks its database file by the kernel's byte-range locks
// (`fcntl`, `LockFileEx` on Windows). `BEGIN EXCLUSIVE` on an empty database takes that lock and writes nothing; it is held
// until `release`, or until the process ends however it ends. SQLite also tells two holders in one process apart, which
// bare fcntl locks do not. Nobody but this file opens `lock`: closing any other descriptor of it would drop the lock.
// On a network file system the lock is as good as that file system's locks (NFS 4: good). docs/adr has the alternatives.

import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'

import { FrostError } from '../base/errors.ts'

export const lockFileName = 'lock'
/** SQLITE_BUSY: another connection holds the lock. */
const busy = 5

/** Held locks. An unreachable database would be closed by the garbage collector, and its lock with it. */
const held = new Set<DatabaseSync>()

export interface DirectoryLock {
  /** Can be called twice. */
  release(): void
}

/** @throws FrostError `directory-locked`, `disk-failed`. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  // Loaded here, not at the top: only who locks a directory pays for it (1.5 MiB).
  const { DatabaseSync: Database } = await import('node:sqlite')
  let database: DatabaseSync | undefined
  try {
    database = new Database(join(directory, lockFileName))
    // No waiting, and no journal file beside it.
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY')
    database.exec('BEGIN EXCLUSIVE')
    return holderOf(database)
  } catch (error) {
    database?.close()
    if (isBusy(error)) {
      throw new FrostError('directory-locked', `Another process uses the data directory ${directory}.`, {
        cause: error,
        remedy: 'Stop that process, or give this one another directory with --data.',
      })
    }
    throw new FrostError('disk-failed', `The data directory ${directory} cannot be locked.`, {
      cause: error,
      remedy: 'Use a local file system, or a network file system with byte-range locks.',
    })
  }
}

function holderOf(database: DatabaseSync): DirectoryLock {
  held.add(database)
  return {
    release: () => {
      held.delete(database)
      if (database.isOpen) database.close()
    },
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === busy
}
