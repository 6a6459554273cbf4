import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { MemoryKeyValue, MemoryMap } from '../../sim/ports/key-value.ts'
import { metadataStoreConformance } from '../../test/conformance/metadata-store.ts'
import { rejectsWith, Scene } from '../../test/conformance/metadata/scene.ts'
import { FrostError } from '../base/errors.ts'
import { ForwardingRunner, answerCommand } from './forwarding.ts'
import type { CommandChannel } from './forwarding.ts'
import { KeyValueMetadata, LocalRunner } from './key-value-metadata.ts'

type Send = CommandChannel['send']

/** Two processes on one map: the first commits, the second sends. */
async function createPair(
  around: (send: Send) => Send = (send) => send,
): Promise<[KeyValueMetadata, KeyValueMetadata]> {
  const map = new MemoryMap()
  const committing = new MemoryKeyValue({ map })
  await committing.claim()
  const local = new LocalRunner(committing)
  const send = around((message) => answerCommand(local, message))
  const channel: CommandChannel = { send, close: () => Promise.resolve() }
  return [
    new KeyValueMetadata(committing, local),
    new KeyValueMetadata(new MemoryKeyValue({ map }), new ForwardingRunner(channel)),
  ]
}

metadataStoreConformance('KeyValueMetadata that forwards', async () => {
  const [, store] = await createPair()
  return { store, cleanUp: () => store.close() }
})

describe('Forwarding', () => {
  test('what one process was acknowledged the other reads at once', async () => {
    const [committer, store] = await createPair()
    const scene = new Scene(store)
    await scene.open()
    const { row } = await scene.put('file')
    assert.deepEqual(await committer.getHead('default', 'file'), row)
    await new Scene(committer).remove('file')
    assert.equal(await store.getHead('default', 'file'), undefined)
  })

  test('a lost answer is an unknown outcome, and a repeat finds what happened', async () => {
    let lost = false
    const [, store] = await createPair((send) => async (message) => {
      const answer = await send(message)
      if (lost) throw new FrostError('peer-unreachable', 'broken')
      return answer
    })
    const scene = new Scene(store)
    await scene.open()
    const command = scene.upload('file', { condition: { kind: 'if-absent' } })
    lost = true
    await rejectsWith('outcome-unknown', store.commitVersion(command))
    lost = false
    const { row } = await store.commitVersion(command)
    assert.deepEqual(await store.getHead('default', 'file'), row)
    assert.equal(row.sequence, 1)
  })

  test('a message that was certainly not sent is no unknown outcome', async () => {
    const [, store] = await createPair(
      () => () => Promise.reject(new FrostError('metadata-unavailable', 'no committer')),
    )
    await rejectsWith('metadata-unavailable', store.createBucket({ name: 'b', createdMs: 1 }))
  })

  test('errors keep their code, message and remedy', async () => {
    const [, store] = await createPair()
    const scene = new Scene(store)
    await scene.open()
    await assert.rejects(store.deleteBucket({ name: 'none' }), {
      code: 'bucket-not-found',
      message: 'There is no bucket none.',
    })
  })

  test('rubbish, another version and an unknown command are answered with an error', async () => {
    const keyValue = new MemoryKeyValue({ map: new MemoryMap() })
    const runner = new LocalRunner(keyValue)
    for (const message of [[], [2], [1], [1, 7, 255], [1, 5, 1, 97]]) {
      const answer = await answerCommand(runner, Uint8Array.from(message))
      assert.equal(new TextDecoder().decode(answer).includes('failed'), true)
    }
  })

  test('a command that lacks a field is refused before anything decides it', async () => {
    const [, store] = await createPair(
      (send) => (message) =>
        send(Buffer.from(Buffer.from(message).toString('latin1').replace('createdMs', 'createdBy'), 'latin1')),
    )
    await rejectsWith('version-unsupported', store.createBucket({ name: 'b', createdMs: 1 }))
    assert.equal(await store.getBucket('b'), undefined)
  })

  test('a process that takes over the committing changes its runner, and goes on', async () => {
    const map = new MemoryMap()
    const first = new MemoryKeyValue({ map })
    await first.claim()
    const second = new MemoryKeyValue({ map })
    const local = new LocalRunner(first)
    const channel = { send: (message: Uint8Array) => answerCommand(local, message), close: () => Promise.resolve() }
    const store = new KeyValueMetadata(second, new ForwardingRunner(channel))
    const scene = new Scene(store)
    await scene.open()
    await scene.put('one')
    await second.claim()
    await rejectsWith('metadata-unavailable', scene.put('two'))
    store.setRunner(new LocalRunner(second))
    await scene.put('two')
    assert.deepEqual(await scene.names(), ['one', 'two'])
  })
})
