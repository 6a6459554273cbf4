// Which folder of src/ may import what: the one table that the lint rules `frostbyte/layers` and
// `frostbyte/ports` hold the code to. The order of the layers is ARCHITECTURE.md's:
//
//   base ← ports ← codec, cluster ← rpc, store, meta ← worker, master ← gateway ← main
//
// sim/ is the deterministic simulator: it knows every layer but src/node, and obeys the same bans.
//
// Folders on one step never import each other. src/node holds the real ports and is known only to those who put
// things together; src/sdk also runs in browsers.

/** Which globals a layer may name: `ports` none that reads time, chance or the world; `browser` only a browser's. */
type GlobalsKind = 'ports' | 'browser' | 'any'

export interface Layer {
  /** Other layers that its files may import. */
  readonly imports: readonly string[]
  /** Modules of Node.js that its files may import. */
  readonly nodeModules: readonly string[] | 'any'
  /** Packages that its files may import. */
  readonly packages: readonly string[] | 'any'
  readonly globals: GlobalsKind
}

/** Modules written in C, C++ or Rust: only src/node may load them. */
export const nativePackages: readonly string[] = ['lmdb', '@node-rs/crc32', '@datadog/pprof']

const belowRoles = ['base', 'ports', 'codec', 'cluster', 'rpc', 'store', 'meta']

function pure(imports: readonly string[]): Layer {
  return { imports, nodeModules: [], packages: [], globals: 'ports' }
}

const named: Readonly<Record<string, Layer>> = {
  base: pure([]),
  ports: pure(['base']),
  codec: pure(['base', 'ports']),
  cluster: pure(['base', 'ports']),
  rpc: pure(['base', 'ports', 'codec', 'cluster']),
  store: pure(['base', 'ports', 'codec', 'cluster']),
  meta: pure(['base', 'ports', 'codec', 'cluster']),
  worker: pure(belowRoles),
  master: pure(belowRoles),
  gateway: {
    imports: ['base', 'ports', 'codec', 'cluster', 'rpc', 'meta', 'master'],
    // node:module: for loading node:http without all that its exports bring along.
    nodeModules: ['node:http', 'node:https', 'node:module', 'node:net', 'node:stream', 'node:stream/promises'],
    packages: ['@fastify/busboy', 'fast-xml-parser', 'fastify', 'jose', 'prom-client'],
    globals: 'ports',
  },
  sim: {
    imports: [...belowRoles, 'worker', 'master', 'gateway'],
    // Digests and compression in place, and the turn of the event loop that virtual time waits for.
    nodeModules: ['node:crypto', 'node:timers', 'node:zlib'],
    packages: [],
    globals: 'ports',
  },
  node: { imports: ['base', 'ports', 'codec'], nodeModules: 'any', packages: 'any', globals: 'any' },
  sdk: { imports: ['base'], nodeModules: [], packages: [], globals: 'browser' },
  cli: { imports: ['base', 'ports', 'codec', 'sdk', 'node'], nodeModules: 'any', packages: 'any', globals: 'any' },
  main: {
    imports: [...belowRoles, 'worker', 'master', 'gateway', 'sdk', 'node', 'cli'],
    nodeModules: 'any',
    packages: 'any',
    globals: 'any',
  },
}

/** `undefined`: no layer of that name. */
export function findLayer(name: string): Layer | undefined {
  return Object.hasOwn(named, name) ? named[name] : undefined
}

export function layerNames(): readonly string[] {
  return Object.keys(named)
}

/** Tests, conformance suites and what only they use may import anything; they are not published. */
export function isTestCode(path: string): boolean {
  return /\.(test|conformance)\.ts$/.test(path) || /(^|\/)(conformance|testing)\//.test(path)
}

/**
 * The layer of a file, `path` being relative to the repository's root with forward slashes. `undefined`: it belongs
 * to none. Files directly in src/ are `main`; sim/run.ts, sim/driver/ and what runs its models may do what they like.
 */
export function layerOf(path: string): string | undefined {
  const [top, folder, rest] = path.split('/')
  if (top === 'sim') {
    return folder === 'driver' || folder === 'run.ts' || path === 'sim/models/run.ts' ? undefined : 'sim'
  }
  if (top !== 'src') return undefined
  return rest === undefined ? 'main' : folder
}
