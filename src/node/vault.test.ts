import assert from 'node:assert/strict'
import { test } from 'node:test'

import { NodeVault } from './vault.ts'

const vault = new NodeVault()
const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)
const options = { key: bytes(32, 1), nonce: bytes(12, 2), context: bytes(5, 3) }

test('argon2id gives the published hash', async () => {
  // From the reference implementation's own tests (P-H-C/phc-winner-argon2, src/test.c: argon2id, version 19, t=2, m=2^16, p=1).
  const salt = new TextEncoder().encode('somesalt')
  const cost = { memoryKib: 65_536, passes: 2, parallelism: 1 }
  const hash = await vault.argon2id(new TextEncoder().encode('password'), salt, cost)
  assert.equal(Buffer.from(hash).toString('hex'), '09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7')
})

test('what was sealed is opened with the same key, nonce and context, and with no other', () => {
  const plain = new TextEncoder().encode('a secret')
  const sealed = vault.seal(plain, options)
  assert.equal(sealed.length, plain.length + 16)
  assert.deepEqual(vault.open(sealed, options), new Uint8Array(plain))
  for (const other of [{ key: bytes(32, 9) }, { nonce: bytes(12, 9) }, { context: bytes(5, 9) }])
    assert.equal(vault.open(sealed, { ...options, ...other }), undefined)
})

test('a sealed secret that was altered in any one byte, or cut, is not opened', () => {
  const sealed = vault.seal(new TextEncoder().encode('a secret'), options)
  for (let index = 0; index < sealed.length; index++) {
    const altered = sealed.slice()
    altered[index] = (altered[index] ?? 0) ^ 1
    assert.equal(vault.open(altered, options), undefined)
  }
  for (const length of [0, 15, 16, sealed.length - 1])
    assert.equal(vault.open(sealed.subarray(0, length), options), undefined)
})

test('piece by piece, the ciphertext and the tag are those of the whole, and open in other pieces', () => {
  const plain = new Uint8Array(1000).map((_, index) => index)
  const sealed = vault.seal(plain, options)
  const sealer = vault.createSealer(options)
  const pieces = [
    sealer.update(plain.subarray(0, 1)),
    sealer.update(plain.subarray(1, 700)),
    sealer.update(plain.subarray(700)),
  ]
  const tag = sealer.finish()
  assert.deepEqual(Buffer.concat([...pieces, tag]), Buffer.from(sealed))
  for (const piece of pieces) assert.equal(piece.buffer.byteLength, piece.length)
  const opener = vault.createOpener(options)
  const opened = [opener.update(sealed.subarray(0, 17)), opener.update(sealed.subarray(17, 1000))]
  assert.equal(opener.finish(tag), true)
  assert.deepEqual(Buffer.concat(opened), Buffer.from(plain))
})

test('piece by piece, what was altered, cut or sealed otherwise does not pass', () => {
  const sealed = vault.seal(new Uint8Array(100), options)
  const passes = (content: Uint8Array, mark: Uint8Array, other: object = {}): boolean => {
    const opener = vault.createOpener({ ...options, ...other })
    opener.update(content)
    return opener.finish(mark)
  }
  const [content, tag] = [sealed.subarray(0, 100), sealed.subarray(100)]
  assert.ok(passes(content, tag))
  assert.ok(!passes(content.subarray(1), tag))
  assert.ok(!passes(content, tag.subarray(0, 15)))
  assert.ok(!passes(content, new Uint8Array(16)))
  for (const other of [{ key: bytes(32, 9) }, { nonce: bytes(12, 9) }, { context: bytes(5, 9) }])
    assert.ok(!passes(content, tag, other))
})
