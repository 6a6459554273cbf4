import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import { crc32 } from 'node:zlib'

import fc from 'fast-check'

import { NodeClock } from '../../../node/clock.ts'
import { NodeCompute } from '../../../node/compute.ts'
import { S3Error } from '../s3-error.ts'
import { ChunkChain } from '../signature/chunk-chain.ts'
import { splitCredential } from '../signature/credential-scope.ts'
import { parsePayload } from '../signature/payload.ts'
import { collectHeaders } from '../signature/wire-headers.ts'
import { CollectingSink, cutBytes } from '../testing/body-bytes.ts'
import { exampleCredentials, frameChunks, sha256, signChunks, signingKey } from '../testing/signing-client.ts'
import type { BodyDigests } from './body-checks.ts'
import { planBody } from './body-plan.ts'
import { S3Body } from './s3-body.ts'

const compute = new NodeCompute()
const clock = new NodeClock()
const timestamp = '20130524T000000Z'
const seed = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9'
const trailerSeed = '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e'
/** Of AWS's examples. */
const exampleChunks = [new Uint8Array(65_536).fill(97), new Uint8Array(1_024).fill(97)]
const signedPayload = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'

function chainFrom(signature: string): ChunkChain {
  const credential = splitCredential('AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request')
  assert(credential !== undefined)
  return new ChunkChain(compute, {
    ...credential,
    key: compute.createHmacKey(signingKey(exampleCredentials, '20130524')),
    timestamp,
    signature,
  })
}

interface Received {
  readonly bytes: Uint8Array
  readonly digests: BodyDigests
  readonly pieceCount: number
}

interface Sending {
  readonly payload: string
  readonly headers?: Readonly<Record<string, string>>
  readonly slices: readonly Uint8Array[]
  readonly chain?: ChunkChain
  readonly isSlow?: boolean
  readonly sizeBytesMax?: number
}

async function receive({ payload, headers, slices, chain, isSlow, sizeBytesMax }: Sending): Promise<Received> {
  const sink = new CollectingSink({ isSlow: isSlow ?? false })
  const plan = planBody(collectHeaders(Object.entries(headers ?? {}).flat()), parsePayload(payload))
  const body = new S3Body({ compute, clock, sink }, { plan, chain, etag: true, sizeBytesMax })
  for (const slice of slices) await body.write(slice)
  const digests = body.finish()
  assert.equal(body.sizeBytes, sink.bytes.length)
  return { bytes: sink.bytes, digests, pieceCount: sink.pieceCount }
}

function signedBody(chunks: readonly Uint8Array[], trailers?: readonly string[]): Uint8Array {
  const body = { credentials: exampleCredentials, timestamp, seed: trailers === undefined ? seed : trailerSeed, chunks }
  return signChunks(trailers === undefined ? body : { ...body, trailers })
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks))
}

function crc32Text(bytes: Uint8Array): string {
  const value = Buffer.alloc(4)
  value.writeUInt32BE(crc32(bytes))
  return value.toString('base64')
}

const decoded = (bytes: number): Record<string, string> => ({ 'x-amz-decoded-content-length': String(bytes) })

test("AWS's example of signed chunks is taken, with its own signatures", async () => {
  const wire = Buffer.from(signedBody(exampleChunks)).toString('latin1')
  for (const signature of [
    'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
  ])
    assert(wire.includes(signature))
  assert.equal(wire.length, 66_824)
  const { bytes } = await receive({
    payload: signedPayload,
    headers: decoded(66_560),
    slices: cutBytes(Buffer.from(wire, 'latin1'), [65_536]),
    chain: chainFrom(seed),
  })
  assert.deepEqual(bytes, join(exampleChunks))
})

test("AWS's example of a signed trailer is taken, and then its checksum is compared", async () => {
  const wire = Buffer.from(signedBody(exampleChunks, ['x-amz-checksum-crc32c:sOO8/Q=='])).toString('latin1')
  for (const signature of [
    'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
    '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
    '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
    'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435',
  ])
    assert(wire.includes(signature))
  const { bytes, digests } = await receive({
    payload: `${signedPayload}-TRAILER`,
    headers: { ...decoded(66_560), 'x-amz-trailer': 'x-amz-checksum-crc32c' },
    slices: cutBytes(Buffer.from(wire, 'latin1'), [1_000]),
    chain: chainFrom(trailerSeed),
  })
  assert.deepEqual(bytes, join(exampleChunks))
  assert.equal(Buffer.from(digests.checksums.get('crc32c') ?? []).toString('base64'), 'sOO8/Q==')
})

