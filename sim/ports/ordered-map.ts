// An ordered map from strings to values, for simulated stores: sorted leaves of at most 512 keys, found by binary search over
// their first keys. Inserting costs a move within one leaf, so a million keys are no trouble.

const leafMax = 512

interface Leaf<T> {
  readonly keys: string[]
  readonly values: T[]
}

export class OrderedMap<T> {
  /** Never empty leaves, except that the map has one leaf when it is empty. */
  readonly #leaves: Leaf<T>[] = [{ keys: [], values: [] }]
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: string): T | undefined {
    const leaf = this.#leaf(this.#find(key))
    const at = lowerBound(leaf.keys, key)
    return leaf.keys[at] === key ? leaf.values[at] : undefined
  }

  set(key: string, value: T): void {
    const index = this.#find(key)
    const leaf = this.#leaf(index)
    const at = lowerBound(leaf.keys, key)
    if (leaf.keys[at] === key) {
      leaf.values[at] = value
      return
    }
    leaf.keys.splice(at, 0, key)
    leaf.values.splice(at, 0, value)
    this.#size += 1
    if (leaf.keys.length <= leafMax) return
    const half = leafMax >> 1
    this.#leaves.splice(index + 1, 0, { keys: leaf.keys.splice(half), values: leaf.values.splice(half) })
  }

  delete(key: string): boolean {
    const index = this.#find(key)
    const leaf = this.#leaf(index)
    const at = lowerBound(leaf.keys, key)
    if (leaf.keys[at] !== key) return false
    leaf.keys.splice(at, 1)
    leaf.values.splice(at, 1)
    this.#size -= 1
    if (leaf.keys.length === 0 && this.#leaves.length > 1) this.#leaves.splice(index, 1)
    return true
  }

  /** Entries with `from` ≤ key < `to`, ascending. */
  *ascending(from: string, to: string): Generator<readonly [string, T]> {
    for (let index = this.#find(from); index < this.#leaves.length; index++) {
      const { keys, values } = this.#leaf(index)
      for (let at = lowerBound(keys, from); at < keys.length; at++) {
        const key = keys[at] ?? ''
        if (key >= to) return
        yield [key, values[at] as T]
      }
    }
  }

  /** The same entries, descending. */
  *descending(from: string, to: string): Generator<readonly [string, T]> {
    for (let index = this.#find(to); index >= 0; index--) {
      const { keys, values } = this.#leaf(index)
      for (let at = lowerBound(keys, to) - 1; at >= 0; at--) {
        const key = keys[at] ?? ''
        if (key < from) return
        yield [key, values[at] as T]
      }
    }
  }

  #leaf(index: number): Leaf<T> {
    return this.#leaves[index] ?? { keys: [], values: [] }
  }

  /** The last leaf whose first key is not above `key`, or the first leaf. */
  #find(key: string): number {
    let low = 0
    let high = this.#leaves.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#leaf(middle).keys[0] ?? '') <= key) low = middle
      else high = middle - 1
    }
    return low
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((keys[middle] ?? '') < key) low = middle + 1
    else high = middle
  }
  return low
}
