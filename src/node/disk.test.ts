import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { assertAppendFails, diskConformance } from '../../test/conformance/disk.ts'
import { NodeDisk } from './disk.ts'
import { NodeFaults } from './faults.ts'

async function withDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'frostbyte-disk-'))
  try {
    await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function makeDisk(directory: string, faults = ''): NodeDisk {
  return new NodeDisk({ directory, faults: new NodeFaults(faults) })
}

diskConformance('NodeDisk', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'frostbyte-disk-'))
  return {
    open: () => makeDisk(join(parent, 'not', 'there', 'yet')),
    cleanUp: () => rm(parent, { recursive: true, force: true }),
  }
})

/** A process that locks the directory, forgets all about it, says so, and stays. */
const holder = `
  const { NodeDisk } = await import(process.argv[1])
  const { NodeFaults } = await import(process.argv[2])
  await new NodeDisk({ directory: process.argv[3], faults: new NodeFaults('') }).lock()
  for (let round = 0; round < 5; round++) {
    globalThis.gc()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  process.stdout.write('locked')
  setInterval(() => {}, 1000)
`

describe('NodeDisk', () => {
  test('kill -9 of the process that holds a directory frees it', () =>
    withDirectory(async (directory) => {
      const modules = [import.meta.resolve('./disk.ts'), import.meta.resolve('./faults.ts')]
      const child = spawn(
        process.execPath,
        ['--expose-gc', '--input-type=module', '-e', holder, '--', ...modules, directory],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      )
      const disk = makeDisk(directory)
      try {
        await once(child.stdout, 'data')
        await assert.rejects(disk.lock(), { code: 'directory-locked' })
      } finally {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      await disk.lock()
      await disk.close()
    }))

  test('a file in the place of the directory is refused with a remedy', () =>
    withDirectory(async (directory) => {
      const path = join(directory, 'file')
      await writeFile(path, 'x')
      await assert.rejects(makeDisk(path).lock(), { code: 'directory-foreign', message: /is a file/, remedy: /--data/ })
      await assert.rejects(makeDisk(join(path, 'below')).lock(), { code: 'directory-foreign' })
    }))

  test('a planted full disk fails appends and small files, and reads go on', () =>
    withDirectory(async (directory) => {
      const disk = makeDisk(directory)
      await disk.lock()
      await disk.writeSmall('a', new Uint8Array(5))
      await disk.close()
      const full = makeDisk(directory, 'disk.full')
      await assertAppendFails(await full.create('b'), 'insufficient-storage')
      await assert.rejects(full.writeSmall('a', new Uint8Array(9)), { code: 'insufficient-storage' })
      assert.equal((await full.readSmall('a'))?.length, 5)
    }))

  test('what is written where nothing can be written is a failed disk', () =>
    withDirectory(async (directory) => {
      const disk = makeDisk(directory)
      await disk.writeSmall('a/b', new Uint8Array(1))
      await assert.rejects(disk.create('a'), { code: 'disk-failed' })
      await assert.rejects(disk.readSmall('a'), { code: 'disk-failed' })
    }))
})