test('a body is the same however its slices are cut, also byte by byte', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      fc.boolean(),
      async (ends, cuts, isSigned, isSlow) => {
        // Signed chunks but the last have at least 8 KiB.
        const chunks = ends.map((end, index) =>
          isSigned && index + 1 < ends.length ? join([new Uint8Array(8_192), end]) : end,
        )
        const whole = join(chunks)
        const trailers = [`x-amz-checksum-crc32:${crc32Text(whole)}`]
        const wire = isSigned ? signedBody(chunks, trailers) : frameChunks(chunks, trailers)
        const { bytes, digests } = await receive({
          payload: isSigned ? `${signedPayload}-TRAILER` : 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
          headers: { ...decoded(whole.length), 'x-amz-trailer': 'x-amz-checksum-crc32' },
          slices: cutBytes(wire, isSigned ? cuts.map((cut) => cut * 50) : cuts),
          chain: chainFrom(trailerSeed),
          isSlow,
        })
        assert.deepEqual(bytes, whole)
        assert.equal(digests.md5, createHash('md5').update(whole).digest('hex'))
      },
    ),
    { numRuns: 150 },
  )
  const chunks = [new Uint8Array(8_192).fill(1), Buffer.from('the end')]
  const { bytes } = await receive({
    payload: signedPayload,
    headers: decoded(8_199),
    slices: cutBytes(signedBody(chunks), [1]),
    chain: chainFrom(seed),
  })
  assert.deepEqual(bytes, join(chunks))
})

test('many small chunks in one slice come out in few pieces', async () => {
  const chunks = Array.from({ length: 2_000 }, (_, index) => Buffer.from(`chunk ${index}`))
  const { bytes, pieceCount } = await receive({
    payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    headers: decoded(join(chunks).length),
    slices: [frameChunks(chunks, [])],
  })
  assert.deepEqual(bytes, join(chunks))
  assert(pieceCount < 10, `${pieceCount} pieces`)
})

test('a long slice is taken in parts', async () => {
  const whole = new Uint8Array(300_000).map((_, index) => index)
  const { bytes, digests } = await receive({ payload: sha256(whole), slices: [new Uint8Array(whole)] })
  assert.deepEqual(bytes, whole)
  assert.equal(digests.md5, createHash('md5').update(whole).digest('hex'))
})

test('any altered byte of a signed body is refused', async () => {
  const chunks = [new Uint8Array(8_192).fill(7), Buffer.from('last one!')]
  const wire = signedBody(chunks, [`x-amz-checksum-crc32:${crc32Text(join(chunks))}`])
  const sendAltered = async (at: number, mask: number): Promise<Received> => {
    const altered = new Uint8Array(wire)
    altered[at] = (altered[at] ?? 0) ^ mask
    return await receive({
      payload: `${signedPayload}-TRAILER`,
      headers: { ...decoded(8_201), 'x-amz-trailer': 'x-amz-checksum-crc32' },
      slices: [altered],
      chain: chainFrom(trailerSeed),
    })
  }
  assert.equal((await sendAltered(0, 0)).bytes.length, 8_201)
  // All of what frames the chunks, and some of the first one's bytes.
  for (let at = 0; at < wire.length; at += at > 100 && at < 8_000 ? 101 : 1)
    for (const mask of [1, 0x20]) await assert.rejects(sendAltered(at, mask), S3Error, `byte ${at}`)
})

test('a chunk that is left out, repeated or moved is refused', async () => {
  const [a, b] = [new Uint8Array(8_192).fill(1), new Uint8Array(8_192).fill(2)]
  const wire = Buffer.from(signedBody([a, b, a]))
  const frame = 4 + 1 + 16 + 64 + 2 + 8_192 + 2
  const frames = [0, 1, 2].map((index) => wire.subarray(index * frame, (index + 1) * frame))
  const end = wire.subarray(3 * frame)
  for (const order of [
    [0, 2],
    [0, 1, 1],
    [1, 0, 2],
    [2, 1, 0],
  ]) {
    const pieces = order.map((index) => frames[index] ?? end)
    const slices = cutBytes(Buffer.concat([...pieces, end]), [60_000])
    const headers = decoded(order.length * 8_192)
    await assert.rejects(receive({ payload: signedPayload, headers, slices, chain: chainFrom(seed) }), {
      code: 'SignatureDoesNotMatch',
    })
  }
})

