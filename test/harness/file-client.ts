// The plain REST calls that the suites make, by fetch and node:http, with bodies made from a seed so that nothing large is kept.

import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'

/** Deterministic bytes: `length` of them, in slices, for a body that is not kept. */
export function* seededSlices(seed: number, length: number): Generator<Uint8Array> {
  const slice = new Uint8Array(64 * 1024)
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1
  for (let at = 0; at < length; at += slice.length) {
    const words = new Uint32Array(slice.buffer)
    for (let index = 0; index < words.length; index++) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      words[index] = state
    }
    yield slice.slice(0, Math.min(slice.length, length - at))
  }
}

export function seededBytes(seed: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  let at = 0
  for (const slice of seededSlices(seed, length)) {
    bytes.set(slice, at)
    at += slice.length
  }
  return bytes
}

export function seededSha256(seed: number, length: number): string {
  const hash = createHash('sha256')
  for (const slice of seededSlices(seed, length)) hash.update(slice)
  return hash.digest('hex')
}

export class FileClient {
  readonly url: string

  constructor(url: string) {
    this.url = url
  }

  async upload(name: string, body: Uint8Array<ArrayBuffer>, query = '', signal?: AbortSignal): Promise<Response> {
    const url = `${this.url}/upload?filename=${encodeURIComponent(name)}${query}`
    return await fetch(url, { method: 'PUT', body, ...(signal === undefined ? {} : { signal }) })
  }

  /** A body made from a seed, streamed. */
  async uploadSeeded(name: string, seed: number, length: number): Promise<Response> {
    const body = Readable.toWeb(Readable.from(seededSlices(seed, length), { objectMode: false }))
    return await fetch(`${this.url}/upload?filename=${encodeURIComponent(name)}`, {
      method: 'PUT',
      body: body as ReadableStream,
      duplex: 'half',
    })
  }

  async download(
    name: string,
    headers: Readonly<Record<string, string>> = {},
    signal?: AbortSignal,
  ): Promise<Response> {
    const url = `${this.url}/download/${name.split('/').map(encodeURIComponent).join('/')}`
    return await fetch(url, { headers, ...(signal === undefined ? {} : { signal }) })
  }

  async sha256(name: string): Promise<string> {
    const response = await this.download(name)
    if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`)
    const hash = createHash('sha256')
    for await (const slice of response.body ?? []) hash.update(slice)
    return hash.digest('hex')
  }

  async remove(name: string, signal?: AbortSignal): Promise<Response> {
    const url = `${this.url}/delete?filename=${encodeURIComponent(name)}`
    return await fetch(url, { method: 'DELETE', ...(signal === undefined ? {} : { signal }) })
  }

  async names(query = ''): Promise<readonly string[]> {
    const response = await fetch(`${this.url}/files${query}`)
    return (await response.json()) as readonly string[]
  }
}

/** The error code of a problem document. */
export async function problemCode(response: Response): Promise<string> {
  const { code } = (await response.json()) as { code: string }
  return code
}
