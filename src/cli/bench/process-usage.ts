// What processes of this machine cost: CPU time and memory from Linux's /proc. Elsewhere, or for servers on other machines,
// nothing is known and the columns stay empty.
//
// CPU time is utime + cutime and stime + cstime of /proc/PID/stat, in ticks of 10 ms: so rows must be long enough for that not to
// matter, and a child that ended in between is counted with its parent. Memory: VmHWM is the peak of the resident set since the
// process began, RssAnon what it holds of its own (no mapped files), PSS its share, shared pages divided by their users.

import { readdirSync, readFileSync } from 'node:fs'

import { MIB } from '../../base/units.ts'

const ticksPerSecond = 100

export interface CpuSeconds {
  readonly user: number
  readonly system: number
}

export interface MemoryMib {
  readonly rss: number
  readonly rssAnon: number
  /** Highest resident set since the process began. */
  readonly peakRss: number
}

export interface ServerProcess {
  readonly pid: number
  /** What it is to the server: `master`, `worker`, … */
  readonly role: string
}

export function isUsageKnown(): boolean {
  return process.platform === 'linux'
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // the process has ended, or this is no Linux
  }
}

/** The fields of /proc/PID/stat from the third on; the second, a name in parentheses, may hold anything. */
function statFields(pid: number): readonly string[] | undefined {
  const text = read(`/proc/${pid}/stat`)
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** The process and all its descendants, with their command lines. */
export function listTree(rootPid: number): readonly { readonly pid: number; readonly command: string }[] {
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    const parent = Number.isInteger(pid) ? Number(statFields(pid)?.[1]) : Number.NaN
    if (Number.isInteger(parent)) children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const pids = [rootPid]
  for (let index = 0; index < pids.length; index++) pids.push(...(children.get(pids[index] ?? 0) ?? []))
  return pids.map((pid) => ({ pid, command: (read(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim() }))
}

export function cpuOf(processes: readonly ServerProcess[]): CpuSeconds {
  let user = 0
  let system = 0
  for (const { pid } of processes) {
    const fields = statFields(pid)
    user += Number(fields?.[11] ?? 0) + Number(fields?.[13] ?? 0)
    system += Number(fields?.[12] ?? 0) + Number(fields?.[14] ?? 0)
  }
  return { user: user / ticksPerSecond, system: system / ticksPerSecond }
}

export function cpuBetween(before: CpuSeconds, after: CpuSeconds): CpuSeconds {
  return { user: after.user - before.user, system: after.system - before.system }
}

export function memoryOf(pid: number): MemoryMib | undefined {
  const status = read(`/proc/${pid}/status`)
  if (status === undefined) return undefined
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0) / 1024
  return { rss: field('VmRSS'), rssAnon: field('RssAnon'), peakRss: field('VmHWM') }
}

/** CPU time that all processes and the kernel of this machine have used since it started. */
export function machineCpuSeconds(): number {
  const fields = read('/proc/stat')?.split('\n')[0]?.trim().split(/\s+/) ?? []
  // user nice system (idle iowait) irq softirq steal
  return [1, 2, 3, 6, 7, 8].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0) / ticksPerSecond
}

/** Proportional set size, in MiB. Costs the kernel a walk through the process's page tables. */
export function pssOf(pid: number): number | undefined {
  const rollup = read(`/proc/${pid}/smaps_rollup`)
  const kib = /^Pss:\s*(\d+)/m.exec(rollup ?? '')?.[1]
  return kib === undefined ? undefined : (Number(kib) * 1024) / MIB
}

/** Samples memory while a row runs and keeps the highest of each process. */
export class MemorySampler {
  readonly #processes: readonly ServerProcess[]
  readonly #highest = new Map<number, MemoryMib>()
  #highestSumAnon = 0
  readonly #timer: NodeJS.Timeout

  constructor(processes: readonly ServerProcess[], everyMs = 500) {
    this.#processes = processes
    this.#timer = setInterval(() => this.#sample(), everyMs)
  }

  stop(): MemoryPeaks {
    clearInterval(this.#timer)
    this.#sample()
    const processes = this.#processes.map((one) => ({
      ...one,
      ...(this.#highest.get(one.pid) ?? { rss: 0, rssAnon: 0, peakRss: 0 }),
    }))
    return { processes, sumRssAnon: this.#highestSumAnon }
  }

  #sample(): void {
    let sum = 0
    for (const { pid } of this.#processes) {
      const now = memoryOf(pid)
      if (now === undefined) continue
      sum += now.rssAnon
      const highest = this.#highest.get(pid) ?? now
      this.#highest.set(pid, {
        rss: Math.max(highest.rss, now.rss),
        rssAnon: Math.max(highest.rssAnon, now.rssAnon),
        peakRss: Math.max(highest.peakRss, now.peakRss),
      })
    }
    this.#highestSumAnon = Math.max(this.#highestSumAnon, sum)
  }
}

export interface MemoryPeaks {
  readonly processes: readonly (ServerProcess & MemoryMib)[]
  /** Highest sum at one time. */
  readonly sumRssAnon: number
}
