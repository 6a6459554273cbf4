// Compiles and runs floor.c, and reads what it prints.

import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { Skipped } from './yardstick.ts'

export type FloorMode = 'direct' | 'buffered'

export interface FloorFigure {
  readonly row: 'upload' | 'download'
  readonly mode: FloorMode
  readonly bytes: number
  readonly seconds: number
  readonly user: number
  readonly system: number
}

export class Floor {
  readonly #program: string
  readonly #folder: string

  private constructor(program: string, folder: string) {
    this.#program = program
    this.#folder = folder
  }

  /** `folder` lies on the disk to be measured. */
  static compile(folder: string): Floor | Skipped {
    mkdirSync(folder, { recursive: true })
    const program = join(folder, 'floor')
    const source = join(import.meta.dirname, 'floor.c')
    const result = spawnSync('gcc', ['-O2', '-o', program, source, '-pthread'], { encoding: 'utf8' })
    if (result.error !== undefined) return { skipped: 'there is no gcc (Debian: apt-get install gcc libc6-dev)' }
    if (result.status !== 0) return { skipped: `gcc failed: ${result.stderr.slice(0, 500)}` }
    return new Floor(program, folder)
  }

  /** Uploads for `seconds`, then downloads for as long. */
  async measure(mode: FloorMode, seconds: number, fileBytes: number): Promise<readonly FloorFigure[] | Skipped> {
    const data = join(this.#folder, 'floor-data')
    mkdirSync(data, { recursive: true })
    try {
      const args = [data, String(seconds), String(fileBytes), mode]
      const { stdout } = await promisify(execFile)(this.#program, args, { timeout: 120_000 })
      return stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as FloorFigure)
    } catch (error) {
      return { skipped: `the floor (${mode}) failed: ${String(error).slice(0, 300)}` }
    } finally {
      rmSync(data, { recursive: true, force: true })
    }
  }
}

export function floorCpuPerGib(figure: FloorFigure): number {
  return ((figure.user + figure.system) * 1024 ** 3) / figure.bytes
}
