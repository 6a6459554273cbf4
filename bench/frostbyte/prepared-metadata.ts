// A data folder of a cluster that has run once and holds a given number of keys. Filling a million takes minutes where copying
// them takes seconds, so the filled folder is kept and copied for each run, until the code that writes it changes.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'

import { Cluster, removeFolder } from './cluster.ts'
import { openMetadata } from './open-metadata.ts'
import { filledKey, SyntheticCommits } from './synthetic-commits.ts'

export interface PrepareOptions {
  /** Where the copy goes; must not exist. */
  readonly folder: string
  readonly keys: number
  /** Where filled folders are kept. */
  readonly cache: string
  readonly onProgress: (text: string) => void
}

const source = join(import.meta.dirname, '../../src')
/** A change of any of these may change what the folder holds; after another one that does, delete the bench folder. */
const writers = ['meta/**/*.ts', 'node/lmdb*.ts']
/** Commits under way while filling: each sync then covers hundreds. */
const concurrency = 1000

export async function prepareMetadata(options: PrepareOptions): Promise<void> {
  const { folder, keys, cache, onProgress } = options
  const prepared = join(cache, `prepared-${keys}-${versionOfWriters()}`)
  if (!existsSync(prepared)) {
    for (const name of readdirSync(cache)) if (name.startsWith('prepared-')) removeFolder(join(cache, name))
    const unfinished = join(cache, `unfinished-${process.pid}`)
    try {
      const cluster = await Cluster.start({ folder: unfinished })
      await cluster.stop()
      await fill(unfinished, keys, onProgress)
      renameSync(unfinished, prepared)
    } finally {
      removeFolder(unfinished)
    }
  }
  onProgress('copying the prepared store')
  mkdirSync(join(folder, '..'), { recursive: true })
  const copy = spawnSync('cp', ['-a', '--reflink=auto', '--sparse=auto', prepared, folder], { encoding: 'utf8' })
  if (copy.status !== 0) throw new Error(`cp failed: ${copy.stderr}`)
}

async function fill(folder: string, keys: number, onProgress: (text: string) => void): Promise<void> {
  const store = await openMetadata(folder)
  try {
    const commits = await SyntheticCommits.open(store)
    // The order is shuffled by a step that shares no factor with any count of keys up to its size: real keys do not come sorted.
    const step = 2_147_483_647
    let next = 0
    const drive = async (): Promise<void> => {
      while (next < keys) {
        const index = next++
        if (index % 5000 === 0) onProgress(`filling ${index} of ${keys} keys`)
        await commits.commit(filledKey(Number((BigInt(index) * BigInt(step)) % BigInt(keys))))
      }
    }
    await Promise.all(Array.from({ length: concurrency }, async () => await drive()))
  } finally {
    await store.close()
  }
}

function versionOfWriters(): string {
  const hash = createHash('sha256')
  for (const path of globSync(writers, { cwd: source }).sort()) {
    if (!path.endsWith('.test.ts')) hash.update(path).update(readFileSync(join(source, path)))
  }
  hash.update(readFileSync(new URL('./synthetic-commits.ts', import.meta.url)))
  return hash.digest('hex').slice(0, 12)
}
