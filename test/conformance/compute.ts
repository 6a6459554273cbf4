// What every Compute must do. Run against the real one and the one that computes in place.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { AssertionError } from '../../src/base/assert.ts'
import { SeededRandom } from '../../src/base/random.ts'
import type { Compute } from '../../src/ports/compute.ts'

const text = new TextEncoder()

export function computeConformance(name: string, create: () => Compute): void {
  describe(`${name} as a Compute`, () => {
    test('CRC-32 is the one of IEEE 802.3', () => {
      const compute = create()
      // The check value of the CRC catalogue (reveng): CRC-32/ISO-HDLC.
      assert.equal(compute.crc32(text.encode('123456789')), 0xcbf4_3926)
      assert.equal(compute.crc32(new Uint8Array(0)), 0)
      assert.equal(compute.crc32(new Uint8Array(1)), 0xd202_ef8d)
    })

    test('CRC-32 goes on where the previous part ended', () => {
      const compute = create()
      const bytes = new SeededRandom(1).bytes(30_000)
      const whole = compute.crc32(bytes)
      for (const cut of [0, 1, 15, 16, 1000, 29_999, 30_000]) {
        assert.equal(compute.crc32(bytes.subarray(cut), compute.crc32(bytes.subarray(0, cut))), whole)
      }
    })

    test('digests have the values of their standards', async () => {
      const compute = create()
      const expected = {
        md5: '900150983cd24fb0d6963f7d28e17f72',
        sha1: 'a9993e364706816aba3e25717850c26c9cd0d89d',
        sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      } as const
      for (const algorithm of ['md5', 'sha1', 'sha256'] as const) {
        const hash = compute.createHash(algorithm)
        await hash.update(text.encode('abc'))
        assert.equal((await hash.digest()).toHex(), expected[algorithm])
      }
    })

    test('a digest does not depend on where its parts are cut', async () => {
      const compute = create()
      const bytes = new SeededRandom(2).bytes(600_000)
      const whole = compute.createHash('sha256')
      await whole.update(bytes)
      const parts = compute.createHash('sha256')
      for (const [start, end] of [
        [0, 0],
        [0, 1],
        [1, 70_000],
        [70_000, 600_000],
      ] as const) {
        await parts.update(bytes.subarray(start, end))
      }
      assert.deepEqual(await parts.digest(), await whole.digest())
    })

    test('nothing can be called on a hash after its digest', async () => {
      const hash = create().createHash('md5')
      await hash.digest()
      await assert.rejects(async () => hash.update(new Uint8Array(1)), AssertionError)
      await assert.rejects(async () => hash.digest(), AssertionError)
    })

    test('HMAC-SHA-256 is the one of RFC 4231, test case 2, and keeps nothing of its input', () => {
      const data = text.encode('what do ya want for nothing?')
      const mac = create().hmacSha256(text.encode('Jefe'), data)
      data.fill(0)
      assert.equal(mac.toHex(), '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
      assert.equal(mac.buffer.byteLength, 32)
    })

    test('equal is only what is equal, of any length', () => {
      const compute = create()
      assert.ok(compute.equalsConstantTime(text.encode('secret'), text.encode('secret')))
      assert.ok(compute.equalsConstantTime(new Uint8Array(0), new Uint8Array(0)))
      assert.ok(!compute.equalsConstantTime(text.encode('secret'), text.encode('secreT')))
      assert.ok(!compute.equalsConstantTime(text.encode('secret'), text.encode('secrets')))
      assert.ok(!compute.equalsConstantTime(text.encode('secret'), new Uint8Array(0)))
    })
  })
}
