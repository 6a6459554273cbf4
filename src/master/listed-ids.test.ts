import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { dataIdBefore, makeDataId } from '../base/ids.ts'
import type { DataId } from '../base/ids.ts'
import { findListed } from './listed-ids.ts'

const ids = (...times: readonly number[]): readonly DataId[] =>
  times.map((time) => makeDataId(time, new Uint8Array(10)))
const even = ids(...Array.from({ length: 500 }, (_, index) => 2 * index))

async function find(
  asked: readonly DataId[],
  stored: readonly DataId[],
): Promise<{ readonly found: readonly DataId[] | undefined; readonly pages: number }> {
  let pages = 0
  const list = async (after: DataId | undefined): Promise<readonly DataId[]> => {
    pages += 1
    await Promise.resolve()
    return stored.filter((id) => after === undefined || id > after).slice(0, 10)
  }
  const found = await findListed(asked, list, 10)
  return { found, pages }
}

describe('the ids that a worker lists', () => {
  test('are found among many others, with a page for each that lies alone', async () => {
    const { found, pages } = await find(ids(0, 1, 400, 401, 998), even)
    assert.deepEqual(found, ids(0, 400, 998))
    assert.equal(pages, 3)
  })

  test('are found with the pages of the list where they lie side by side', async () => {
    const { found, pages } = await find(even, even)
    assert.deepEqual(found, even)
    assert.equal(pages, 50)
  })

  test('are not asked for behind the end of the list', async () => {
    assert.deepEqual(await find(ids(1000, 1001, 1002), even), { found: [], pages: 1 })
    assert.deepEqual(await find(ids(990, 1002, 1004), even), { found: ids(990), pages: 1 })
    assert.deepEqual(await find([], even), { found: [], pages: 0 })
  })

  test('are unknown when a page does not come', async () => {
    assert.equal(await findListed(ids(1), async () => await Promise.resolve(undefined), 10), undefined)
  })

  test('begin behind the id before, which the first one does not have', () => {
    const [first, second] = ids(0, 1)
    assert.ok(first !== undefined && second !== undefined)
    assert.equal(dataIdBefore(first), undefined)
    assert.equal(dataIdBefore(second), `${'0'.repeat(12)}${'f'.repeat(20)}`)
  })
})
