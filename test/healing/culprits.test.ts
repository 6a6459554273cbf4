// A worker with a full disk, one with a slow disk, and one that is stopped, each alone and then all three of five: writes go on, reads are
// right, nobody sees an error, and the status names each of them.

import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { defined } from '../../src/base/assert.ts'
import { MIB } from '../../src/base/units.ts'
import { eventually } from '../harness/eventually.ts'
import type { RealCluster, RealNode } from '../harness/real-cluster.ts'
import { DiskFiller, SmallFileSystem } from '../harness/small-file-system.ts'
import { assertAllWhole, assertNoFailure, fill, inScene, scale, startLoad } from './scene.ts'

const launcher = fileURLToPath(new URL('../../bin/frostbyte.js', import.meta.url))
const troubleMs = 8000 * scale
const namedMaxMs = 30_000
const settleMs = 6000
const smallBytes = 700 * MIB

interface Trouble {
  readonly name: string
  readonly worker: (cluster: RealCluster) => RealNode
  readonly begin: (node: RealNode, cluster: RealCluster) => Promise<void>
  readonly end: (node: RealNode) => Promise<void>
  /** What the status says on the worker's line. */
  readonly said: RegExp
}

function troublesOn(small: SmallFileSystem): readonly Trouble[] {
  let filler: DiskFiller | undefined
  return [
    {
      name: 'full disk',
      worker: ({ workers }) => defined(workers[0], 'worker'),
      begin: async () => {
        filler = new DiskFiller(small)
        await filler.filled()
      },
      end: async () => await filler?.stop(),
      said: /full/,
    },
    {
      name: 'slow disk',
      worker: ({ workers }) => defined(workers[1], 'worker'),
      begin: async (node, cluster) => {
        await restart(node, { FROSTBYTE_FAULTS: 'disk.slow=100' })
        // It has registered before the next trouble begins: away, it would be one too many.
        await cluster.untilWorkersUp(5)
      },
      end: async (node) => await restart(node, {}),
      said: /slow/,
    },
    {
      name: 'stopped worker',
      worker: ({ workers }) => defined(workers[2], 'worker'),
      begin: (node) => Promise.resolve(node.signal('SIGSTOP')),
      end: (node) => Promise.resolve(node.signal('SIGCONT')),
      said: /suspect|down/,
    },
  ]
}

async function restart(node: RealNode, env: Readonly<Record<string, string>>): Promise<void> {
  await node.stop()
  await node.start(env)
}

/** As a person sees it. */
async function statusText(url: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [launcher, 'status', '--url', url])
  return stdout
}

/** Each of the workers is named, with what is the matter with it. */
async function untilNamed(
  cluster: RealCluster,
  directories: ReadonlyMap<string, string>,
  troubles: readonly Trouble[],
): Promise<void> {
  await eventually('the culprits in the status', namedMaxMs, async () => {
    const text = await statusText(cluster.url)
    for (const { name, worker, said } of troubles) {
      const node = worker(cluster)
      const [id] = defined(
        [...directories].find(([, directory]) => directory === node.dataDirectory),
        'the id of a worker',
      )
      const lines = text.split('\n').filter((line) => line.includes(id))
      if (!lines.some((line) => said.test(line))) throw new Error(`the ${name} of ${id} is not named in:\n${text}`)
    }
    return true
  })
}

describe('a cluster with', () => {
  test('a full disk, a slow disk, a stopped worker, and all of them', async (context: TestContext) => {
    const small = await SmallFileSystem.make(smallBytes)
    if (small === undefined) return context.skip('no file system of its own can be mounted here')
    try {
      const workerOwn = (worker: number): { readonly parent?: string } =>
        worker === 0 ? { parent: small.directory } : {}
      // Nobody is given up here: the stopped worker comes back to what it had.
      const masterArgs = ['--worker-out-after', '10m']
      await inScene(
        { workerOwn, workerArgs: ['--reserve', '16MiB', '--capacity', '600MiB'], masterArgs },
        async (scene) => {
          const { cluster } = scene
          await fill(scene, { prefix: 'base', files: 40, bytes: 2 * MIB })
          const troubles = troublesOn(small)
          const directories = await cluster.workerDirectories()
          for (const together of [...troubles.map((trouble) => [trouble]), troubles]) {
            console.log(together.map(({ name }) => name).join(', '))
            const load = startLoad(scene)
            for (const { begin, worker } of together) await begin(worker(cluster), cluster)
            // One that was started anew has registered, and one that was stopped is found out.
            await sleep(settleMs)
            await Promise.all([untilNamed(cluster, directories, together), sleep(troubleMs)])
            await load.stop()
            for (const { end, worker } of together) await end(worker(cluster))
            // Requests wait for a worker that has just been stopped until it is suspect.
            assertNoFailure(load, 10)
            await cluster.untilWorkersUp(5)
          }
          await assertAllWhole(scene)
        },
      )
    } finally {
      await small.remove()
    }
  })
})
