// Runs one job: `clients` connections, each with one request under way, until the time or the count is reached. Every answer's
// status and length are checked; bodies are compared with what was uploaded: small ones whole, of large ones every
// eighth slice, so that the check stays cheap beside the servers' own work.

import { createHash } from 'node:crypto'

import { LatencyHistogram } from './latency.ts'
import { HttpConnection } from './http-connection.ts'
import type { ResponseEnd } from './http-connection.ts'
import { deleteHead, downloadHead, fileKey, indexDigits, listedNames, listHead, uploadHead } from './requests.ts'
import { payloadSliceBytesMax } from './payload.ts'
import type { Payload } from './payload.ts'
import type { Job, Outcome, Progress } from './job.ts'

/** Bodies up to this are sent in one buffer with their head, and compared whole. */
const smallBytes = 64 * 1024
const readBufferBytes = 512 * 1024
const comparedSliceOfLarge = 8
/** A job with more failures than this ends: it measures nothing. */
const failuresMax = 20

export class Load {
  readonly #job: Job
  readonly #payload: Payload
  readonly #latencies = new LatencyHistogram()
  #nextFile: number
  #begun = 0
  #operations = 0
  #bytes = 0
  #names = 0
  #failures = 0
  #firstFailure: string | undefined
  #endMs = 0

  constructor(job: Job, payload: Payload) {
    this.#job = job
    this.#payload = payload
    this.#nextFile = job.firstFile
  }

  get progress(): Progress {
    return { operations: this.#operations, bytes: this.#bytes }
  }

  async run(): Promise<Outcome> {
    const { clients, target, sizeBytes, operation } = this.#job
    const bytes = operation === 'list' || sizeBytes > smallBytes ? readBufferBytes : smallBytes
    const connections = Array.from({ length: clients }, () => new HttpConnection({ ...target, readBufferBytes: bytes }))
    await Promise.all(connections.map(async (connection) => await connection.open()))
    const startMs = performance.now()
    this.#endMs = startMs + this.#job.secondsMax * 1000
    await Promise.all(connections.map(async (connection) => await this.#drive(connection)))
    const seconds = (performance.now() - startMs) / 1000
    for (const connection of connections) connection.close()
    return {
      operations: this.#operations,
      bytes: this.#bytes,
      names: this.#names,
      seconds,
      failures: this.#failures,
      firstFailure: this.#firstFailure,
      latencies: this.#latencies.toPairs(),
    }
  }

  async #drive(connection: HttpConnection): Promise<void> {
    const requester = this.#requester(connection)
    while (performance.now() < this.#endMs && this.#begun < this.#job.operationsMax && this.#failures < failuresMax) {
      const file = this.#takeFile()
      if (file === undefined) return
      this.#begun++
      const startMs = performance.now()
      try {
        if (!connection.isOpen) await connection.open()
        await requester(file)
        this.#latencies.record(performance.now() - startMs)
        this.#operations++
      } catch (error) {
        this.#failures++
        this.#firstFailure ??= String(error)
      }
    }
  }

  /** Uploads never end; downloads go round; a first download and a deletion take each file once. */
  #takeFile(): number | undefined {
    const { operation, firstFile, endFile } = this.#job
    if (operation === 'list') return this.#begun
    if (this.#nextFile >= endFile && operation !== 'upload') {
      if (operation === 'delete' || operation === 'first-download' || endFile <= firstFile) return undefined
      this.#nextFile = firstFile
    }
    return this.#nextFile++
  }

  #requester(connection: HttpConnection): (file: number) => Promise<void> {
    const { operation, sizeBytes } = this.#job
    switch (operation) {
      case 'upload':
        return sizeBytes <= smallBytes ? this.#smallUploads(connection) : this.#largeUploads(connection)
      case 'first-download':
      case 'download':
        return this.#downloads(connection)
      case 'range':
        return this.#ranges(connection)
      case 'delete':
        return this.#deletions(connection)
      case 'list':
        return this.#listings(connection)
    }
  }

  #smallUploads(connection: HttpConnection): (file: number) => Promise<void> {
    const { target, prefix, sizeBytes } = this.#job
    const head = this.#uploadHead(0)
    const digits = head.indexOf(prefix) + prefix.length
    const request = Buffer.concat([Buffer.from(head, 'latin1'), Buffer.alloc(sizeBytes)])
    return async (file) => {
      // A signature covers the name; all heads have the same length.
      if (target.s3 === undefined) request.write(String(file).padStart(indexDigits, '0'), digits, 'latin1')
      else request.write(this.#uploadHead(file), 0, 'latin1')
      this.#payload.slice(file, 0, sizeBytes).copy(request, head.length)
      this.#expect(await connection.request(request), isStored)
      this.#bytes += sizeBytes
    }
  }

