// The other processes of the same master: they share the public port, so that a client, or a scraper, reaches any of them. What is
// asked of one process is passed on to it, and `/metrics` has the figures of all, told apart by the label `process`.

import { FrostError } from './base/errors.ts'
import { SECOND_MS } from './base/units.ts'
import type { MetricsText } from './gateway/http/metrics-text.ts'
import type { PassedAnswer, ProcessTarget } from './gateway/observe/observed-node.ts'
import { formatFamilies, gauge, metricsContentType } from './main-metrics.ts'
import { mergeByProcess } from './main-metrics-merge.ts'
import type { Sibling } from './node/child-messages.ts'

const metricsWithinMs = 4 * SECOND_MS
const answerBytesMax = 64 * 1024 * 1024

export class Siblings {
  /** As it is labelled. A master of one process is process 1. */
  #own = '1'
  #others: readonly { readonly process: string; readonly address: string }[] = []

  get own(): string {
    return this.#own
  }

  update(own: string, others: readonly Sibling[]): void {
    this.#own = processOf(own)
    this.#others = others.flatMap(({ name, addresses }) => {
      const address = addresses['observe']
      return address === undefined ? [] : [{ process: processOf(name), address }]
    })
  }

  targets(): readonly ProcessTarget[] {
    return this.#others.map(({ process, address }) => ({
      process,
      ask: async (target, signal) => await ask(`http://${address}${target}`, signal),
    }))
  }

  /** The figures of all processes; of one alone without a label. */
  async metrics(own: () => Promise<MetricsText>): Promise<MetricsText> {
    const others = this.targets()
    if (others.length === 0) return await own()
    const answers = await Promise.all(
      others.map(async (other) => {
        const { process } = other
        const text = await other.ask(`/metrics?process=${process}`, AbortSignal.timeout(metricsWithinMs)).then(
          ({ status, body }) => (status === 200 ? new TextDecoder().decode(body) : undefined),
          () => undefined, // told below, as a process that is not up
        )
        return { process, text }
      }),
    )
    const all = [{ process: this.#own, text: (await own()).text }, ...answers]
    const up = gauge(
      'frostbyte_process_up',
      'Whether each process of this master gave its figures.',
      all.map(({ process, text }) => ({ labels: { process }, value: text === undefined ? 0 : 1 })),
    )
    const given = all.flatMap(({ process, text }) => (text === undefined ? [] : [{ process, text }]))
    return { contentType: metricsContentType, text: formatFamilies([up]) + mergeByProcess(given) }
  }
}

/** `master-2` is process 2. */
function processOf(name: string): string {
  return name.slice(name.lastIndexOf('-') + 1)
}

async function ask(url: string, signal: AbortSignal): Promise<PassedAnswer> {
  try {
    const response = await fetch(url, { signal })
    const body = new Uint8Array(await response.arrayBuffer())
    if (body.length > answerBytesMax) throw new FrostError('internal', 'The other process answered too much.')
    return { status: response.status, contentType: response.headers.get('content-type') ?? '', body }
  } catch (cause) {
    throw new FrostError('peer-unreachable', 'The other process does not answer.', { cause })
  }
}
