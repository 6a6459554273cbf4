// What is counted of events, by webhook, in this process since it started.

export type DropReason = 'refused' | 'expired' | 'trimmed'

export interface WebhookCounts {
  readonly webhook: string
  readonly delivered: number
  /** Attempts that failed. */
  readonly failed: number
  readonly dropped: Readonly<Record<DropReason, number>>
  /** Read from the change log and not delivered. */
  readonly waiting: number
  /** When the oldest of them happened, in milliseconds since 1970. `undefined`: none waits. */
  readonly oldestMs: number | undefined
}

export class WebhookCounter {
  readonly webhook: string
  delivered = 0
  failed = 0
  readonly dropped: Record<DropReason, number> = { refused: 0, expired: 0, trimmed: 0 }
  waiting = 0
  oldestMs: number | undefined

  constructor(webhook: string) {
    this.webhook = webhook
  }

  show({ size, oldestMs }: { readonly size: number; readonly oldestMs: number | undefined }): void {
    this.waiting = size
    this.oldestMs = oldestMs
  }
}
