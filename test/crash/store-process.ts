// Starts store-child.ts, kills it, and keeps what it said.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import type { StoreOptions } from '../../src/store/contract.ts'

/** Small segments and few entries in memory, so that a second sees many of both. */
export const storeOptions: StoreOptions = {
  segmentBytesMax: 4 * 1024 * 1024,
  memoryEntriesMax: 64,
  reserveBytes: 0,
  ballastBytes: 1024 * 1024,
}

/** Lets the process work for `killAfterLines` lines after it was ready, kills it with SIGKILL, and gives all lines. */
export async function workAndDie(directory: string, seed: number, killAfterLines: number): Promise<readonly string[]> {
  const script = fileURLToPath(new URL('store-child.ts', import.meta.url))
  const child = spawn(process.execPath, [script, directory, String(seed)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  const exited = once(child, 'exit')
  for await (const line of createInterface(child.stdout)) {
    lines.push(line)
    if (lines.length === killAfterLines) child.kill('SIGKILL')
  }
  await exited
  return lines
}
