// The webhooks of the server: what a bucket's configuration may name, and the tasks that deliver to them.

import { SECOND_MS } from '../../../base/units.ts'
import type { BackgroundTask } from '../../../master/background-task.ts'
import type { Fence } from '../../../meta/contract/conventions.ts'
import type { MetadataStore } from '../../../meta/metadata-store.ts'
import type { Log } from '../../../ports/log.ts'
import { ChangeLogPages } from './change-log-pages.ts'
import { WebhookCounter } from './event-counts.ts'
import type { WebhookCounts } from './event-counts.ts'
import { testMessageOf } from './event-message.ts'
import type { TestMessage } from './event-message.ts'
import { ForgottenWebhooksTask } from './forgotten-webhooks-task.ts'
import type { Webhook } from './webhook.ts'
import { WebhookTask } from './webhook-task.ts'
import { sendMessage } from './webhook-sender.ts'
import type { SenderPorts } from './webhook-sender.ts'

export interface WebhooksPorts extends SenderPorts {
  readonly log: Log
}

/** A client waits for it. */
const testTimeoutMs = 5 * SECOND_MS

export class Webhooks {
  readonly #ports: WebhooksPorts
  readonly #webhooks: ReadonlyMap<string, Webhook>
  readonly #counters: ReadonlyMap<string, WebhookCounter>
  readonly #stopping = new AbortController()

  constructor(ports: WebhooksPorts, webhooks: readonly Webhook[]) {
    this.#ports = ports
    this.#webhooks = new Map(webhooks.map((webhook) => [webhook.name, webhook]))
    this.#counters = new Map(webhooks.map(({ name }) => [name, new WebhookCounter(name)]))
  }

  has(name: string): boolean {
    return this.#webhooks.has(name)
  }

  /** Resolves to why a webhook did not take a message that tests it; `undefined`: it did. */
  async test(name: string, test: TestMessage): Promise<string | undefined> {
    const webhook = this.#webhooks.get(name)
    if (webhook === undefined) return 'there is no such webhook'
    const { signal } = this.#stopping
    const sending = { id: `test-${test.requestId}`, message: testMessageOf(test), timeoutMs: testTimeoutMs, signal }
    return (await sendMessage(this.#ports, webhook, sending)).failure
  }

  /** To be run by every master process: only who holds the lease delivers. */
  tasks(
    parts: { readonly metadata: MetadataStore; fence(): Fence | undefined },
    options: { readonly region: string },
  ): readonly BackgroundTask[] {
    const ports = { ...this.#ports, ...parts }
    const pages = new ChangeLogPages(ports)
    const deliveries = [...this.#webhooks.values()].map((webhook) => {
      const counter = this.#counters.get(webhook.name) ?? new WebhookCounter(webhook.name)
      return new WebhookTask({ ...ports, pages, counter }, webhook, options)
    })
    return [...deliveries, new ForgottenWebhooksTask(ports, this.#webhooks.keys())]
  }

  counts(): readonly WebhookCounts[] {
    return [...this.#counters.values()]
  }

  /** Tests under way are given up. Can be called twice. */
  close(): void {
    this.#stopping.abort()
  }
}
