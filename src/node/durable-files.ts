// Small text files that appear whole and synced, or not at all.

import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

import { errnoCode, syncFolder } from './disk-files.ts'

/** Temporary file, sync, rename, sync of the directory, which must exist. `mode`: of the file; default for its owner alone. */
export async function writeDurably(path: string, text: string, mode = 0o600): Promise<void> {
  const temporary = `${path}.new`
  try {
    const file = await open(temporary, 'w', mode)
    try {
      // Also where the umask would take something away.
      await file.chmod(mode)
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
  await syncFolder(dirname(path))
}

/** `undefined` where there is no such file. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined
    throw error
  }
}
