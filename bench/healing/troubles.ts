// Reads while a worker of five has a full disk, while one has a slow disk (100 ms more for each operation), while one is stopped, and all
// of it at once.

import { defined } from '../../src/base/assert.ts'
import type { RealCluster, RealNode } from '../../test/harness/real-cluster.ts'
import { DiskFiller } from '../../test/harness/small-file-system.ts'
import type { SmallFileSystem } from '../../test/harness/small-file-system.ts'
import type { Foreground, ForegroundFigures } from './foreground.ts'

export interface TroubleFigures extends ForegroundFigures {
  readonly name: string
}

interface Trouble {
  readonly name: string
  readonly begin: () => Promise<void>
  readonly end: () => Promise<void>
}

/** The first one is the healthy cluster. Each is measured from the moment on in which the trouble begins. */
export async function measureTroubles(
  cluster: RealCluster,
  small: SmallFileSystem,
  measure: { readonly foreground: Foreground; readonly seconds: number },
): Promise<readonly TroubleFigures[]> {
  const { foreground, seconds } = measure
  const troubles = troublesOf(cluster, small)
  const figures: TroubleFigures[] = []
  for (const together of [[], ...troubles.map((trouble) => [trouble]), troubles]) {
    for (const { begin } of together) await begin()
    const name = together.length === 0 ? 'healthy' : together.map((trouble) => trouble.name).join(' + ')
    process.stderr.write(`${name}\n`)
    figures.push({ name, ...(await foreground.measureFor(seconds)) })
    for (const { end } of together) await end()
    await cluster.untilWorkersUp(5)
  }
  return figures
}

function troublesOf(cluster: RealCluster, small: SmallFileSystem): readonly Trouble[] {
  const { workers } = cluster
  const slow = defined(workers[1], 'worker')
  const stopped = defined(workers[2], 'worker')
  let filler: DiskFiller | undefined
  return [
    {
      name: 'full disk',
      begin: async () => {
        filler = new DiskFiller(small)
        await filler.filled()
      },
      end: async () => await filler?.stop(),
    },
    {
      name: 'slow disk',
      begin: async () => {
        await restart(slow, { FROSTBYTE_FAULTS: 'disk.slow=100' })
        await cluster.untilWorkersUp(5)
      },
      end: async () => await restart(slow, {}),
    },
    {
      name: 'stopped worker',
      begin: () => Promise.resolve(stopped.signal('SIGSTOP')),
      end: () => Promise.resolve(stopped.signal('SIGCONT')),
    },
  ]
}

async function restart(node: RealNode, env: Readonly<Record<string, string>>): Promise<void> {
  await node.stop()
  await node.start(env)
}
