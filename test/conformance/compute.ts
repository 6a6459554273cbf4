// What every Compute must do. Run against the real one and the one that computes in place.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { AssertionError } from '../../src/base/assert.ts'
import { SeededRandom } from '../../src/base/random.ts'
import type { Compute, DigestAlgorithm } from '../../src/ports/compute.ts'

const text = new TextEncoder()

/**
 * Of "123456789": the check values of the CRC catalogue (reveng: CRC-32/ISO-HDLC, CRC-32/ISCSI, CRC-64/NVME), and what
 * md5sum, sha1sum and sha256sum print.
 */
const ofOneToNine: Readonly<Record<DigestAlgorithm, string>> = {
  md5: '25f9e794323b453885f5181f1b624d0b',
  sha1: 'f7c3bc1d808e04732adf679965ccc34ca7ae3441',
  sha256: '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
  crc32: 'cbf43926',
  crc32c: 'e3069283',
  crc64nvme: 'ae8b14860a799888',
}

const ofNothing: Readonly<Record<DigestAlgorithm, string>> = {
  md5: 'd41d8cd98f00b204e9800998ecf8427e',
  sha1: 'da39a3ee5e6b4b0d3255bfef95601890afd80709',
  sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  crc32: '00000000',
  crc32c: '00000000',
  crc64nvme: '0000000000000000',
}

const algorithms = ['md5', 'sha1', 'sha256', 'crc32', 'crc32c', 'crc64nvme'] as const

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

    test('digests have the values of their standards', () => {
      const compute = create()
      for (const algorithm of algorithms) {
        const digest = compute.createDigest(algorithm)
        digest.update(text.encode('123456789'))
        assert.equal(digest.digest().toHex(), ofOneToNine[algorithm], algorithm)
        assert.equal(compute.createDigest(algorithm).digest().toHex(), ofNothing[algorithm], algorithm)
      }
    })

    test('a digest does not depend on where its parts are cut, nor on others under way', () => {
      const compute = create()
      const bytes = new SeededRandom(2).bytes(600_000)
      for (const algorithm of algorithms) {
        const [whole, parts] = [compute.createDigest(algorithm), compute.createDigest(algorithm)]
        let from = 0
        for (const to of [0, 1, 8, 9, 24, 70_000, 70_017, 600_000]) {
          parts.update(bytes.subarray(from, to))
          compute.createDigest(algorithm).update(bytes.subarray(to))
          from = to
        }
        whole.update(bytes)
        assert.deepEqual(parts.digest(), whole.digest(), algorithm)
      }
    })

    test('a digest keeps nothing of what it was given', () => {
      const compute = create()
      for (const algorithm of algorithms) {
        const bytes = text.encode('123456789')
        const digest = compute.createDigest(algorithm)
        digest.update(bytes)
        bytes.fill(0)
        const value = digest.digest()
        assert.equal(value.toHex(), ofOneToNine[algorithm])
        assert.equal(value.buffer.byteLength, value.length)
      }
    })

    test('nothing can be called on a digest after its end', () => {
      for (const algorithm of algorithms) {
        const digest = create().createDigest(algorithm)
        digest.digest()
        assert.throws(() => {
          digest.update(new Uint8Array(1))
        }, AssertionError)
        assert.throws(() => digest.digest(), AssertionError)
      }
    })

    test('the SHA-256 of a few bytes is the same at once', () => {
      const compute = create()
      assert.equal(compute.sha256Hex(text.encode('123456789')), ofOneToNine.sha256)
      assert.equal(compute.sha256Hex(new Uint8Array(0)), ofNothing.sha256)
    })

    test('HMAC-SHA-256 is the one of RFC 4231, test case 2, and keeps nothing of its input', () => {
      const data = text.encode('what do ya want for nothing?')
      const mac = create().hmacSha256(text.encode('Jefe'), data)
      data.fill(0)
      assert.equal(mac.toHex(), '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
      assert.equal(mac.buffer.byteLength, 32)
    })

    test('an HMAC key knows what it signed, of bytes and of texts, keeps nothing of its input, and takes nothing else', () => {
      const bytes = text.encode('Jefe')
      const key = create().createHmacKey(bytes)
      bytes.fill(0)
      const words = 'what do ya want for nothing?'
      const hex = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
      assert.ok(key.matches(words, hex))
      assert.ok(key.matches(text.encode(words), hex))
      const latin1 = create()
        .hmacSha256(text.encode('Jefe'), new Uint8Array([0xe4]))
        .toHex()
      assert.ok(key.matches('\u00e4', latin1))
      for (const other of [
        '',
        hex.slice(1),
        `${hex}0`,
        hex.toUpperCase(),
        `${hex.slice(0, -1)}4`,
        `\u0135${hex.slice(1)}`,
      ])
        assert.ok(!key.matches(words, other), other)
      assert.ok(!key.matches(`${words} `, hex))
    })

    test('an HMAC key of any length signs data of any length as HMAC-SHA-256 does, in any order', () => {
      const compute = create()
      const lengths = [0, 1, 31, 63, 64, 65, 200, 1023, 1024, 1025, 5000]
      for (const keyLength of [0, 1, 32, 63, 64, 65, 300]) {
        const bytes = Uint8Array.from({ length: keyLength }, (_, at) => (at * 37 + keyLength) & 0xff)
        const key = compute.createHmacKey(bytes)
        for (const length of [...lengths, ...lengths.toReversed()]) {
          const data = Uint8Array.from({ length }, (_, at) => (at * 11 + length) & 0xff)
          const hex = compute.hmacSha256(bytes, data).toHex()
          const words = Buffer.from(data).toString('latin1')
          assert.ok(key.matches(data, hex) && key.matches(words, hex), `${keyLength} ${length}`)
          assert.ok(!key.matches(data, `${hex.slice(0, -1)}${hex.endsWith('0') ? '1' : '0'}`))
        }
      }
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
