// Many seeds on several processes. A seed that fails, ends its process or takes too long is printed as the line that repeats it.

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'

import type { SeedAnswer, SeedTask } from './seed-task.ts'

/** Real time; a seed takes about a second. */
const seedMaxMs = 120_000
const progressEveryMs = 15_000
/** Memory of WebAssembly goes back late: a process is not used for ever. */
const seedsPerProcess = 50
/** Of the text of a defect. */
const textMax = 2000

interface Totals {
  seeds: number
  failed: number
  events: number
  cpuMs: number
  readonly counts: Map<string, number>
}

/** Whether all passed. */
export async function runSeeds(
  tasks: readonly SeedTask[],
  options: { readonly processes: number; readonly isTwice: boolean },
): Promise<boolean> {
  const totals: Totals = { seeds: 0, failed: 0, events: 0, cpuMs: 0, counts: new Map() }
  const startedMs = performance.now()
  const say = (): void => {
    process.stdout.write(`${totals.seeds} of ${tasks.length} seeds, ${totals.failed} failed\n`)
  }
  const progress = setInterval(say, progressEveryMs)
  const waiting = tasks.values()
  const lanes = Array.from({ length: Math.min(options.processes, tasks.length) }, async () => {
    const process = new SeedProcess()
    for (const task of waiting) await runTask(process, task, { totals, isTwice: options.isTwice })
    process.end()
  })
  await Promise.all(lanes)
  clearInterval(progress)
  summarize(totals, performance.now() - startedMs)
  return totals.failed === 0
}

async function runTask(
  process: SeedProcess,
  task: SeedTask,
  { totals, isTwice }: { readonly totals: Totals; readonly isTwice: boolean },
): Promise<void> {
  const first = await process.run(task)
  add(totals, first)
  if (typeof first !== 'string' && isTwice) {
    const second = await process.run(task)
    if (typeof second === 'string') return fail(totals, task, second)
    totals.events += second.events
    totals.cpuMs += second.cpuMs
    if (second.hash !== first.hash) fail(totals, task, `two runs, two traces: ${first.hash} and ${second.hash}`)
  }
  if (typeof first === 'string') fail(totals, task, first)
  else if (first.defects.length > 0) fail(totals, task, first.defects.join('\n'))
}

function add(totals: Totals, answer: SeedAnswer | string): void {
  totals.seeds++
  if (typeof answer === 'string') return
  totals.events += answer.events
  totals.cpuMs += answer.cpuMs
  for (const [name, count] of answer.counts) totals.counts.set(name, (totals.counts.get(name) ?? 0) + count)
}

function fail(totals: Totals, task: SeedTask, reason: string): void {
  totals.failed++
  const plant = task.plant === undefined ? '' : ` --plant ${task.plant}`
  const indented = reason.slice(0, textMax).replaceAll('\n', '\n    ')
  process.stdout.write(`FAILED  npm run sim -- --seed ${task.seed}${plant}\n    ${indented}\n`)
}

export function byName([left]: readonly [string, number], [right]: readonly [string, number]): number {
  return left < right ? -1 : 1
}

function summarize(totals: Totals, elapsedMs: number): void {
  for (const [name, count] of [...totals.counts].toSorted(byName)) process.stdout.write(`  ${name}: ${count}\n`)
  const perSecond = (ms: number): number => Math.round((totals.events / Math.max(1, ms)) * 1000)
  process.stdout.write(
    `${totals.seeds} seeds, ${totals.failed} failed, ${totals.events} events in ${Math.round(elapsedMs / 1000)} s: ` +
      `${perSecond(elapsedMs)} a second, ${perSecond(totals.cpuMs)} a second of CPU time\n`,
  )
}

/** One process, started anew where it ended. */
class SeedProcess {
  #child: ChildProcess | undefined
  #ran = 0

  /** The answer, or why there is none. */
  async run(task: SeedTask): Promise<SeedAnswer | string> {
    const child = (this.#child ??= fork(join(import.meta.dirname, 'seed-process.ts'), {
      stdio: 'inherit',
      execArgv: ['--max-semi-space-size=32'],
    }))
    const { promise, resolve } = Promise.withResolvers<SeedAnswer | string>()
    const timer = setTimeout(() => {
      resolve(`no end after ${seedMaxMs / 1000} s`)
      this.#drop()
    }, seedMaxMs)
    const onExit = (code: number | null): void => {
      resolve(`its process ended with ${String(code)}`)
      this.#child = undefined
    }
    child.once('exit', onExit)
    child.once('message', resolve as (message: unknown) => void)
    child.send(task)
    const answer = await promise
    clearTimeout(timer)
    child.removeAllListeners('exit')
    child.removeAllListeners('message')
    if (++this.#ran % seedsPerProcess === 0) this.#drop()
    return answer
  }

  end(): void {
    this.#drop()
  }

  #drop(): void {
    this.#child?.kill('SIGKILL')
    this.#child = undefined
  }
}
