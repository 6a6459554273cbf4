import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { VirtualTime } from '../../../sim/ports/clock.ts'
import { AccessWorld } from '../../../test/fast/rest/access-world.ts'
import { errorCode } from '../../base/errors.ts'
import { NodeCompute } from '../../node/compute.ts'
import { NodeRandom } from '../../node/random.ts'
import { NodeVault } from '../../node/vault.ts'
import { SecretBox } from './secret-box.ts'

const ports = { random: new NodeRandom(), vault: new NodeVault(), compute: new NodeCompute() }

describe('the code of a share link', () => {
  test('altered in any one bit is not found', async () => {
    const time = new VirtualTime()
    const clock = time.createClock()
    const { shareLinks } = (await AccessWorld.open({ clock })).access
    const link = { user: '', bucket: 'default', key: 'a', expiresMs: clock.wallMs() + 1_000 }
    const { code, row } = await shareLinks.create(link)
    assert.deepEqual(await shareLinks.find(code), row)
    const bytes = Buffer.from(code, 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const altered = Buffer.from(bytes)
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      await assert.rejects(shareLinks.find(altered.toString('base64url')), isCode('share-link-invalid'))
    }
    await time.advance(1_000)
    await assert.rejects(shareLinks.find(code), isCode('share-link-ended'))
  })

  test('of any text is found or refused, and no more', async () => {
    const { shareLinks } = (await AccessWorld.open()).access
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[A-Za-z0-9_-]{43,45}$/))
    await fc.assert(
      fc.asyncProperty(text, async (code) => assert.rejects(shareLinks.find(code), isCode('share-link-invalid'))),
    )
  })
})

describe('a sealed secret', () => {
  const secret = new Uint8Array(32).fill(1)
  const box = new SecretBox(ports, secret)

  test('is opened by who sealed it, for what it was sealed for', () => {
    const sealed = box.seal('a secret', 'AKIA1')
    assert.equal(Buffer.from(new SecretBox(ports, secret).open(sealed, 'AKIA1')).toString(), 'a secret')
    assert.notDeepEqual(box.seal('a secret', 'AKIA1'), sealed)
    assert.ok(!Buffer.from(sealed).includes('a secret'))
    assert.throws(() => box.open(sealed, 'AKIA2'), isCode('store-corrupt'))
    const foreign = new SecretBox(ports, new Uint8Array(32).fill(2))
    assert.throws(() => foreign.open(sealed, 'AKIA1'), isCode('store-corrupt'))
  })

  test('of any bytes is opened or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        assert.throws(() => box.open(bytes, 'AKIA1'), isCode('store-corrupt'))
      }),
    )
  })
})

function isCode(code: string): (error: unknown) => boolean {
  return (error) => errorCode(error) === code
}
