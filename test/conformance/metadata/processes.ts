// Conformance of processes: published times, ceilings and intents, and the horizon that follows from them. It never goes back and
// never passes an open id, whatever a clock says, whoever expires or registers again. Contract: src/meta/contract/
// process-metadata.ts.

import assert from 'node:assert/strict'
import { describe } from 'node:test'

import { present, processId, sceneTests, startMs } from './scene.ts'
import type { CreateStore } from './scene.ts'

const one = processId(1)
const two = processId(2)

export function processTests(name: string, create: CreateStore): void {
  const sceneTest = sceneTests(create)

  describe(`${name}: processes`, () => {
    sceneTest('a process registers at the highest ceiling ever stored, whatever its clock says', async ({ store }) => {
      const first = await store.registerProcess({ process: one, address: 'a:1', wallMs: startMs })
      assert.deepEqual([first.publishedMs, first.ceilingMs, first.purgeSequence], [startMs, startMs, 0])
      await store.publish({ process: one, publishedMs: startMs, ceilingMs: startMs + 9_000, purgeSequence: 1 })
      await store.expireProcess({ process: one, heartbeat: present((await store.listProcesses())[0]).heartbeat })
      const second = await store.registerProcess({ process: two, address: 'a:2', wallMs: startMs - 60_000 })
      assert.equal(second.publishedMs, startMs + 9_000)
      assert.deepEqual(await store.listProcesses(), [second])
    })

    sceneTest('publishing moves up to the highest ceiling, and never back', async ({ store }) => {
      await store.registerProcess({ process: one, address: 'a:1', wallMs: startMs })
      await store.registerProcess({ process: two, address: 'a:2', wallMs: startMs })
      await store.publish({ process: one, publishedMs: startMs + 10, ceilingMs: startMs + 5_000, purgeSequence: 7 })
      const published = await store.publish({
        process: two,
        publishedMs: startMs,
        ceilingMs: startMs + 1,
        purgeSequence: 0,
      })
      assert.deepEqual(published, { idFloorMs: startMs + 5_000, ceilingMs: startMs + 5_000, horizonMs: startMs })
      await store.publish({ process: one, publishedMs: startMs, ceilingMs: startMs, purgeSequence: 3 })
      const row = present((await store.listProcesses()).find((process) => process.process === one))
      assert.deepEqual([row.publishedMs, row.purgeSequence], [startMs + 10, 7])
    })

    sceneTest('the horizon is the smallest published time, and never goes back', async (scene) => {
      const { store } = scene
      await scene.register(one)
      await scene.register(two)
      await scene.publish(one, startMs + 500)
      assert.ok((await store.horizon()) <= startMs - 10_000)
      await scene.publish(two, startMs + 200)
      assert.equal(await store.horizon(), startMs + 200)
      const late = await store.registerProcess({ process: processId(3), address: 'a:3', wallMs: 0 })
      assert.ok(late.publishedMs >= startMs + 200)
      assert.equal(await store.horizon(), startMs + 200)
    })

    sceneTest('an intent holds the horizon after the published time has passed it', async (scene) => {
      const { store } = scene
      await scene.register(one)
      const refs = [scene.ref(), scene.ref(2)]
      assert.equal(await store.addIntents({ process: one, refs }), 'added')
      await store.addIntents({ process: one, refs })
      assert.equal((await store.listIntents({ limit: 10 })).length, 2)
      await scene.publish(one, startMs + 1_000)
      assert.equal(await store.horizon(), startMs)
      await store.removeIntents({ process: one, refs: refs.slice(0, 1) })
      const rows = await store.listIntents({ limit: 10 })
      assert.deepEqual(rows, [{ process: one, ...refs[1] }])
      assert.deepEqual(await store.listIntents({ after: present(rows[0]), limit: 10 }), [])
      await store.removeIntents({ process: one, refs })
      await scene.publish(one, startMs + 2_000)
      assert.equal(await store.horizon(), startMs + 2_000)
    })

    sceneTest('an expired process loses registration, published time and intents together', async (scene) => {
      const { store } = scene
      await scene.register(one)
      await scene.register(two)
      await store.addIntents({ process: one, refs: [scene.ref()] })
      await store.addIntents({ process: two, refs: [scene.ref(2)] })
      await scene.publish(two, startMs + 3_000)
      const row = present((await store.listProcesses()).find((process) => process.process === one))
      assert.equal(await store.expireProcess({ process: one, heartbeat: row.heartbeat - 1 }), false)
      await store.publish({ process: one, publishedMs: startMs, ceilingMs: startMs, purgeSequence: 0 })
      assert.equal(await store.expireProcess({ process: one, heartbeat: row.heartbeat }), false)
      assert.equal(await store.expireProcess({ process: one, heartbeat: row.heartbeat + 1 }), true)
      assert.equal(await store.expireProcess({ process: one, heartbeat: row.heartbeat + 1 }), true)
      assert.deepEqual(
        (await store.listProcesses()).map((process) => process.process),
        [two],
      )
      assert.equal((await store.listIntents({ limit: 10 })).length, 1)
      assert.equal(
        await store.publish({ process: one, publishedMs: startMs, ceilingMs: startMs, purgeSequence: 0 }),
        'expired',
      )
      assert.equal(await store.addIntents({ process: one, refs: [scene.ref()] }), 'expired')
      await scene.publish(two, startMs + 3_000)
      assert.equal(await store.horizon(), startMs)
    })

    sceneTest('with no process left, the horizon is the highest ceiling', async (scene) => {
      const { store } = scene
      await scene.register(one)
      await scene.publish(one, startMs)
      const [row] = await store.listProcesses()
      await store.expireProcess({ process: one, heartbeat: present(row).heartbeat })
      assert.equal(await store.horizon(), startMs + 1_000)
    })

    sceneTest('a process that registers again has nothing open', async (scene) => {
      const { store } = scene
      await scene.register(one)
      await store.addIntents({ process: one, refs: [scene.ref()] })
      const again = await store.registerProcess({ process: one, address: 'b:1', wallMs: startMs })
      assert.deepEqual(await store.listProcesses(), [again])
      assert.deepEqual(await store.listIntents({ limit: 10 }), [])
    })
  })
}