test('what is wrong with a chunked body is told as AWS tells it', async () => {
  const unsigned = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
  const crc = { 'x-amz-trailer': 'x-amz-checksum-crc32' }
  const right = `x-amz-checksum-crc32:${crc32Text(Buffer.from('hello'))}`
  const cases: readonly {
    readonly what: string
    readonly wire: string
    readonly headers?: Readonly<Record<string, string>>
    readonly code: string
  }[] = [
    { what: 'cut off in a chunk', wire: '5\r\nhel', code: 'IncompleteBody' },
    { what: 'cut off in a head', wire: '5', code: 'IncompleteBody' },
    { what: 'nothing', wire: '', code: 'IncompleteBody' },
    { what: 'no last line', wire: '5\r\nhello\r\n0\r\n', code: 'IncompleteBody' },
    { what: 'a size of no digits', wire: 'x\r\n', code: 'IncompleteBody' },
    { what: 'a size beyond all bounds', wire: 'ffffffffffffffffff\r\n', code: 'IncompleteBody' },
    { what: 'a head without end', wire: '0'.repeat(5_000), code: 'IncompleteBody' },
    { what: 'a signed head', wire: `5;chunk-signature=${seed}\r\nhello\r\n0\r\n\r\n`, code: 'IncompleteBody' },
    { what: 'no line end after a chunk', wire: '5\r\nhelloXX0\r\n\r\n', code: 'IncompleteBody' },
    { what: 'more bytes than announced', wire: '6\r\nhello!\r\n0\r\n\r\n', code: 'IncompleteBody' },
    { what: 'fewer bytes than announced', wire: '4\r\nhell\r\n0\r\n\r\n', code: 'IncompleteBody' },
    { what: 'bytes after the end', wire: '5\r\nhello\r\n0\r\n\r\nmore', code: 'IncompleteBody' },
    { what: 'no trailer', wire: '5\r\nhello\r\n0\r\n\r\n', headers: crc, code: 'MalformedTrailerError' },
    {
      what: 'a trailer that was not announced',
      wire: `5\r\nhello\r\n0\r\n${right}\r\n\r\n`,
      code: 'MalformedTrailerError',
    },
    {
      what: 'another trailer',
      wire: '5\r\nhello\r\n0\r\nx-amz-checksum-sha1:AAAA\r\n\r\n',
      headers: crc,
      code: 'MalformedTrailerError',
    },
    {
      what: 'a trailer twice',
      wire: `5\r\nhello\r\n0\r\n${right}\r\n${right}\r\n\r\n`,
      headers: crc,
      code: 'MalformedTrailerError',
    },
    {
      what: 'a trailer without a colon',
      wire: '5\r\nhello\r\n0\r\nx\r\n\r\n',
      headers: crc,
      code: 'MalformedTrailerError',
    },
    {
      what: 'a trailer of no base64',
      wire: '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:!\r\n\r\n',
      headers: crc,
      code: 'InvalidRequest',
    },
    {
      what: 'a wrong checksum',
      wire: '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n',
      headers: crc,
      code: 'BadDigest',
    },
  ]
  for (const { what, wire, headers, code } of cases) {
    const slices = cutBytes(Buffer.from(wire), [3])
    await assert.rejects(receive({ payload: unsigned, headers: { ...decoded(5), ...headers }, slices }), { code }, what)
  }
  const headers = { ...decoded(5), ...crc }
  for (const wire of [
    `5\r\nhello\r\n0\r\n${right}\r\n\r\n`,
    `5\r\nhello\r\n0\r\n${right}\n\r\n\r\n`,
    `05\r\nhello\r\n0\r\n${right}\r\n\r\n\r\n`,
  ])
    assert.equal(
      Buffer.from((await receive({ payload: unsigned, headers, slices: [Buffer.from(wire)] })).bytes).toString(),
      'hello',
    )
})

test('a signed chunk below 8 KiB is refused, unless it is the last', async () => {
  const chunks = [new Uint8Array(8_191), new Uint8Array(10)]
  const sending = {
    payload: signedPayload,
    headers: decoded(8_201),
    slices: [signedBody(chunks)],
    chain: chainFrom(seed),
  }
  await assert.rejects(receive(sending), {
    code: 'InvalidChunkSizeError',
    fields: { Chunk: '1', BadChunkSize: '8191' },
  })
})

