// Conformance of what a store keeps about the cluster: its row and counter, leases with their fences, workers, and closing. The
// faults are those of a second holder: a stale token, another history, numbers that went back. Contracts: src/meta/contract/
// cluster-metadata.ts, lease-metadata.ts and worker-metadata.ts.

import assert from 'node:assert/strict'
import { describe } from 'node:test'

import { DAY_MS } from '../../../src/base/units.ts'
import type { GroupRow } from '../../../src/meta/contract/group-metadata.ts'
import type { LeaseRow } from '../../../src/meta/contract/lease-metadata.ts'
import type { WorkerReport } from '../../../src/meta/contract/worker-metadata.ts'
import { clusterId, processId, present, rejectsWith, sceneTests, startMs, workerId } from './scene.ts'
import type { CreateStore } from './scene.ts'

const history = 'a'.repeat(32)

export function clusterTests(name: string, create: CreateStore): void {
  const sceneTest = sceneTests(create)

  describe(`${name}: cluster row`, () => {
    sceneTest('a cluster is made once, and a second making finds the first', async ({ store }) => {
      const row = present(await store.getCluster())
      assert.equal(row.cluster, clusterId(1))
      assert.equal(row.counter, 0)
      const again = await store.createCluster({ ...row, cluster: clusterId(2), history: 'b'.repeat(32) })
      assert.deepEqual(again, row)
      assert.deepEqual(await store.getCluster(), row)
    })

    sceneTest('the counter goes up under the right history only', async ({ store }) => {
      assert.equal((await store.raiseCounter({ history })).counter, 1)
      assert.equal((await store.raiseCounter({ history })).counter, 2)
      await rejectsWith('precondition-failed', store.raiseCounter({ history: 'b'.repeat(32) }))
      assert.equal((await store.getCluster())?.counter, 2)
    })

    sceneTest('metadata that is behind stays so, and raises its counter no more', async ({ store }) => {
      await store.raiseCounter({ history })
      assert.equal((await store.markBehind({ history, seen: { history, counter: 1 } })).behind, false)
      assert.equal((await store.markBehind({ history, seen: { history, counter: 2 } })).behind, true)
      assert.equal((await store.raiseCounter({ history })).counter, 1)
    })
  })

  describe(`${name}: leases`, () => {
    const leaseName = 'background'

    sceneTest('a free lease is taken by one, and a watched one by who saw it stand still', async ({ store }) => {
      const first = present(await store.takeLease({ name: leaseName, process: processId(1) }))
      assert.equal(await store.takeLease({ name: leaseName, process: processId(2) }), undefined)
      const watched: LeaseRow = present(await store.getLease(leaseName))
      await store.renewLease({ name: leaseName, token: first.token })
      assert.equal(await store.takeLease({ name: leaseName, process: processId(2), watched }), undefined)
      const still = present(await store.getLease(leaseName))
      const second = present(await store.takeLease({ name: leaseName, process: processId(2), watched: still }))
      assert.ok(second.token > first.token)
      assert.equal(await store.renewLease({ name: leaseName, token: first.token }), undefined)
      assert.equal((await store.getLease(leaseName))?.holder, processId(2))
    })

    sceneTest('taking twice by the holder finds its own row', async ({ store }) => {
      const first = await store.takeLease({ name: leaseName, process: processId(1) })
      assert.deepEqual(await store.takeLease({ name: leaseName, process: processId(1) }), first)
    })

    sceneTest('a released lease is free, and its next token is higher', async ({ store }) => {
      const first = present(await store.takeLease({ name: leaseName, process: processId(1) }))
      await store.releaseLease({ name: leaseName, token: first.token })
      await store.releaseLease({ name: leaseName, token: first.token })
      assert.equal((await store.getLease(leaseName))?.holder, undefined)
      const second = present(await store.takeLease({ name: leaseName, process: processId(2) }))
      assert.ok(second.token > first.token)
    })

    sceneTest('a command with the fence of a former holder changes nothing', async ({ store }) => {
      const first = present(await store.takeLease({ name: leaseName, process: processId(1) }))
      const fence = { lease: leaseName, token: first.token }
      await store.raiseCounter({ history, fence })
      await store.takeLease({
        name: leaseName,
        process: processId(2),
        watched: present(await store.getLease(leaseName)),
      })
      await rejectsWith('precondition-failed', store.raiseCounter({ history, fence }))
      assert.equal((await store.getCluster())?.counter, 1)
    })
  })

  describe(`${name}: workers`, () => {
    const report = (more: Partial<WorkerReport> = {}): WorkerReport => ({
      worker: workerId(7),
      address: 'localhost:7001',
      capacityBytes: 1_000,
      usedBytes: 10,
      startCounter: 1,
      lastBatches: [5, 9],
      ...more,
    })

    sceneTest('a worker registers, is listed, and its numbers go up only', async ({ store }) => {
      assert.equal(await store.getWorker(workerId(7)), undefined)
      const row = await store.registerWorker(report())
      assert.equal(row.state, 'in')
      assert.equal(row.wentBack, false)
      const said = report({ usedBytes: 20, lastBatches: [6, 8], zone: 'z', historySeen: { history, counter: 4 } })
      await store.recordWorkers({ reports: [said, report({ worker: workerId(8) })] })
      const rows = await store.listWorkers()
      assert.deepEqual(rows, [{ ...said, lastBatches: [6, 9], state: 'in', wentBack: false }])
    })

    sceneTest('a worker whose numbers went back is remembered as such until it was compared', async ({ store }) => {
      await store.registerWorker(report({ startCounter: 2 }))
      assert.equal((await store.registerWorker(report({ startCounter: 3, lastBatches: [4, 9] }))).wentBack, true)
      assert.equal((await store.registerWorker(report({ startCounter: 4 }))).wentBack, true)
      assert.equal((await store.setWorkerState({ worker: workerId(7), compared: true })).wentBack, false)
      assert.equal((await store.registerWorker(report({ startCounter: 5 }))).wentBack, false)
    })

    sceneTest(
      'a worker that was compared after its return is not taken for one that returned again',
      async ({ store }) => {
        await store.registerWorker(report({ startCounter: 9 }))
        await store.registerWorker(report({ startCounter: 2 }))
        await store.setWorkerState({ worker: workerId(7), compared: true })
        assert.equal((await store.registerWorker(report({ startCounter: 3 }))).wentBack, false)
      },
    )

    sceneTest('what orphan collection takes from a worker is counted, for a day at a time', async ({ store }) => {
      const count = async (bytes: number, wallMs: number): Promise<boolean> =>
        await store.countOrphans({
          workers: [6, 7].map((one) => ({ worker: workerId(one), bytesMax: 100 })),
          bytes,
          wallMs,
        })
      assert.equal(await count(1_000, startMs), true)
      await rejectsWith('precondition-failed', store.allowOrphans({ worker: workerId(7) }))
      await store.registerWorker(report())
      assert.equal(await count(60, startMs), true)
      assert.equal(await count(40, startMs + 1), true)
      assert.equal((await store.allowOrphans({ worker: workerId(7) })).orphans?.allowed, false)
      assert.equal(await count(1, startMs + DAY_MS - 1), false)
      // It is remembered over registrations and reports, and a clock that is set back.
      await store.registerWorker(report({ startCounter: 2 }))
      await store.recordWorkers({ reports: [report()] })
      assert.equal(await count(1, startMs - DAY_MS), false)
      assert.equal((await store.getWorker(workerId(7)))?.orphans?.asks, true)
      assert.equal((await store.allowOrphans({ worker: workerId(7) })).orphans?.asks, false)
      assert.equal(await count(1_000, startMs + 1), true)
      assert.equal(await count(101, startMs + DAY_MS), false)
      assert.equal(await count(100, startMs + DAY_MS), true)
    })

    sceneTest('the state of a worker is decided, and a worker that was out comes in again', async ({ store }) => {
      await rejectsWith('precondition-failed', store.setWorkerState({ worker: workerId(7), state: 'out' }))
      await store.registerWorker(report())
      assert.equal((await store.setWorkerState({ worker: workerId(7), state: 'draining' })).state, 'draining')
      assert.equal((await store.registerWorker(report({ startCounter: 2 }))).state, 'draining')
      await store.setWorkerState({ worker: workerId(7), state: 'in' })
      await store.setWorkerState({ worker: workerId(7), state: 'out' })
      assert.equal((await store.registerWorker(report({ startCounter: 3 }))).state, 'in')
      assert.equal((await store.getWorker(workerId(7)))?.startCounter, 3)
    })

    sceneTest('a worker that went out while it was drained is drained when it is back', async ({ store }) => {
      const worker = workerId(7)
      await store.registerWorker(report())
      for (const comeBack of [
        async () => await store.registerWorker(report({ startCounter: 2 })),
        async () => await store.setWorkerState({ worker, state: 'back' }),
      ]) {
        await store.setWorkerState({ worker, state: 'draining' })
        // Twice, as after a lost answer.
        await store.setWorkerState({ worker, state: 'out' })
        assert.equal((await store.setWorkerState({ worker, state: 'out' })).state, 'out')
        await store.recordWorkers({ reports: [report()] })
        assert.equal((await comeBack()).state, 'draining')
        assert.equal((await store.getWorker(worker))?.drains, undefined)
      }
      await store.setWorkerState({ worker, state: 'out' })
      await store.setWorkerState({ worker, drains: false })
      assert.equal((await store.setWorkerState({ worker, state: 'back' })).state, 'in')
    })

    sceneTest('a worker is forgotten once it holds no slot', async (scene) => {
      const { store } = scene
      await store.removeWorker({ worker: workerId(9) })
      await store.registerWorker(report({ worker: workerId(1), startCounter: 5 }))
      await store.registerWorker(report({ worker: workerId(6) }))
      await rejectsWith('precondition-failed', store.removeWorker({ worker: workerId(1) }))
      const made = present(await store.getGroup(scene.group(1).group))
      const second = present(await store.getGroup(scene.group(2).group))
      const change = async (
        { group, epoch }: Pick<GroupRow, 'group' | 'epoch'>,
        workers: readonly number[],
        pendingWorker?: number,
      ): Promise<GroupRow> => {
        const slots = workers.map((worker) => ({ worker: workerId(worker) }))
        const last = {
          ...present(slots[4]),
          ...(pendingWorker === undefined ? {} : { pendingWorker: workerId(pendingWorker) }),
        }
        return await store.changeGroup({ group, epoch, slots: [...slots.slice(0, 4), last] })
      }
      await rejectsWith('precondition-failed', store.removeWorker({ worker: workerId(1) }))
      await change(second, [6, 2, 3, 4, 5])
      const pending = await change(made, [6, 2, 3, 4, 5], 1)
      await rejectsWith('precondition-failed', store.removeWorker({ worker: workerId(1) }))
      await change(pending, [6, 2, 3, 4, 5])
      await store.removeWorker({ worker: workerId(1) })
      await store.removeWorker({ worker: workerId(1) })
      assert.equal(await store.getWorker(workerId(1)), undefined)
      assert.deepEqual(
        (await store.listWorkers()).map((row) => row.worker),
        [workerId(6)],
      )
      assert.equal((await store.registerWorker(report({ worker: workerId(1) }))).wentBack, false)
    })
  })

  describe(`${name}: closing`, () => {
    sceneTest('a closed store refuses, and can be closed twice', async ({ store }) => {
      await store.close()
      await store.close()
      await rejectsWith('metadata-unavailable', store.getCluster())
      await rejectsWith('metadata-unavailable', store.createBucket({ name: 'late', createdMs: startMs }))
    })
  })
}