  #largeUploads(connection: HttpConnection): (file: number) => Promise<void> {
    return async (file) => {
      const head = Buffer.from(this.#uploadHead(file), 'latin1')
      this.#expect(await connection.requestStream(head, this.#slices(file)), isStored)
    }
  }

  #uploadHead(file: number): string {
    const { target, prefix, sizeBytes } = this.#job
    const key = fileKey(prefix, file)
    if (target.s3?.signsBodies !== true) return uploadHead(target, key, sizeBytes)
    const hash = createHash('sha256')
    for (const slice of this.#slicesOf(file)) hash.update(slice)
    return uploadHead(target, key, sizeBytes, hash.digest('hex'))
  }

  *#slices(file: number): Generator<Uint8Array> {
    for (const slice of this.#slicesOf(file)) {
      yield slice
      this.#bytes += slice.length
    }
  }

  *#slicesOf(file: number): Generator<Uint8Array> {
    const { sizeBytes } = this.#job
    for (let offset = 0; offset < sizeBytes; offset += payloadSliceBytesMax)
      yield this.#payload.slice(file, offset, Math.min(payloadSliceBytesMax, sizeBytes - offset))
  }

  #downloads(connection: HttpConnection): (file: number) => Promise<void> {
    const { target, prefix, sizeBytes } = this.#job
    return async (file) => {
      const request = Buffer.from(downloadHead(target, fileKey(prefix, file)), 'latin1')
      await this.#fetch(connection, { request, file, offset: 0, length: sizeBytes, status: 200 })
    }
  }

  #ranges(connection: HttpConnection): (file: number) => Promise<void> {
    const { target, prefix, sizeBytes, rangeBytes } = this.#job
    return async (file) => {
      // An even spread without a generator: the golden ratio's multiples.
      const first = Math.floor(((this.#begun * 0.618034) % 1) * (sizeBytes - rangeBytes + 1))
      const range = { first, last: first + rangeBytes - 1 }
      const request = Buffer.from(downloadHead(target, fileKey(prefix, file), range), 'latin1')
      await this.#fetch(connection, { request, file, offset: first, length: rangeBytes, status: 206 })
    }
  }

  async #fetch(connection: HttpConnection, asked: Fetch): Promise<void> {
    let slices = 0
    let differs = false
    const end = await connection.request(asked.request, (bytes, offset, status) => {
      this.#bytes += bytes.length
      if (status !== asked.status || (asked.length > smallBytes && slices++ % comparedSliceOfLarge !== 0)) return
      differs ||= !this.#payload.matches(asked.file, asked.offset + offset, bytes)
    })
    this.#expect(end, (status) => status === asked.status)
    if (end.bodyBytes !== asked.length) throw new Error(`${end.bodyBytes} bytes instead of ${asked.length}`)
    if (differs) throw new Error(`file ${asked.file} does not hold the bytes that were uploaded`)
  }

  #deletions(connection: HttpConnection): (file: number) => Promise<void> {
    const { target, prefix } = this.#job
    return async (file) => {
      const request = Buffer.from(deleteHead(target, fileKey(prefix, file)), 'latin1')
      this.#expect(await connection.request(request), (status) => status === 200 || status === 204)
    }
  }

  #listings(connection: HttpConnection): (file: number) => Promise<void> {
    const { target, listPrefix, listLimit } = this.#job
    let after = ''
    return async () => {
      const request = Buffer.from(listHead(target, { prefix: listPrefix, after, limit: listLimit }), 'latin1')
      const parts: Buffer[] = []
      const end = await connection.request(request, (bytes) => {
        parts.push(Buffer.from(bytes))
        this.#bytes += bytes.length
      })
      this.#expect(end, (status) => status === 200)
      const names = listedNames(target, Buffer.concat(parts).toString())
      this.#names += names.length
      after = names.length === listLimit ? (names.at(-1) ?? '') : ''
    }
  }

  #expect(end: ResponseEnd, isGood: (status: number) => boolean): void {
    if (!isGood(end.status)) throw new Error(`${this.#job.operation}: HTTP status ${end.status}`)
  }
}

interface Fetch {
  readonly request: Uint8Array
  readonly file: number
  readonly offset: number
  readonly length: number
  readonly status: number
}

function isStored(status: number): boolean {
  return status >= 200 && status < 300
}
