// Every mutation under lost answers: a caller that repeats until it knows ends with the same rows as one that never lost any.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { MemoryKeyValue, MemoryMap } from '../../sim/ports/key-value.ts'
import type { DecisionFate } from '../../sim/ports/key-value.ts'
import { Scene, processId, startMs } from '../../test/conformance/metadata/scene.ts'
import { errorCode } from '../base/errors.ts'
import { SeededRandom } from '../base/random.ts'
import { KeyValueMetadata, LocalRunner } from './key-value-metadata.ts'
import type { MutationCommand, MutationName, MutationResult, MutationRunner } from './mutations.ts'

/** Repeats what ends unknown. */
class RepeatingRunner implements MutationRunner {
  readonly #local: LocalRunner
  unknownCount = 0

  constructor(local: LocalRunner) {
    this.#local = local
  }

  async run<Name extends MutationName>(name: Name, command: MutationCommand<Name>): Promise<MutationResult<Name>> {
    for (;;) {
      try {
        return await this.#local.run(name, command)
      } catch (error) {
        if (errorCode(error) !== 'outcome-unknown') throw error
        this.unknownCount += 1
      }
    }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

async function uploadParts(scene: Scene, key: string): Promise<unknown> {
  const name = { bucket: 'default', key, upload: scene.versionId() }
  await scene.store.createMultipart({ ...name, createdMs: startMs, template: {} })
  const parts = []
  for (const number of [1, 2, 2]) {
    const ref = scene.ref()
    const part = {
      number,
      id: scene.versionId(),
      modifiedMs: startMs,
      sizeBytes: 1,
      crc32: 0,
      extents: [scene.extent(ref)],
    }
    await scene.store.putPart({ ...name, part, newData: [scene.newData(ref)] })
    parts.push(part)
  }
  const version = scene.version([])
  const command = {
    ...name,
    parts: parts.slice(2),
    version: { ...version, parts: [] },
    newData: [scene.newData(scene.ref())],
  } as const
  return (await scene.store.completeMultipart(command)).row
}

async function run(seed: number, fate: () => DecisionFate): Promise<{ rows: unknown; unknownCount: number }> {
  const keyValue = new MemoryKeyValue({ map: new MemoryMap(), fate })
  await keyValue.claim()
  const runner = new RepeatingRunner(new LocalRunner(keyValue))
  const store = new KeyValueMetadata(keyValue, runner)
  const scene = new Scene(store)
  await scene.open()
  await scene.register(processId(1))
  const random = new SeededRandom(seed)
  const answers: unknown[] = []
  for (let step = 0; step < 60; step++) {
    const key = `file-${random.below(8)}`
    const action = random.below(8)
    if (action === 0) answers.push(await store.deleteKey(scene.deletion(key)))
    else if (action === 4) await scene.setVersioning(random.below(2) === 0 ? 'enabled' : 'suspended')
    else if (action === 5) {
      const { entries } = await store.listVersions({ bucket: 'default', prefix: key, limit: 10 })
      const entry = entries[random.below(entries.length + 1)]
      const version = entry?.isVersioned === true ? entry.version : 'null'
      answers.push(await scene.removeVersion(key, version))
    } else if (action === 6) {
      const change = {
        bucket: 'default',
        key,
        commandId: scene.dataId(),
        wallMs: startMs,
        tags: { step: String(step) },
      }
      answers.push(await store.changeVersion(change).catch(errorCode))
    } else if (action === 7) answers.push(await uploadParts(scene, key))
    else if (action === 1) answers.push(await store.discard({ refs: [scene.ref()], queue: true }))
    else {
      const condition = action === 2 ? ({ condition: { kind: 'if-absent' } } as const) : {}
      const committed = await scene.put(key, condition).catch((error: unknown) => errorCode(error))
      answers.push(typeof committed === 'object' ? committed.row : committed)
    }
  }
  const { entries } = await store.listVersions({ bucket: 'default', limit: 1_000 })
  const rows = { answers, entries, usage: await store.getBucketUsage('default'), queue: await store.purgeQueueLength() }
  return { rows, unknownCount: runner.unknownCount }
}

describe('Unknown outcomes', () => {
  test('a caller that repeats ends with the same answers and rows as one that never lost an answer', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const faults = new SeededRandom(seed * 7)
      const fates: readonly DecisionFate[] = ['commit', 'unknown-committed', 'unknown-not-committed']
      const faulty = await run(seed, () => fates[faults.below(3)] ?? 'commit')
      const clean = await run(seed, () => 'commit')
      assert.ok(faulty.unknownCount > 0)
      assert.deepEqual(faulty.rows, clean.rows)
    }
  })
})
