// A cluster of real processes whose nodes speak TLS to each other: two processes of a master and five workers.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'

import { RealUp } from '../harness/real-up.ts'

test('nodes that encrypt what they send each other store files and give them back', async () => {
  const up = await RealUp.start({ processes: 2, args: ['--internal-tls'] })
  try {
    const content = randomBytes(20_000_000)
    for (let index = 0; index < 4; index++) {
      const put = await fetch(`${up.url}/upload?filename=f${index}`, { method: 'PUT', body: content.subarray(index) })
      assert.equal(put.status, 201, await put.text())
      const got = await fetch(`${up.url}/download/f${index}`)
      assert.ok(Buffer.from(await got.arrayBuffer()).equals(content.subarray(index)))
    }
  } finally {
    await up.remove()
  }
})
