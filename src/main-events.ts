// Puts the delivery of events together: webhooks of the configuration, and the tasks that follow the change log for them.

import { FrostError } from './base/errors.ts'
import type { MasterConfig } from './cli/config/options.ts'
import { arnOfWebhook } from './gateway/s3/events/webhook-arn.ts'
import type { Webhook } from './gateway/s3/events/webhook.ts'
import { Webhooks } from './gateway/s3/events/webhooks.ts'
import type { Master } from './master/master.ts'
import type { MetadataStore } from './meta/metadata-store.ts'
import { NodeHttpClient } from './node/http-client.ts'
import type { Clock } from './ports/clock.ts'
import type { Compute } from './ports/compute.ts'
import type { Log } from './ports/log.ts'

type EventsConfig = Pick<MasterConfig, 'webhooks' | 'webhookTokens' | 'webhookSecrets'>

export interface StartedEvents {
  readonly webhooks: Webhooks
  /** After the master has stopped. */
  close(): void
}

export function startEvents(
  all: readonly Webhook[],
  ports: { readonly clock: Clock; readonly compute: Compute; readonly log: Log },
  { master, metadata, region }: { readonly master: Master; readonly metadata: MetadataStore; readonly region: string },
): StartedEvents {
  const http = new NodeHttpClient()
  const webhooks = new Webhooks({ ...ports, http }, all)
  const tasks = webhooks.tasks({ metadata, fence: () => master.fence }, { region })
  for (const task of tasks) master.startTask(task)
  if (all.length > 0)
    ports.log.info('Events can go to webhooks.', { arns: all.map(({ name }) => arnOfWebhook(name)).join(' ') })
  return {
    webhooks,
    close: () => {
      webhooks.close()
      http.close()
    },
  }
}

/** @throws FrostError `config-invalid`: a name stands twice, or a token or secret belongs to no webhook. */
export function webhooksOf(config: EventsConfig): readonly Webhook[] {
  const { webhooks = [], webhookTokens = [], webhookSecrets = [] } = config
  const urls = byName('webhooks', webhooks)
  const tokens = byName('webhook-tokens', webhookTokens)
  const secrets = byName('webhook-secrets', webhookSecrets)
  for (const [option, named] of [['webhook-tokens', tokens] as const, ['webhook-secrets', secrets] as const]) {
    for (const name of named.keys()) {
      if (!urls.has(name)) throw invalid(`\`${option}\` names "${name}", which is no webhook.`)
    }
  }
  return webhooks.map(({ name, url }) => ({
    name,
    url,
    token: tokens.get(name)?.secret,
    secret: secrets.get(name)?.secret,
  }))
}

function byName<T extends { readonly name: string }>(option: string, items: readonly T[]): ReadonlyMap<string, T> {
  const named = new Map(items.map((item) => [item.name, item]))
  if (named.size === items.length) return named
  throw invalid(`\`${option}\` gives a name twice.`)
}

function invalid(detail: string): FrostError {
  return new FrostError('config-invalid', detail, { remedy: 'Give each webhook a name of its own, and use that name.' })
}
