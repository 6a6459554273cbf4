import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { FrostError } from '../../base/errors.ts'
import { SeededRandom } from '../../base/random.ts'
import { NodeCompute } from '../../node/compute.ts'
import { NodeVault } from '../../node/vault.ts'
import { DecryptingReader } from './decrypting-reader.ts'
import { EncryptingUpload } from './encrypting-upload.ts'
import { planRun } from './segment-run.ts'
import {
  plainSize,
  plainSizeOfPart,
  plainSizeOfWhole,
  saltBytes,
  sealedSegmentBytes,
  segmentBytes,
  segmentNonce,
  storedSize,
  storedSizeOfPart,
  storedSizeOfWhole,
  streamKey,
} from './stream-format.ts'
import type { PlainLayout } from './stream-format.ts'
import { MemoryUpload, readAll, StoredBytes } from './testing/stored-bytes.ts'

const random = new SeededRandom(7)
const ports = { compute: new NodeCompute(), vault: new NodeVault(), random }
const dataKey = random.bytes(32)

/** Written in slices of `sliceBytes`. */
async function encrypt(plain: Uint8Array, part = 0, sliceBytes = 50_000, key = dataKey): Promise<Uint8Array> {
  const stored = new MemoryUpload()
  const upload = new EncryptingUpload(ports, stored, { dataKey: key, part })
  for (let at = 0; at < plain.length; at += sliceBytes) await upload.write(plain.slice(at, at + sliceBytes))
  const { logical } = await upload.finish({})
  assert.deepEqual(logical, { sizeBytes: plain.length, crc32: ports.compute.crc32(plain) })
  return stored.bytes()
}

function open(stored: Uint8Array, layout: PlainLayout, sliceBytes = 70_000, key = dataKey): DecryptingReader {
  return new DecryptingReader(ports, new StoredBytes(stored, sliceBytes), { dataKey: key, layout })
}

async function isRefused(stored: Uint8Array, layout: PlainLayout, key = dataKey): Promise<void> {
  const reader = open(stored, layout, 70_000, key)
  await assert.rejects(
    readAll(reader.read(0, reader.sizeBytes)),
    (error) => error instanceof FrostError && error.code === 'store-corrupt',
  )
}

const edges = [0, 1, 15, 16, segmentBytes - 1, segmentBytes, segmentBytes + 1, 2 * segmentBytes, 3 * segmentBytes + 5]

test('the stored size is a function of the plain size, and back', async () => {
  for (const size of [...edges, 5 * 2 ** 40]) {
    assert.equal(plainSizeOfWhole(storedSizeOfWhole(size)), size)
    assert.equal(plainSizeOfPart(storedSizeOfPart(size)), size)
  }
  for (const size of edges) {
    const plain = random.bytes(size)
    assert.equal((await encrypt(plain)).length, storedSizeOfWhole(size))
    assert.equal((await encrypt(plain, 3)).length, storedSizeOfPart(size))
  }
  for (const none of [0, 15, sealedSegmentBytes + 16, sealedSegmentBytes + 1])
    assert.equal(plainSizeOfWhole(none), undefined)
  assert.equal(plainSizeOfPart(saltBytes), undefined)
})

test('the format is the documented one: derived key, nonce of number and end, tag after each segment', async () => {
  const key = new Uint8Array(32).fill(1)
  assert.equal(
    streamKey(ports.compute, key, 0, new Uint8Array(0)).toHex(),
    // printf 'frostbyte object stream, version 1\0\0\0\0' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0101…
    'b820c6d093271667a2f140cf38ad522533ab5f0b38f3781205c08d45ea87f531',
  )
  assert.equal(segmentNonce(0, false).toHex(), '000000000000000000000000')
  assert.equal(segmentNonce(2 ** 32 + 5, true).toHex(), '010000000000000100000005')
  const plain = random.bytes(segmentBytes + 10)
  const stored = await encrypt(plain)
  const streamed = streamKey(ports.compute, dataKey, 0, new Uint8Array(0))
  const context = new Uint8Array(0)
  const first = ports.vault.open(stored.subarray(0, sealedSegmentBytes), {
    key: streamed,
    nonce: segmentNonce(0, false),
    context,
  })
  const last = ports.vault.open(stored.subarray(sealedSegmentBytes), {
    key: streamed,
    nonce: segmentNonce(1, true),
    context,
  })
  assert.deepEqual(Buffer.concat([first ?? context, last ?? context]), Buffer.from(plain))
})

