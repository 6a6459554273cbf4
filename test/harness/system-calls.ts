// strace on running processes, and its output as values. One strace traces all of them, and a thread that it has stopped goes on only
// after the line was written: where one call brought another one about, their lines stand in that order, in other processes too.

import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

import { defined } from '../../src/base/assert.ts'

const attachMaxMs = 20_000
/** Of each buffer so many bytes are kept: a page of the metadata store, the header of a batch. */
const keptBytes = 8192
const traced = 'fdatasync,fsync,msync,sync_file_range,write,writev,pwrite64,pwritev,pwritev2,sendmsg,sendto'

export interface SystemCall {
  readonly name: string
  /** Places in the trace. One call ended before another began where its `end` is smaller than the other's `start`. */
  readonly start: number
  /** `Infinity`: had not ended when the trace did. */
  readonly end: number
  readonly descriptor: number
  /** Of the file behind the descriptor. */
  readonly path: string
  /** The buffers that were written, each up to `keptBytes`. */
  readonly buffers: readonly Buffer[]
  /** Of a positioned write. */
  readonly offset: number | undefined
  readonly result: number
}

/** Why there can be no trace here; `undefined`: there can. */
export function straceIsMissing(): string | undefined {
  const found = spawnSync('strace', ['-e', 'trace=none', 'true'], { encoding: 'utf8' })
  if (found.error !== undefined) return 'strace is not installed (Debian: apt-get install strace)'
  return found.status === 0 ? undefined : `strace cannot trace here: ${found.stderr.trim()}`
}

export class SystemCallTrace {
  readonly #child: ChildProcess
  readonly #file: string

  private constructor(child: ChildProcess, file: string) {
    this.#child = child
    this.#file = file
  }

  /** Resolves when all threads of the processes are traced. The lines go to `file`. */
  static async attach(pids: readonly number[], file: string): Promise<SystemCallTrace> {
    const options = ['-f', '-y', '-xx', '-s', String(keptBytes), '-e', `trace=${traced}`, '-o', file]
    const child = spawn('strace', [...options, ...pids.flatMap((pid) => ['-p', String(pid)])], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const stderr = defined(child.stderr ?? undefined, 'stderr').setEncoding('utf8')
    await new Promise<void>((resolve, reject) => {
      let said = ''
      const timer = setTimeout(() => reject(new Error(`strace did not attach: ${said}`)), attachMaxMs)
      stderr.on('data', (text: string) => {
        said = (said + text).slice(-10_000)
        // Written once for each of the processes, when all its threads are attached.
        const attached = pids.filter((pid) => new RegExp(`Process ${pid} attached`).test(said))
        if (attached.length < pids.length) return
        clearTimeout(timer)
        resolve()
      })
      child.once('exit', (code) => {
        clearTimeout(timer)
        reject(new Error(`strace ended (${code}): ${said}`))
      })
    })
    return new SystemCallTrace(child, file)
  }

  /** Detaches and reads what was traced, in the order in which the calls began. */
  async finish(): Promise<readonly SystemCall[]> {
    await this.end()
    return await readTrace(this.#file)
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGINT')
    await exited
  }
}

async function readTrace(file: string): Promise<readonly SystemCall[]> {
  const calls: SystemCall[] = []
  const begun = new Map<string, { readonly start: number; readonly text: string }>()
  let line = 0
  for await (const text of createInterface({ input: createReadStream(file, 'latin1'), crlfDelay: Infinity })) {
    line++
    const space = text.indexOf(' ')
    const thread = text.slice(0, space)
    const rest = text.slice(space).trimStart()
    const resumed = /^<\.\.\. \w+ resumed>/.exec(rest)
    if (resumed !== null) {
      const first = begun.get(thread)
      begun.delete(thread)
      if (first !== undefined) add(calls, first.text + rest.slice(resumed[0].length), { start: first.start, end: line })
    } else if (rest.endsWith('<unfinished ...>')) {
      begun.set(thread, { start: line, text: rest.slice(0, -'<unfinished ...>'.length).trimEnd() })
    } else {
      add(calls, rest, { start: line, end: line })
    }
  }
  for (const { start, text } of begun.values()) add(calls, `${text}) = -1`, { start, end: Number.POSITIVE_INFINITY })
  return calls.toSorted((first, second) => first.start - second.start)
}

/** Lines that are no call on a descriptor (signals, ends of threads) are left out. */
function add(calls: SystemCall[], text: string, place: { readonly start: number; readonly end: number }): void {
  const head = /^(\w+)\((\d+)<([^>]*)>/.exec(text)
  if (head === null) return
  const [, name = '', descriptor = '', path = ''] = head
  const tail = /(?:, (\d+))?\) += (-?\d+)/.exec(text.slice(text.lastIndexOf('"') + 1))
  calls.push({
    name,
    ...place,
    descriptor: Number(descriptor),
    path: unescape(path).toString('utf8'),
    buffers: [...text.slice(head[0].length).matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map((match) =>
      unescape(match[1] ?? ''),
    ),
    offset: name.startsWith('pwrite') && tail?.[1] !== undefined ? Number(tail[1]) : undefined,
    result: Number(tail?.[2] ?? '-1'),
  })
}

/** From strace's `\x41\x42`; a text without escapes is left as it is. */
function unescape(text: string): Buffer {
  return text.startsWith('\\x') ? Buffer.from(text.replaceAll('\\x', ''), 'hex') : Buffer.from(text, 'latin1')
}
