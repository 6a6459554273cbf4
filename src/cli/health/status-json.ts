// The state of the cluster for programs: the form that the REST interface gives; `null` is unknown.

import type { ClusterStatus, WorkerStatus } from '../../sdk/index.ts'

export function statusJson(status: ClusterStatus): object {
  const { filesLost, filesAtRisk, fragmentsMissing, lostFiles, unknown, comparedAt, scrubbedAt } = status.redundancy
  return {
    id: status.id,
    time: status.time.toISOString(),
    behind: status.behind,
    workers: status.workers.map(workerJson),
    groups: status.groups,
    redundancy: {
      fragmentsMissing: fragmentsMissing ?? null,
      filesAtRisk: filesAtRisk ?? null,
      filesLost: filesLost ?? null,
      lostFiles: lostFiles.map(({ name, bucket }) => ({ filename: name, bucket })),
      unknown: unknown ?? null,
      comparedAt: comparedAt?.toISOString() ?? null,
      scrubbedAt: scrubbedAt?.toISOString() ?? null,
    },
    healing: status.healing,
  }
}

function workerJson(worker: WorkerStatus): object {
  const { id, address, zone, state, scrub, ...figures } = worker
  const scrubbing =
    scrub === undefined ? null : { ...scrub, lastFinishedAt: scrub.lastFinishedAt?.toISOString() ?? null }
  return { id, address, zone: zone ?? null, state, ...figures, scrub: scrubbing }
}
