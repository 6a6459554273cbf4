// Turns the module's text into callable functions over a memory. Compiled once per process, on first use.

import { assert } from '../../base/assert.ts'
import { kernelsBase64 } from './module.ts'

/** The module's exports; what they do is said in assembly/kernels.ts. All arguments are addresses or counts. */
export interface Kernels {
  readonly sums: Kernel
  readonly parities: Kernel
}

type Kernel = (...args: KernelArguments) => void

type KernelArguments = [
  sources: number,
  count: number,
  targets: number,
  rows: number,
  tables: number,
  rowBytes: number,
  length: number,
]

let compiled: WebAssembly.Module | undefined

export function instantiateKernels(memory: WebAssembly.Memory): Kernels {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(kernelsBase64), (character) => character.charCodeAt(0)))
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } })
  const { sums, parities } = exports
  assert(isKernel(sums) && isKernel(parities), 'the module exports its kernels')
  return { sums, parities }
}

function isKernel(value: unknown): value is Kernel {
  return typeof value === 'function'
}
