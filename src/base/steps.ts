// Work that would hold a thread for too long in one go, cut into steps: a generator that yields wherever others may run in between. It
// does not say when it goes on; who drives it does: at once (`runSteps`), or with a turn of the event loop between two steps
// (`runInTurns`). Each step should take a few milliseconds at most.

export type Steps<T> = Generator<undefined, T, undefined>

/** What asks to be called at the end of a turn of the event loop: a `Clock`. */
export interface Turns {
  endOfTurn(callback: () => void): void
}

/** Whether something is steps, and not yet what comes of them, which must have no method `next`. */
export function isSteps<T>(value: T | Steps<T>): value is Steps<T> {
  return typeof value === 'object' && value !== null && 'next' in value && typeof value.next === 'function'
}

/** All steps at once. @throws whatever a step throws. */
export function runSteps<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}

/** The first step at once, each further one in a turn of its own. Rejects with what a step throws. */
export async function runInTurns<T>(steps: Steps<T>, turns: Turns): Promise<T> {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
    await endOfTurn(turns)
  }
}

/** Resolves when this turn of the event loop is over, and what arrived in it was handled. */
export async function endOfTurn(turns: Turns): Promise<void> {
  await new Promise<void>((resolve) => {
    turns.endOfTurn(resolve)
  })
}