test('trailers of signed chunks must be signed', async () => {
  const wire = Buffer.from(signedBody(exampleChunks, ['x-amz-checksum-crc32c:sOO8/Q=='])).toString('latin1')
  const unsigned = wire.replace(/x-amz-trailer-signature:.*\r\n/, '')
  const moved = wire.replace(/(x-amz-checksum-crc32c:.*\r\n)(x-amz-trailer-signature:.*\r\n)/, '$2$1')
  for (const [text, code] of [
    [`${unsigned}\r\n`, 'MalformedTrailerError'],
    [moved, 'SignatureDoesNotMatch'],
  ] as const) {
    const sending: Sending = {
      payload: `${signedPayload}-TRAILER`,
      headers: { ...decoded(66_560), 'x-amz-trailer': 'x-amz-checksum-crc32c' },
      slices: cutBytes(Buffer.from(text, 'latin1'), [50_000]),
      chain: chainFrom(trailerSeed),
    }
    await assert.rejects(receive(sending), { code })
  }
})

test('a trailer may end as AWS signs it, with an empty line before the signature', async () => {
  const wire = Buffer.from(signedBody(exampleChunks, ['x-amz-checksum-crc32c:sOO8/Q=='])).toString('latin1')
  const variant = wire.replace('sOO8/Q==\r\n', 'sOO8/Q==\n\r\n')
  const { bytes } = await receive({
    payload: `${signedPayload}-TRAILER`,
    headers: { ...decoded(66_560), 'x-amz-trailer': 'x-amz-checksum-crc32c' },
    slices: [Buffer.from(variant, 'latin1')],
    chain: chainFrom(trailerSeed),
  })
  assert.equal(bytes.length, 66_560)
})

test('digests of a plain body are compared, each with its own error', async () => {
  const hello = Buffer.from('hello')
  const md5 = createHash('md5').update(hello).digest('base64')
  const wrongMd5 = createHash('md5').update('x').digest('base64')
  const slices = (): readonly Uint8Array[] => cutBytes(hello, [2])
  const good = await receive({
    payload: sha256(hello),
    headers: { 'content-length': '5', 'content-md5': md5, 'x-amz-checksum-crc32': crc32Text(hello) },
    slices: slices(),
  })
  assert.equal(good.digests.md5, createHash('md5').update(hello).digest('hex'))
  await assert.rejects(receive({ payload: sha256('x'), slices: slices() }), { code: 'XAmzContentSHA256Mismatch' })
  const unsigned = { payload: 'UNSIGNED-PAYLOAD', slices: slices() }
  await assert.rejects(receive({ ...unsigned, slices: slices(), headers: { 'content-md5': wrongMd5 } }), {
    code: 'BadDigest',
    fields: { ExpectedDigest: wrongMd5, CalculatedDigest: md5 },
  })
  await assert.rejects(receive({ ...unsigned, slices: slices(), headers: { 'x-amz-checksum-crc32': 'AAAAAA==' } }), {
    code: 'BadDigest',
    message: 'The CRC32 you specified did not match the calculated checksum.',
  })
  await assert.rejects(receive({ ...unsigned, slices: slices(), headers: { 'content-length': '6' } }), {
    code: 'IncompleteBody',
  })
  await assert.rejects(receive({ ...unsigned, slices: slices(), sizeBytesMax: 4 }), { code: 'EntityTooLarge' })
})

test('chunks that say they are signed need a signed request', async () => {
  const sending = { payload: signedPayload, headers: decoded(66_560), slices: [signedBody(exampleChunks)] }
  await assert.rejects(receive(sending), { code: 'InvalidRequest' })
})

test('any bytes at all: an error that is meant, and no hang', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '\r\n',
      '\n',
      '0\r\n',
      '0\r\n\r\n',
      '5\r\nhello\r\n',
      ':',
      'x-amz-checksum-crc32:AAAAAA==',
      ';chunk-signature=',
      seed,
    ),
    fc.string({ maxLength: 12 }),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 12 }),
      fc.integer({ min: 1, max: 40 }),
      fc.nat({ max: 20 }),
      fc.boolean(),
      async (pieces, cut, size, isSigned) => {
        try {
          await receive({
            payload: isSigned ? `${signedPayload}-TRAILER` : 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
            headers: decoded(size),
            slices: cutBytes(Buffer.from(pieces.join('')), [cut]),
            chain: chainFrom(seed),
          })
        } catch (error) {
          assert(error instanceof S3Error, String(error))
        }
      },
    ),
    { numRuns: 500 },
  )
})
