// The audit log of a process, in files of its own: DIRECTORY/audit-TIME-NUMBER-PROCESS.jsonl. A file that is full is followed by
// the next one; all of them together, of all processes and starts, stay within a bound, the oldest going first.
//
// Lines are written in the background, in order, as many at once as there are, and synced when a file is full or closed: a crash
// of the machine can lose the last seconds, that of the process what was decided in its last turns. Lines that the disk does not take
// are counted, told in the log, and by a line as soon as it takes them again. What waits is bounded.

import { mkdir, open, readdir, stat, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as endOfTurn } from 'node:timers/promises'

import { MIB } from '../base/units.ts'
import type { AuditEntry, AuditLog } from '../ports/audit.ts'
import type { Log } from '../ports/log.ts'
import { formatAuditLine, formatLostLine } from './audit-line.ts'

export interface AuditFileOptions {
  readonly directory: string
  /** Names this process among others that write into the directory: letters and digits. */
  readonly process: string
  /** Of all files together, about: one is always kept. */
  readonly totalBytesMax: number
  readonly log: Log
}

const waitingBytesMax = 4 * MIB
const fileBytesDefault = 16 * MIB
const pattern = /^audit-\d{8}T\d{9}Z-\d{6}-[0-9A-Za-z]+\.jsonl$/

export class AuditFile implements AuditLog {
  readonly #options: AuditFileOptions
  readonly #fileBytesMax: number
  #waiting: string[] = []
  #waitingBytes = 0
  #lost = 0
  #writing: Promise<void> | undefined
  #file: FileHandle | undefined
  #fileBytes = 0
  #filesMade = 0
  #newestMs = 0
  #isTold = false

  constructor(options: AuditFileOptions) {
    this.#options = options
    this.#fileBytesMax = Math.min(fileBytesDefault, Math.ceil(options.totalBytesMax / 4))
  }

  write(entry: AuditEntry): void {
    const line = `${formatAuditLine(entry)}\n`
    if (this.#waitingBytes + line.length > waitingBytesMax) {
      this.#lose(1)
      return
    }
    this.#waiting.push(line)
    this.#waitingBytes += line.length
    this.#writing ??= this.#writeAll()
  }

  /** Writes and syncs what waits. Can be called twice. */
  async close(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
    await this.#closeFile().catch((error: unknown) => this.#tell(error))
  }

  async #writeAll(): Promise<void> {
    await endOfTurn() // What is decided in this turn, of all connections, goes together.
    while (this.#waiting.length > 0) {
      const lines = this.#waiting
      this.#waiting = []
      this.#waitingBytes = 0
      try {
        await this.#append(this.#lost === 0 ? lines : [`${formatLostLine(Date.now(), this.#lost)}\n`, ...lines])
        this.#lost = 0
        this.#isTold = false
      } catch (error) {
        this.#lose(lines.length)
        this.#tell(error)
      }
    }
    this.#writing = undefined
  }

  async #append(lines: readonly string[]): Promise<void> {
    let [text, textBytes] = ['', 0]
    for (const line of lines) {
      text += line
      textBytes += Buffer.byteLength(line)
      if (this.#fileBytes + textBytes < this.#fileBytesMax) continue
      await this.#appendText(text)
      ;[text, textBytes] = ['', 0]
    }
    await this.#appendText(text)
  }

  async #appendText(text: string): Promise<void> {
    if (text === '') return
    if (this.#file === undefined || this.#fileBytes >= this.#fileBytesMax) await this.#nextFile()
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length && this.#file !== undefined;) {
      const { bytesWritten } = await this.#file.write(bytes, at)
      at += bytesWritten
      this.#fileBytes += bytesWritten
    }
  }

  async #nextFile(): Promise<void> {
    const { directory, process: name } = this.#options
    await this.#closeFile()
    await mkdir(directory, { recursive: true, mode: 0o700 })
    // The names are in order also where the wall clock is set back.
    this.#newestMs = Math.max(this.#newestMs, Date.now())
    const time = new Date(this.#newestMs).toISOString().replaceAll(/[-:.]/g, '')
    // Numbered too: two can be begun in one millisecond.
    const number = String(++this.#filesMade).padStart(6, '0')
    this.#file = await open(join(directory, `audit-${time}-${number}-${name}.jsonl`), 'a', 0o600)
    this.#fileBytes = (await this.#file.stat()).size
    await this.#removeOld()
  }

  async #closeFile(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    if (file === undefined) return
    try {
      await file.sync()
    } finally {
      await file.close()
    }
  }

  /** Room for one more whole file is made before it is begun. */
  async #removeOld(): Promise<void> {
    const { directory, totalBytesMax } = this.#options
    const names = (await readdir(directory)).filter((name) => pattern.test(name)).toSorted()
    const sizes = await Promise.all(
      names.map(async (name) =>
        stat(join(directory, name)).then(
          ({ size }) => size,
          () => 0, // Another process has removed it.
        ),
      ),
    )
    let total = sizes.reduce((sum, size) => sum + size, 0) + this.#fileBytesMax
    for (const [index, name] of names.entries()) {
      if (total <= totalBytesMax || index === names.length - 1) return
      await unlink(join(directory, name)).catch(() => undefined)
      total -= sizes[index] ?? 0
    }
  }

  #lose(count: number): void {
    this.#lost += count
    if (this.#lost === count) this.#options.log.warn('Lines of the audit log are lost.')
  }

  #tell(error: unknown): void {
    if (!this.#isTold) this.#options.log.error('The audit log cannot be written.', error)
    this.#isTold = true
  }
}
