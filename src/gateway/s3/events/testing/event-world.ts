// Metadata in memory, processes that contend for the lease, and webhooks that do what a test says, all on virtual time.

import { Scene, startMs } from '../../../../../test/conformance/metadata/scene.ts'
import { VirtualTime } from '../../../../../sim/ports/clock.ts'
import type { VirtualClock } from '../../../../../sim/ports/clock.ts'
import { SimulatedCompute } from '../../../../../sim/ports/compute.ts'
import { MemoryKeyValue, MemoryMap } from '../../../../../sim/ports/key-value.ts'
import { CollectingLog } from '../../../../../sim/ports/log.ts'
import { TaskRunner } from '../../../../master/background-task.ts'
import { LeaseKeeper } from '../../../../master/lease-keeper.ts'
import { processNumber } from '../../../../master/testing/metadata.ts'
import { KeyValueMetadata, LocalRunner } from '../../../../meta/key-value-metadata.ts'
import { HttpFailure } from '../../../../ports/http-client.ts'
import type { HttpAnswer, HttpClient, HttpPost } from '../../../../ports/http-client.ts'
import { Webhooks } from '../webhooks.ts'

/** What is read of a message. */
export interface ReceivedEvent {
  readonly webhook: string
  readonly id: string
  readonly key: string
  readonly sequencer: string
  readonly atMs: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Whether it was answered as taken. */
  readonly taken: boolean
}

export interface FakeAnswer extends HttpAnswer {
  /** Until it comes. Default 5 ms. */
  readonly delayMs?: number
}

/** What a webhook does with a message; `undefined`: no connection comes about. */
export type FakeWebhook = (message: { readonly key: string; readonly webhook: string }) => FakeAnswer | undefined

const taken = { status: 204 }

export class EventWorld {
  readonly time = new VirtualTime()
  readonly log = new CollectingLog()
  readonly received: ReceivedEvent[] = []
  /** All take everything, until a test says otherwise. */
  webhook: FakeWebhook = () => taken
  readonly metadata: KeyValueMetadata
  readonly scene: Scene
  /** The wall clock of all processes. */
  readonly clock: VirtualClock
  #processes = 0

  private constructor(keyValue: MemoryKeyValue) {
    this.metadata = new KeyValueMetadata(keyValue, new LocalRunner(keyValue))
    this.scene = new Scene(this.metadata)
    this.clock = this.time.createClock({ wallMs: startMs })
  }

  static async open(): Promise<EventWorld> {
    const keyValue = new MemoryKeyValue({ map: new MemoryMap() })
    await keyValue.claim()
    const world = new EventWorld(keyValue)
    await world.scene.open()
    return world
  }

  /** Starts a process that delivers once it has the lease. */
  start(names: readonly string[] = ['hook']): EventProcess {
    const process = processNumber(++this.#processes)
    const node = `process-${this.#processes}`
    const clock = this.time.createClock({ wallMs: startMs, node })
    const { metadata, log } = this
    const lease = new LeaseKeeper({ metadata, clock }, process)
    const ports = { clock, compute: new SimulatedCompute(), log, http: new FakeHttp(this, clock) }
    const configured = names.map((name) => ({
      name,
      url: `http://${name}.example/events`,
      secret: 'a secret',
      token: 't',
    }))
    const webhooks = new Webhooks(ports, configured)
    const tasks = new TaskRunner({ clock, log })
    tasks.start(lease)
    for (const task of webhooks.tasks({ metadata, fence: () => lease.fence }, { region: 'eu-test-1' }))
      tasks.start(task)
    return {
      webhooks,
      stop: async () => {
        await tasks.stop()
        await lease.release()
      },
      kill: () => clock.stop(),
    }
  }

  /** A change that is to be told to a webhook, made so long ago. */
  async change(key: string, target = 'hook', agoMs = 0): Promise<void> {
    this.scene.nowMs = this.clock.wallMs() - agoMs
    const cause = {
      event: 's3:ObjectCreated:Put',
      notices: [{ target, configuration: 'all' }],
      atMs: this.scene.nowMs,
      requestId: 'request',
      address: '::1',
    }
    await this.scene.put(key, { cause })
  }

  async changes(prefix: string, count: number, target = 'hook'): Promise<void> {
    for (let index = 0; index < count; index++) await this.change(`${prefix}${index}`, target)
  }

  /** Of the messages that were taken, in order. */
  takenKeys(webhook = 'hook'): readonly string[] {
    return this.received.filter((event) => event.taken && event.webhook === webhook).map(({ key }) => key)
  }
}

export interface EventProcess {
  readonly webhooks: Webhooks
  stop(): Promise<void>
  /** As kill -9: nothing of it happens any more. */
  kill(): void
}

class FakeHttp implements HttpClient {
  readonly #world: EventWorld
  readonly #clock: VirtualClock

  constructor(world: EventWorld, clock: VirtualClock) {
    this.#world = world
    this.#clock = clock
  }

  async post({ url, headers, body, timeoutMs, signal }: HttpPost): Promise<HttpAnswer> {
    const text = Buffer.from(body).toString()
    const { Records: records = [] } = JSON.parse(text) as {
      Records?: { s3: { object: { key: string; sequencer: string } } }[]
    }
    const { key = '', sequencer = '' } = records[0]?.s3.object ?? {}
    const webhook = new URL(url).hostname.split('.')[0] ?? ''
    const { delayMs = 5, ...answer } = this.#world.webhook({ key, webhook }) ?? { status: 0 }
    await this.#clock.sleep(Math.min(delayMs, timeoutMs), signal)
    const isTaken = answer.status >= 200 && answer.status < 300
    const atMs = this.#world.time.nowMs
    const id = headers['webhook-id'] ?? ''
    this.#world.received.push({ webhook, id, key, sequencer, atMs, headers, body: text, taken: isTaken })
    if (answer.status === 0 || delayMs > timeoutMs) throw new HttpFailure('nobody is there')
    return answer
  }
}
