// Space returns to what is used: a worker's segments may hold dead bytes only up to a factor, and a constant for those segments that
// are open or too young.

import type { SimulatedCluster } from '../cluster.ts'

const factor = 3
const constantBytes = 8 * 64 * 1024

export function checkSpace(cluster: SimulatedCluster): readonly string[] {
  const open: string[] = []
  for (const { host, worker } of cluster.workers.filter((node) => node.isServing)) {
    const { segmentBytes, liveBytes } = worker.store.usage()
    if (segmentBytes > liveBytes * factor + constantBytes)
      open.push(`${host} uses ${segmentBytes} bytes for ${liveBytes} that are alive`)
  }
  return open
}
