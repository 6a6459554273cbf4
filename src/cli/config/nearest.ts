// The known name that a wrong one was probably meant to be: the optimal string alignment distance (Damerau, 1964: insertion, deletion,
// substitution, exchange of neighbours) over a form in which case, `_` and camel case make no difference.

/** `undefined`: none is near enough. */
export function nearest(wrong: string, known: Iterable<string>): string | undefined {
  const plain = toKebab(wrong.slice(0, 64))
  let best: string | undefined
  let bestDistance = Math.floor(Math.max(plain.length, 3) * 0.4) + 1
  for (const name of known) {
    const distance = alignmentDistance(plain, toKebab(name))
    if (distance < bestDistance) {
      best = name
      bestDistance = distance
    }
  }
  return best
}

function toKebab(name: string): string {
  return name
    .replaceAll(/([a-z])([A-Z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase()
}

function alignmentDistance(left: string, right: string): number {
  let beforeLast: readonly number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const isSame = left[row - 1] === right[column - 1]
      const isExchanged = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
        isExchanged ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    beforeLast = last
    last = current
  }
  return at(last, right.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY
}
