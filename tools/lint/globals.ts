// Names that the JavaScript engine, Node.js or a browser defines and that a layer may not use, each with what to use
// instead. Everything below main takes time, chance and the world through its ports, so that the same classes run
// in the deterministic simulation: whatever is not listed here must give the same answer in every run.

/** A name, or an object's property (`Math.random`). The value is the remedy. */
type Bans = Readonly<Record<string, string>>

const timer = 'take the Clock port: startTimer or sleep'
const network = 'take the Network port'
const pool = 'take the Compute port: the thread pool’s order is not deterministic'
const wasm = 'use new WebAssembly.Module and new WebAssembly.Instance, which work in place'
const collector = 'free what you own by hand: garbage collection is not deterministic'

const portsBans: Bans = {
  'AbortSignal.timeout': 'take the Clock port: startTimer, and an AbortController',
  'Atomics.wait': timer,
  'Atomics.waitAsync': timer,
  'BroadcastChannel': network,
  'CompressionStream': pool,
  'Date': 'take the Clock port: wallMs or monotonicMs (new Date(milliseconds) and Date.UTC are fine)',
  'DecompressionStream': pool,
  'EventSource': network,
  'FinalizationRegistry': collector,
  'Math.random': 'take the Random port, or a SeededRandom from src/base/random.ts',
  'MessageChannel': 'take the Clock port: endOfTurn',
  'WeakRef': collector,
  'WebAssembly.compile': wasm,
  'WebAssembly.compileStreaming': wasm,
  'WebAssembly.instantiate': wasm,
  'WebAssembly.instantiateStreaming': wasm,
  'WebSocket': network,
  'Worker': pool,
  'XMLHttpRequest': network,
  'clearImmediate': timer,
  'clearInterval': timer,
  'clearTimeout': timer,
  'console': 'take the Log port',
  'crypto': 'take the Random port for chance, the Compute port for digests',
  'fetch': network,
  'navigator': 'take what it tells through the constructor',
  'performance': 'take the Clock port: monotonicMs',
  'process': 'take what it tells (settings, signals, memory) through the constructor; only src/main.ts asks it',
  'setImmediate': 'take the Clock port: endOfTurn',
  'setInterval': timer,
  'setTimeout': timer,
}

const browser = 'browsers do not have it; put what needs it into src/sdk/node.ts'

const browserBans: Bans = {
  Buffer: `use Uint8Array: ${browser}`,
  clearImmediate: browser,
  console: 'a library prints nothing: throw, return, or call the caller’s function',
  global: `use globalThis: ${browser}`,
  process: browser,
  require: browser,
  setImmediate: browser,
}

export const bansByKind: Readonly<Record<'ports' | 'browser', Bans>> = { ports: portsBans, browser: browserBans }
