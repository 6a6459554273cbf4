// A hundred slow clients over a memory budget of a few blocks: each holds a half-filled block for long, and yet all of them end, because
// memory is granted in whole blocks, oldest upload first. What the master holds meanwhile stays bounded.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { defined } from '../../src/base/assert.ts'
import { MIB } from '../../src/base/units.ts'
import { FileClient, seededSha256 } from '../harness/file-client.ts'
import { RealCluster } from '../harness/real-cluster.ts'
import { uploadSlowly } from '../harness/slow-upload.ts'

const uploads = 100
/** More than a block of 3,072,000 bytes, so that each needs memory twice. */
const fileBytes = 3_400_000
const bytesPerSecond = 500_000
/** Budget and all: what the process itself needs, the budget, and what the sockets of a hundred clients brought. */
const memoryMaxBytes = 220 * MIB

describe('slow clients', () => {
  let cluster: RealCluster

  before(async () => {
    cluster = await RealCluster.start({ masterArgs: ['--memory', '16MiB'] })
    await cluster.untilWorkersUp(5)
  })

  after(async () => {
    await cluster.remove()
  })

  test('a hundred uploads over 16 MiB of memory all end, with the right bytes', async () => {
    const master = defined(cluster.masters[0], 'master')
    let isDone = false
    let largest = 0
    const watch = (async (): Promise<void> => {
      while (!isDone) {
        largest = Math.max(largest, await master.anonymousBytes())
        await sleep(250)
      }
    })()
    const statuses = await Promise.all(
      Array.from({ length: uploads }, async (_, index) =>
        uploadSlowly({ url: cluster.url, name: `slow-${index}`, seed: index + 1, bytes: fileBytes, bytesPerSecond }),
      ),
    )
    isDone = true
    await watch
    console.log(`largest anonymous memory of the master: ${Math.round(largest / MIB)} MiB`)
    assert.deepEqual(
      statuses.filter((status) => status !== 201),
      [],
    )
    const client = new FileClient(cluster.url)
    for (let index = 0; index < uploads; index++) {
      assert.equal(await client.sha256(`slow-${index}`), seededSha256(index + 1, fileBytes), `slow-${index}`)
    }
    assert.ok(largest < memoryMaxBytes, `${largest} bytes`)
  })
})
