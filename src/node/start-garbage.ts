// What a start leaves behind. Loading the program makes twice as much garbage as a process keeps, and an idle process makes no more
// of it, so that nothing would ever collect it. One thorough collection, which also gives the pages back, costs about 45 ms once.

import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { MIB } from '../base/units.ts'

const afterMs = 1500
/** Of a larger heap the pause would be felt; whoever has one is not idle, and collects by itself. */
const heapBytesMax = 48 * MIB

/** Later, once. Does not hold the process. */
export function collectStartGarbageSoon(): void {
  setTimeout(collectStartGarbage, afterMs).unref()
}

export function collectStartGarbage(): void {
  if (getHeapStatistics().used_heap_size > heapBytesMax) return
  // Only a context that is made while the flag is set has the function. It does not stay set: the compile cache is bound to V8's
  // flags, and what this process adds to it would be useless to the next one.
  setFlagsFromString('--expose-gc')
  try {
    runInNewContext("gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })")
  } finally {
    setFlagsFromString('--no-expose-gc')
  }
}
