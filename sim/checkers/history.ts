import type { Defects } from '../defects.ts'
import type { History, Operation } from '../history.ts'
import { checkRegister } from './register.ts'

/** Every key by itself: what was seen of it must have an explanation. */
export function checkHistory(history: History, defects: Defects, counts: Map<string, number>): void {
  const keys = new Map<string, Operation[]>()
  for (const operation of history.operations) {
    const known = keys.get(operation.key)
    if (known === undefined) keys.set(operation.key, [operation])
    else known.push(operation)
  }
  for (const [key, operations] of keys) {
    const verdict = checkRegister(operations)
    if (verdict === 'undecided') counts.set('keys undecided', (counts.get('keys undecided') ?? 0) + 1)
    if (verdict === 'impossible') defects.add(`what was seen of ${key} cannot be explained:\n${shortest(operations)}`)
  }
}

/** The shortest start of the history that has no explanation, its last lines. */
function shortest(operations: readonly Operation[]): string {
  const sorted = operations.toSorted((left, right) => left.invokedAt - right.invokedAt)
  let count = 1
  while (count < sorted.length && checkRegister(sorted.slice(0, count)) !== 'impossible') count++
  const lines = sorted.slice(0, count).map(({ text, effect, invokedAt, returnedAt }) => {
    const until = returnedAt === Number.POSITIVE_INFINITY ? '…' : returnedAt
    return `  ${invokedAt}–${until} ${text}: ${JSON.stringify(effect)}`
  })
  return lines.slice(-40).join('\n')
}
