// While a seed runs, whatever would make the run depend on the real machine throws: its clocks, its timers, its random numbers, and calls
// that end on the thread pool. The simulated layers have none of it by their rules (a lint rule holds the imports); this
// catches what comes in through a global or a library.

import childProcess from 'node:child_process'
import crypto from 'node:crypto'
import fs from 'node:fs'
import fsPromises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'
import timersPromises from 'node:timers/promises'
import zlib from 'node:zlib'

import { assert } from '../../src/base/assert.ts'

type Holder = object

const forbidden: readonly (readonly [holder: Holder, names: readonly string[]])[] = [
  [globalThis, ['setTimeout', 'setInterval', 'setImmediate', 'fetch']],
  [Date, ['now']],
  [performance, ['now']],
  [Math, ['random']],
  [AbortSignal, ['timeout']],
  [process, ['hrtime', 'uptime', 'cpuUsage']],
  [timers, ['setTimeout', 'setInterval', 'setImmediate']],
  [timersPromises, ['setTimeout', 'setInterval', 'setImmediate']],
  [
    crypto,
    [
      'randomBytes',
      'randomFill',
      'randomFillSync',
      'randomInt',
      'randomUUID',
      'getRandomValues',
      'pbkdf2',
      'scrypt',
      'hkdf',
      'generateKey',
      'generateKeyPair',
    ],
  ],
  [crypto.webcrypto, ['getRandomValues', 'randomUUID']],
  [crypto.webcrypto.subtle, ['digest', 'encrypt', 'decrypt', 'sign', 'verify', 'deriveBits', 'generateKey']],
  [
    zlib,
    ['deflate', 'inflate', 'gzip', 'gunzip', 'brotliCompress', 'brotliDecompress', 'zstdCompress', 'zstdDecompress'],
  ],
  [fs, ['readFile', 'writeFile', 'open', 'read', 'write', 'fsync', 'fdatasync']],
  [fsPromises, ['readFile', 'writeFile', 'open']],
  [childProcess, ['spawn', 'fork', 'exec']],
]

class RealWorldError extends Error {
  override readonly name = 'RealWorldError'
}

/** Call the result to allow everything again. `onUse` is told of each call, which throws. */
export function forbidRealWorld(onUse: (name: string) => void): () => void {
  const restore: (() => void)[] = []
  for (const [holder, names] of forbidden) {
    for (const name of names) {
      const descriptor = findDescriptor(holder, name)
      if (descriptor === undefined) continue
      const isOwn = Object.hasOwn(holder, name)
      Object.defineProperty(holder, name, { ...descriptor, value: refusal(name, onUse), writable: true })
      restore.push(() => {
        if (isOwn) Object.defineProperty(holder, name, descriptor)
        else Reflect.deleteProperty(holder, name)
      })
    }
  }
  restore.push(forbidDate(onUse), replaceAny())
  syncBuiltinESMExports()
  return () => {
    for (const undo of restore.splice(0)) undo()
    syncBuiltinESMExports()
  }
}

/** A function under that name, on the object or on what it inherits from. Getters (`globalThis.crypto`) are left alone. */
function findDescriptor(holder: Holder, name: string): PropertyDescriptor | undefined {
  for (let at: unknown = holder; typeof at === 'object' || typeof at === 'function'; at = Object.getPrototypeOf(at)) {
    if (at === null) return undefined
    const descriptor = Object.getOwnPropertyDescriptor(at, name)
    if (descriptor === undefined) continue
    return typeof descriptor.value === 'function' && descriptor.configurable === true ? descriptor : undefined
  }
  return undefined
}

function refusal(name: string, onUse: (name: string) => void): () => never {
  return () => {
    onUse(name)
    throw new RealWorldError(`${name} was called in a simulated layer`)
  }
}

/** `new Date()` without a time reads the clock. */
function forbidDate(onUse: (name: string) => void): () => void {
  const RealDate = Date
  const refuse = refusal('new Date()', onUse)
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: readonly unknown[], newTarget): Date =>
      args.length === 0 ? refuse() : (Reflect.construct(target, args, newTarget) as Date),
  })
  return () => {
    globalThis.Date = RealDate
  }
}

/**
 * Node.js holds what `AbortSignal.any` made, and with it whoever waits for it, in a list of its own until it is aborted. Nodes that crash
 * leave such waits behind, and a run would never be collected; nor does anything here hang on when the collector runs.
 */
function replaceAny(): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(AbortSignal, 'any')
  assert(descriptor !== undefined, 'AbortSignal.any is there')
  AbortSignal.any = (signals): AbortSignal => {
    const either = new AbortController()
    for (const signal of signals) {
      if (signal.aborted) either.abort(signal.reason)
      else signal.addEventListener('abort', () => either.abort(signal.reason), { once: true })
    }
    return either.signal
  }
  return () => {
    Object.defineProperty(AbortSignal, 'any', descriptor)
  }
}
