// A client process of the benchmark: takes jobs from its parent, one at a time, and reports. A process of its own, so that
// its work is not counted with the servers' and does not hold up the bench program's samples.

import { Load } from './load.ts'
import { Payload } from './payload.ts'
import type { ClientMessage, Job } from './job.ts'

const progressEveryMs = 200

function tell(message: ClientMessage): void {
  process.send?.(message)
}

async function run(job: Job, payload: Payload): Promise<void> {
  const load = new Load(job, payload)
  const timer = setInterval(() => tell({ kind: 'progress', progress: load.progress }), progressEveryMs)
  try {
    tell({ kind: 'done', outcome: await load.run() })
  } finally {
    clearInterval(timer)
  }
}

const payload = new Payload()
process.on('message', (message) => {
  // The parent sends nothing but jobs.
  run(message as Job, payload).catch((error: unknown) => tell({ kind: 'failed', message: String(error) }))
})
process.on('disconnect', () => process.exit())
tell({ kind: 'ready' })
