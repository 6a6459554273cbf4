// What a result says of where it was measured. No host name and no path: results are published.

import { execFileSync } from 'node:child_process'
import { statfsSync } from 'node:fs'
import { arch, availableParallelism, cpus, release, totalmem, type } from 'node:os'

import { GIB } from '../../base/units.ts'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGib: number
  readonly kernel: string
  readonly fileSystem: string
  readonly nodeVersion: string
}

/** Magic numbers of statfs(2). */
const fileSystems: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x01021994, 'tmpfs'],
  [0x2fc12fc1, 'zfs'],
  [0x794c7630, 'overlayfs'],
])

export function describeMachine(folder: string): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round((totalmem() / GIB) * 10) / 10,
    kernel: `${type()} ${release()} ${arch()}`,
    fileSystem: fileSystemOf(folder),
    nodeVersion: process.version,
  }
}

/** On tmpfs a sync costs nothing, so such a result says nothing of durable writes. */
function fileSystemOf(folder: string): string {
  const magic = statfsSync(folder).type
  return fileSystems.get(magic) ?? `0x${magic.toString(16)}`
}

/** The commit of the working directory, with a mark where files differ from it; `unknown` outside a repository. */
export function describeCommit(): string {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const dirty = git('status', '--porcelain', '--untracked-files=no').trim() !== ''
    return git('rev-parse', '--short=12', 'HEAD').trim() + (dirty ? ' and changes' : '')
  } catch {
    return 'unknown'
  }
}
