// The life of a server process: runs until it is asked to end (SIGINT, SIGTERM, or its supervisor is gone), ends in good order within
// bounded time, and ends at once on a defect.

import { SECOND_MS } from '../base/units.ts'
import type { Log } from '../ports/log.ts'
import { parseSupervisorMessage } from './child-messages.ts'
import type { ChildMessage, Sibling } from './child-messages.ts'
import { collectStartGarbageSoon } from './start-garbage.ts'

export interface RunningNode {
  /** By what is there: `rest`, `internal`. */
  readonly addresses: Readonly<Record<string, string>>
  stop(): Promise<void>
  /** Called with the other processes of the same node, whenever one of them has started. */
  siblings?(own: string, others: readonly Sibling[]): void
}

const stopMaxMs = 15 * SECOND_MS

/** Ends the process on what nobody handled: its state is not to be trusted any more. Call before anything else. */
export function dieOnDefects(log: Log): void {
  const die = (error: unknown): void => {
    log.error('The process ends because of a defect.', error)
    process.exit(70)
  }
  process.on('uncaughtException', die)
  process.on('unhandledRejection', die)
}

/** Tells the supervisor, where there is one, that the node is ready; resolves when the node has ended. */
export async function runUntilStopped(node: RunningNode, log: Log): Promise<void> {
  collectStartGarbageSoon()
  const reason = await new Promise<string>((resolve) => {
    process.once('SIGINT', () => resolve('SIGINT'))
    process.once('SIGTERM', () => resolve('SIGTERM'))
    if (process.send === undefined) return
    process.once('disconnect', () => {
      resolve('the supervisor is gone')
    })
    process.on('message', (raw) => {
      const message = parseSupervisorMessage(raw)
      if (message?.kind === 'siblings') node.siblings?.(message.own, message.others)
      else tell({ kind: 'pong' })
    })
    tell({ kind: 'ready', addresses: node.addresses })
  })
  log.info('Stopping.', { reason })
  const timer = setTimeout(() => {
    log.error('The process did not end in good order in time.')
    process.exit(75)
  }, stopMaxMs)
  // A second signal ends it at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  await node.stop()
  clearTimeout(timer)
  if (process.connected) process.disconnect?.()
}

function tell(message: ChildMessage): void {
  if (process.connected) process.send?.call(process, message, () => undefined)
}
