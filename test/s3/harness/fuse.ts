// Folders that a client mounts through FUSE, where this machine lets a program do so.

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

import { missing, runProgram } from '../../harness/programs.ts'

/** Why nothing can be mounted, or false. Where everything is run, a missing /dev/fuse makes the test fail instead. */
export function withoutFuse(): string | false {
  if (!existsSync('/dev/fuse') && process.env['CI'] === undefined) return '/dev/fuse is not on this machine'
  return missing('fusermount3', ['--version'])
}

export async function isMountPoint(folder: string): Promise<boolean> {
  const mounts = await readFile('/proc/self/mounts', 'utf8')
  return mounts.split('\n').some((line) => line.split(' ')[1] === folder)
}

/** The program that serves the mount ends by itself then. */
export async function unmount(folder: string): Promise<void> {
  if (!(await isMountPoint(folder))) return
  const { status, stderr } = await runProgram('fusermount3', ['-u', folder])
  // A mount that is still used is taken out of the tree at least, so that the folder can be removed.
  if (status !== 0) await runProgram('fusermount3', ['-u', '-z', folder])
  if (await isMountPoint(folder)) throw new Error(`cannot unmount ${folder}: ${stderr}`)
}
