// What Node.js itself is told when the supervisor starts a process, so that memory is given back instead of kept. Left alone, V8
// sizes its heap by the machine's memory: 96 MiB for young objects and no full collection for a long time, in each of
// six processes. docs/design/performance.md has what each flag brings.
//
// - Semi-spaces are small: few objects outlive a request. Smaller ones have more of them taken for old.
// - The first full collection comes early; after it the heap may grow by a factor that V8 derives from the largest size
//   allowed: 4 from 1 GiB on, 1.5 to 2 below. What the roles keep on the heap is bounded far below these sizes (bodies and blocks
//   lie outside), so that reaching one means a leak.
// - One helper thread each: several would share the cores with the other processes, and malloc keeps an arena for each.
// - malloc (glibc's; others do not know the variables) keeps one arena, and goes on giving back what is free at its top; by itself it
//   stops that once a large piece was freed. The slices that sockets read, 64 KiB each, live there.

export type SupervisedRole = 'master' | 'worker'

const flags: Readonly<Record<SupervisedRole, Readonly<Record<string, number>>>> = {
  master: {
    '--max-semi-space-size': 8,
    '--initial-old-space-size': 40,
    '--max-old-space-size': 1000,
    '--v8-pool-size': 1,
  },
  worker: {
    '--max-semi-space-size': 2,
    '--initial-old-space-size': 20,
    '--max-old-space-size': 512,
    '--v8-pool-size': 1,
  },
}

/** `nodeOptions`: those of the environment (NODE_OPTIONS), which count over these. */
export function nodeFlags(role: SupervisedRole, nodeOptions = ''): readonly string[] {
  const given = new Set(nodeOptions.split(/[\s=]+/).map((word) => word.replaceAll('_', '-')))
  return Object.entries(flags[role])
    .filter(([name]) => !given.has(name))
    .map(([name, value]) => `${name}=${value}`)
}

/** Variables for the process, for its malloc. */
export const mallocEnvironment: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '131072',
}
