// An upload that goes on for as long as a test wants: a slice now and then, until it is told to finish.

import { request } from 'node:http'
import type { ClientRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Content } from './file-manifest.ts'
import { seededSlices } from './file-client.ts'

const everyMs = 50
/** More than any test sends. */
const bytesMax = 2 ** 31

export class TrickledUpload {
  readonly #request: ClientRequest
  readonly #seed: number
  readonly #answered: Promise<number>
  readonly #sending: Promise<void>
  #bytes = 0
  #isOver = false

  constructor(url: string, name: string, seed: number) {
    this.#seed = seed
    this.#request = request(`${url}/upload?filename=${encodeURIComponent(name)}`, { method: 'PUT', agent: false })
    this.#answered = new Promise((resolve, reject) => {
      this.#request.once('response', (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      this.#request.once('error', reject)
    })
    this.#answered.catch(() => undefined)
    this.#sending = this.#send()
  }

  /** Ends the body. Resolves to the status of the answer, and what was sent. */
  async finish(): Promise<{ readonly status: number; readonly content: Content }> {
    this.#isOver = true
    await this.#sending
    this.#request.end()
    return { status: await this.#answered, content: { seed: this.#seed, bytes: this.#bytes } }
  }

  async #send(): Promise<void> {
    for (const slice of seededSlices(this.#seed, bytesMax)) {
      if (this.#isOver || this.#request.destroyed) return
      this.#request.write(slice)
      this.#bytes += slice.length
      await sleep(everyMs)
    }
  }
}