test('any size, written and read in any slices, comes back by any range', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(4 * segmentBytes),
      fc.tuple(fc.integer({ min: 100, max: 150_000 }), fc.integer({ min: 100, max: 150_000 })),
      fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
      async (size, [writeBytes, readBytes], [from, share]) => {
        const plain = random.bytes(size)
        const stored = await encrypt(plain, 0, writeBytes)
        const offset = Math.floor(from * size)
        const length = Math.floor(share * (size - offset))
        const source = new StoredBytes(stored, readBytes)
        const reader = new DecryptingReader(ports, source, { dataKey, layout: { kind: 'whole', length: size } })
        assert.deepEqual(await readAll(reader.read(offset, length)), plain.subarray(offset, offset + length))
        reader.close()
        assert.ok(source.bytesRead <= length + 2 * sealedSegmentBytes, 'only the segments needed are read')
        assert.equal(source.held, 0, 'all slices are released')
      },
    ),
    { numRuns: 60 },
  )
})

test('parts in any order and of any size, empty ones too, read as one object by any range', async () => {
  const sizes = fc.array(fc.oneof(fc.nat(100), fc.constantFrom(...edges), fc.nat(3 * segmentBytes)), {
    minLength: 1,
    maxLength: 5,
  })
  const share = fc.double({ min: 0, max: 1, noNaN: true })
  await fc.assert(
    fc.asyncProperty(sizes, share, share, fc.integer({ min: 100, max: 100_000 }), async (lengths, from, of, slices) => {
      const parts = lengths.map((length, index) => ({ number: 3 * index + 1, length }))
      const plains = lengths.map((length) => random.bytes(length))
      const sealed: Uint8Array[] = []
      for (const index of parts.keys()) {
        const backwards = parts.length - 1 - index
        sealed[backwards] = await encrypt(plains[backwards] ?? new Uint8Array(0), parts[backwards]?.number)
      }
      const layout = { kind: 'parts', parts } as const
      const [plain, stored] = [Buffer.concat(plains), Buffer.concat(sealed)]
      assert.equal(plainSize(layout), plain.length)
      assert.equal(storedSize(layout), stored.length)
      const offset = Math.floor(from * plain.length)
      const length = Math.floor(of * (plain.length - offset))
      const reader = open(stored, layout, slices)
      const read = await readAll(reader.read(offset, length))
      assert.deepEqual(Buffer.from(read), plain.subarray(offset, offset + length))
    }),
    { numRuns: 40 },
  )
})

test('a byte that was flipped anywhere is refused', async () => {
  const plain = random.bytes(2 * segmentBytes + 40)
  const stored = await encrypt(plain, 5)
  const layout = { kind: 'parts', parts: [{ number: 5, length: plain.length }] } as const
  const places = [
    0,
    15,
    16,
    17,
    segmentBytes + 15,
    segmentBytes + 16,
    segmentBytes + 31,
    segmentBytes + 32,
    stored.length - 17,
  ]
  for (const at of [...places, stored.length - 16, stored.length - 1]) {
    const altered = stored.slice()
    altered[at] = (altered[at] ?? 0) ^ 0x80
    await isRefused(altered, layout)
  }
})

