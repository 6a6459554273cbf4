import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { FakeRest } from '../../../src/sdk/testing/fake-rest.ts'
import { makeDirectory } from './run-frostbyte.ts'

function example(name: string): string {
  return fileURLToPath(new URL(`../../../examples/${name}.ts`, import.meta.url))
}

describe('the examples', () => {
  test('of one file do what they say', async () => {
    await using server = await FakeRest.start()
    const { stdout } = await promisify(execFile)(process.execPath, [example('upload-and-download'), server.url])
    assert.match(stdout, /^whole: It snows on the mountains/m)
    assert.match(stdout, /^bytes 3 to 7: snows$/m)
    assert.match(stdout, /^deleted$/m)
  })

  test('of a copy leave the same bytes', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    const path = join(directory.path, 'a')
    await writeFile(path, new Uint8Array(500_000).fill(7))
    await promisify(execFile)(process.execPath, [example('copy-with-progress'), path, server.url])
    assert.ok((await readFile(`${path}.copy`)).equals(await readFile(path)))
  })
})
