// A file system of a given size for tests of a full disk: ext4 in an image file, mounted over a loop device, where this user may do
// that (root, with mkfs.ext4).

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export class SmallFileSystem {
  readonly directory: string
  readonly #parent: string

  private constructor(parent: string, directory: string) {
    this.#parent = parent
    this.directory = directory
  }

  /** `undefined`: not possible here, and why is printed. */
  static async make(bytes: number): Promise<SmallFileSystem | undefined> {
    const parent = await mkdtemp(join(tmpdir(), 'frostbyte-mount-'))
    const directory = join(parent, 'mount')
    const image = join(parent, 'image')
    try {
      await mkdir(directory)
      const file = await open(image, 'w')
      await file.truncate(bytes)
      await file.close()
      // No blocks kept for root: as root, the test would not meet the limit.
      await run('mkfs.ext4', ['-q', '-m', '0', image])
      await run('mount', ['-o', 'loop', image, directory])
      return new SmallFileSystem(parent, directory)
    } catch (error) {
      console.log(`No file system of its own can be mounted: ${error instanceof Error ? error.message : String(error)}`)
      await rm(parent, { recursive: true, force: true })
      return undefined
    }
  }

  /** Nobody may use it any more. */
  async remove(): Promise<void> {
    await run('umount', [this.directory])
    await rm(this.#parent, { recursive: true, force: true })
  }
}
