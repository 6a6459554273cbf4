// Which functions cost most, from the .cpuprofile files that `--cpu-prof` leaves: self time by function, summed over the
// processes of a role, and the time of the collector and of what V8 calls "program" (native code and the kernel).

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}

interface Profile {
  readonly nodes: readonly ProfileNode[]
  /** Microseconds of the monotonic clock, the same in all processes of a machine. */
  readonly startTime: number
  readonly samples?: readonly number[]
  readonly timeDeltas?: readonly number[]
}

/** When a row ran, in milliseconds of the monotonic clock. */
export interface ProfileWindow {
  readonly label: string
  readonly startMs: number
  readonly endMs: number
}

/** Milliseconds by function. */
type SelfTimes = Map<string, number>

export function summariseProfiles(folder: string, windows: readonly ProfileWindow[], limit = 30): string {
  const profiles = readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile)
  return windows.map((window) => `Profile of ${window.label}\n${windowText(profiles, window, limit)}`).join('\n\n')
}

function windowText(profiles: readonly Profile[], window: ProfileWindow, limit: number): string {
  const roles = new Map<string, { readonly self: SelfTimes; readonly owned: SelfTimes; processes: number }>()
  for (const profile of profiles) {
    const role = roleOf(profile)
    const entry = roles.get(role) ?? { self: new Map<string, number>(), owned: new Map<string, number>(), processes: 0 }
    entry.processes++
    addTimes(profile, window, labelsOf(profile), entry.self)
    addTimes(profile, window, ownersOf(profile), entry.owned)
    roles.set(role, entry)
  }
  return [...roles]
    .filter(([role]) => role !== 'other')
    .map(([role, { self, owned, processes }]) =>
      [
        roleText(`${role} (${processes}), by function`, self, limit),
        roleText(`${role}, by our function with the library code that it called`, owned, limit),
      ].join('\n\n'),
    )
    .join('\n\n')
}

function roleOf(profile: Profile): string {
  const has = (part: string): boolean => profile.nodes.some((node) => node.callFrame.url.includes(part))
  if (has('/src/master/')) return 'master'
  return has('/src/worker/') ? 'workers' : 'other'
}

function labelsOf(profile: Profile): ReadonlyMap<number, string> {
  return new Map(profile.nodes.map((node) => [node.id, labelOf(node)]))
}

function labelOf({ callFrame }: ProfileNode): string {
  const file = callFrame.url.split('/').slice(-2).join('/')
  const name = callFrame.functionName === '' ? '(anonymous)' : callFrame.functionName
  return `${name} ${file}:${callFrame.lineNumber + 1}`
}

/** The nearest function of this repository at or above each node; what Node.js does by itself keeps its own label. */
function ownersOf(profile: Profile): ReadonlyMap<number, string> {
  const owners = new Map<number, string>()
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const visit = (node: ProfileNode, owner: string | undefined): void => {
    const own = node.callFrame.url.includes('/src/') ? labelOf(node) : owner
    owners.set(node.id, own ?? labelOf(node))
    for (const id of node.children ?? []) {
      const child = nodes.get(id)
      if (child !== undefined) visit(child, own)
    }
  }
  const [root] = profile.nodes
  if (root !== undefined) visit(root, undefined)
  return owners
}

function addTimes(
  profile: Profile,
  window: ProfileWindow,
  labels: ReadonlyMap<number, string>,
  times: SelfTimes,
): void {
  const { samples = [], timeDeltas = [] } = profile
  let atMs = profile.startTime / 1000
  for (const [index, id] of samples.entries()) {
    // A sample's time is what lies between it and the next one.
    atMs += (timeDeltas[index] ?? 0) / 1000
    const lastsMs = (timeDeltas[index + 1] ?? 0) / 1000
    if (atMs < window.startMs || atMs > window.endMs) continue
    const label = labels.get(id) ?? '(unknown)'
    times.set(label, (times.get(label) ?? 0) + lastsMs)
  }
}

function roleText(title: string, times: SelfTimes, limit: number): string {
  const isBusy = ([label]: readonly [string, number]): boolean => !label.startsWith('(idle)')
  const busy = [...times].filter(isBusy)
  const total = busy.reduce((sum, [, ms]) => sum + ms, 0)
  const lines = busy
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, limit)
    .map(([label, ms]) => `${((100 * ms) / total).toFixed(1).padStart(5)} %  ${ms.toFixed(0).padStart(6)} ms  ${label}`)
  return [`${title}: ${total.toFixed(0)} ms busy`, ...lines].join('\n')
}