test('segments that were dropped, doubled, swapped or cut off are refused', async () => {
  const plain = random.bytes(4 * segmentBytes)
  const stored = await encrypt(plain)
  const segments = [0, 1, 2, 3].map((index) =>
    stored.subarray(index * sealedSegmentBytes, (index + 1) * sealedSegmentBytes),
  )
  const arrange = (order: readonly number[]): Uint8Array =>
    Buffer.concat(order.map((index) => segments[index] ?? new Uint8Array(0)))
  for (const order of [[1, 0, 2, 3], [0, 2, 3], [0, 1, 2], [0, 1, 1, 2, 3], [0, 1, 2, 3, 3], [3], [0]]) {
    const length = order.length * segmentBytes
    await isRefused(arrange(order), { kind: 'whole', length })
    await isRefused(arrange(order).subarray(0, arrange(order).length - 1), { kind: 'whole', length })
  }
  await isRefused(stored, { kind: 'whole', length: plain.length - 1 })
  await isRefused(stored.subarray(0, 100), { kind: 'whole', length: 84 })
  assert.deepEqual(
    await readAll(open(arrange([0, 1, 2, 3]), { kind: 'whole', length: plain.length }).read(0, plain.length)),
    plain,
  )
})

test('the bytes of another object, another part or another upload of the same part are refused', async () => {
  const plain = random.bytes(2 * segmentBytes)
  const length = plain.length
  const ofOther = await encrypt(plain, 0, 50_000, random.bytes(32))
  await isRefused(ofOther, { kind: 'whole', length })
  const [two, again] = [await encrypt(plain, 2), await encrypt(plain, 2)]
  await isRefused(two, { kind: 'parts', parts: [{ number: 3, length }] })
  assert.notDeepEqual(two, again)
  const middle = saltBytes + sealedSegmentBytes
  const mixed = Buffer.concat([two.subarray(0, middle), again.subarray(middle)])
  await isRefused(mixed, { kind: 'parts', parts: [{ number: 2, length }] })
  await isRefused(two.subarray(saltBytes), { kind: 'whole', length })
})

test('what was altered is not handed out, what comes before it is', async () => {
  const plain = random.bytes(2 * segmentBytes)
  const stored = await encrypt(plain)
  stored[sealedSegmentBytes] = (stored[sealedSegmentBytes] ?? 0) ^ 1
  const source = new StoredBytes(stored, 10_000)
  const reader = new DecryptingReader(ports, source, { dataKey, layout: { kind: 'whole', length: plain.length } })
  const body = reader.read(0, plain.length)
  const seen: Uint8Array[] = []
  await assert.rejects(async () => {
    for (let slice = await body.next(); slice !== undefined; slice = await body.next()) seen.push(slice.bytes)
  }, FrostError)
  assert.deepEqual(Buffer.concat(seen), Buffer.from(plain.subarray(0, segmentBytes)))
  assert.equal(source.held, 0)
  assert.equal(await body.next(), undefined)
})

test('a read that is given up gives back its slices, also while it waits', async () => {
  const plain = random.bytes(3 * segmentBytes)
  const layout = { kind: 'parts', parts: [{ number: 1, length: plain.length }] } as const
  const stored = await encrypt(plain, 1)
  for (const offset of [0, 2 * segmentBytes]) {
    const source = new StoredBytes(stored, 1000)
    const body = new DecryptingReader(ports, source, { dataKey, layout }).read(offset, segmentBytes)
    const waiting = body.next()
    body.close()
    body.close()
    await assert.rejects(waiting, (error) => error instanceof FrostError && error.code === 'cancelled')
    assert.equal(source.held, 0)
    assert.equal(source.bodiesOpen, 0)
  }
})

test('a range in the middle of a part is planned as its segments and the salt', () => {
  const layout = {
    kind: 'parts',
    parts: [
      { number: 1, length: 10 },
      { number: 2, length: 3 * segmentBytes },
    ],
  } as const
  const run = planRun(layout, 10 + segmentBytes + 5, 7)
  assert.equal(run.saltOffset, storedSizeOfPart(10))
  assert.equal(run.storedOffset, storedSizeOfPart(10) + saltBytes + sealedSegmentBytes)
  assert.equal(run.storedBytes, sealedSegmentBytes)
  assert.equal(run.skipBytes, 5)
})

test('an upload that fails or is given up takes the store’s with it', async () => {
  const stored = new MemoryUpload()
  const upload = new EncryptingUpload(ports, stored, { dataKey, part: 0 })
  await upload.write(random.bytes(100_000))
  upload.abort('the client went away')
  assert.equal(stored.aborted, 'the client went away')
})
