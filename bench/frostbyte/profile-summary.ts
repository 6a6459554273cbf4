// Which functions cost most, from the .cpuprofile files that `--cpu-prof` leaves: self time by function, summed over the
// processes of a role, and the time of the collector and of what V8 calls "program" (native code and the kernel).

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
}

interface Profile {
  readonly nodes: readonly ProfileNode[]
  readonly samples?: readonly number[]
  readonly timeDeltas?: readonly number[]
}

/** Milliseconds by function. */
type SelfTimes = Map<string, number>

export function summariseProfiles(folder: string, limit = 30): string {
  const roles = new Map<string, { readonly times: SelfTimes; files: number }>()
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.cpuprofile')) continue
    const profile = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile
    const role = profile.nodes.some((node) => /\/src\/master\//.test(node.callFrame.url)) ? 'master' : 'others'
    const entry = roles.get(role) ?? { times: new Map<string, number>(), files: 0 }
    entry.files++
    addSelfTimes(profile, entry.times)
    roles.set(role, entry)
  }
  return [...roles]
    .map(([role, { times, files }]) => roleText(`${role} (${files} processes)`, times, limit))
    .join('\n\n')
}

function addSelfTimes(profile: Profile, times: SelfTimes): void {
  const labels = new Map<number, string>()
  for (const { id, callFrame } of profile.nodes) {
    const file = callFrame.url.split('/').slice(-2).join('/')
    labels.set(
      id,
      `${callFrame.functionName === '' ? '(anonymous)' : callFrame.functionName} ${file}:${callFrame.lineNumber + 1}`,
    )
  }
  const { samples = [], timeDeltas = [] } = profile
  for (const [index, id] of samples.entries()) {
    const label = labels.get(id) ?? '(unknown)'
    times.set(label, (times.get(label) ?? 0) + (timeDeltas[index] ?? 0) / 1000)
  }
}

function roleText(title: string, times: SelfTimes, limit: number): string {
  const isBusy = ([label]: readonly [string, number]): boolean => !label.startsWith('(idle)')
  const busy = [...times].filter(isBusy)
  const total = busy.reduce((sum, [, ms]) => sum + ms, 0)
  const lines = busy
    .sort(([, a], [, b]) => b - a)
    .slice(0, limit)
    .map(([label, ms]) => `${((100 * ms) / total).toFixed(1).padStart(5)} %  ${ms.toFixed(0).padStart(6)} ms  ${label}`)
  return [`${title}: ${total.toFixed(0)} ms busy`, ...lines].join('\n')
}
