// Adds up perf(1)'s stacks by what they mean: for each role, how much time the kernel, the collector and compiler, native code
// and JavaScript take, and how much each function of this repository costs with everything that it called below it (up to the
// next function of the repository).

export interface PerfSample {
  readonly pid: number
  readonly command: string
  /** Innermost first: symbol and library. */
  readonly frames: readonly { readonly symbol: string; readonly library: string }[]
}

/** The output of `perf script -F pid,tid,comm,ip,sym,dso`. */
export function* readPerfScript(text: string): Generator<PerfSample> {
  for (const block of text.split('\n\n')) {
    const [head = '', ...lines] = block.split('\n').filter((line) => line.trim() !== '')
    const [, command = '', pid = ''] = /^\s*(.+?)\s+(\d+)\/\d+/.exec(head) ?? []
    const frames = lines.map((line) => {
      const [, symbol = '', library = ''] = /^\s*[0-9a-f]+ (.*) \((.*)\)$/.exec(line) ?? []
      return { symbol, library }
    })
    if (pid !== '') yield { pid: Number(pid), command, frames }
  }
}

function kindOf({ command, frames }: PerfSample): string {
  if (command.startsWith('libuv')) return 'thread pool'
  if (!command.startsWith('node-Main')) return 'other threads (compiler, collector, LMDB)'
  const [leaf = { symbol: '', library: '' }] = frames
  if (leaf.library.includes('kernel'))
    return `kernel: ${frames.find(({ library }) => library.includes('libc'))?.symbol ?? 'other'}`
  if (frames.some(({ symbol }) => /Heap::CollectGarbage|Scavenge|GCTracer/.test(symbol))) return 'collector'
  if (frames.some(({ symbol }) => /Compiler::|Sparkplug|Baseline.*Compil|TieringManager/.test(symbol)))
    return 'compiler'
  if (leaf.library.endsWith('.node')) return `native: ${leaf.library.split('/').at(-1)}`
  if (leaf.library.includes('libc')) return `libc: ${leaf.symbol}`
  if (leaf.symbol.startsWith('JS:wasm') || leaf.symbol.includes('wasm-function')) return 'WebAssembly'
  if (leaf.symbol.startsWith('JS:')) return 'JavaScript, compiled'
  if (leaf.symbol.startsWith('Builtins_')) return 'JavaScript, builtins'
  return 'node and V8, native'
}

function ownerOf({ command, frames }: PerfSample): string {
  if (!command.startsWith('node-Main')) return `(${command})`
  const own = frames.find(({ symbol }) => symbol.startsWith('JS:') && symbol.includes('/src/'))
  const label = own ?? frames.find(({ symbol }) => symbol.startsWith('JS:'))
  if (label === undefined) return '(Node.js itself)'
  return label.symbol.replace(/^JS:[~^+*'`]*/, '').replace(/file:\/\/.*\/(src|node_modules)\//, '')
}

export type SharesByRole = ReadonlyMap<
  string,
  { readonly kinds: Map<string, number>; readonly owners: Map<string, number> }
>

export function addUpSamples(samples: Iterable<PerfSample>, roleOf: (pid: number) => string): SharesByRole {
  const roles = new Map<string, { readonly kinds: Map<string, number>; readonly owners: Map<string, number> }>()
  for (const sample of samples) {
    const role = roleOf(sample.pid)
    const entry = roles.get(role) ?? { kinds: new Map<string, number>(), owners: new Map<string, number>() }
    roles.set(role, entry)
    for (const [map, label] of [
      [entry.kinds, kindOf(sample)],
      [entry.owners, ownerOf(sample)],
    ] as const) {
      map.set(label, (map.get(label) ?? 0) + 1)
    }
  }
  return roles
}

export function sharesText(roles: SharesByRole, limit: number): string {
  const all = [...roles.values()].flatMap(({ kinds }) => [...kinds.values()]).reduce((sum, count) => sum + count, 0)
  const share = (count: number): string => `${((100 * count) / all).toFixed(1).padStart(5)} %`
  const list = (map: ReadonlyMap<string, number>): string =>
    [...map]
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, limit)
      .map(([label, count]) => `${share(count)}  ${label}`)
      .join('\n')
  return [...roles]
    .map(([role, { kinds, owners }]) => {
      const total = [...kinds.values()].reduce((sum, count) => sum + count, 0)
      return `${role}: ${share(total)} of all samples\n${list(kinds)}\n\n${role}, by function\n${list(owners)}`
    })
    .join('\n\n')
}
