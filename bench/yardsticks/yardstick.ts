// What every yardstick that serves requests offers to the bench program. One that cannot run here says why.

import type { Server } from '../../src/cli/bench/row-runner.ts'

export interface Yardstick extends Server {
  stop(): Promise<void>
}

export interface Skipped {
  readonly skipped: string
}
