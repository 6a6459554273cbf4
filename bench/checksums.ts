// What checksums and encryption cost on one core: `npx node bench/checksums.ts`. Prints CPU seconds per GiB of each digest of
// `Compute`, and of content sealed and opened as the S3 face does it (docs/design/encryption.md), over slices of 64 KiB of 64 MiB.

import { GIB, KIB, MIB } from '../src/base/units.ts'
import { DecryptingReader } from '../src/gateway/encryption/decrypting-reader.ts'
import { EncryptingUpload } from '../src/gateway/encryption/encrypting-upload.ts'
import type { FileBody } from '../src/master/file-service.ts'
import type { ObjectUpload } from '../src/master/object-service.ts'
import { NodeCompute } from '../src/node/compute.ts'
import { NodeRandom } from '../src/node/random.ts'
import { NodeVault } from '../src/node/vault.ts'

const totalBytes = 64 * MIB
const sliceBytes = 64 * KIB
const rounds = 8

const ports = { compute: new NodeCompute(), random: new NodeRandom(), vault: new NodeVault() }
const part = ports.random.bytes(sliceBytes)
const plain = new Uint8Array(totalBytes)
for (let at = 0; at < totalBytes; at += sliceBytes) plain.set(part, at)
const dataKey = ports.random.bytes(32)

async function measure(name: string, run: () => Promise<void> | void): Promise<void> {
  await run()
  const started = process.cpuUsage()
  for (let round = 0; round < rounds; round++) await run()
  const { user, system } = process.cpuUsage(started)
  const seconds = (user + system) / 1e6 / ((rounds * totalBytes) / GIB)
  process.stdout.write(`| ${name} | ${seconds.toFixed(2)} | ${(1 / seconds).toFixed(1)} |\n`)
}

/** Frees what it gets, as a master does. */
const nowhere: ObjectUpload<undefined> = {
  write: (slice) => {
    if (slice.byteLength === slice.buffer.byteLength && slice.buffer instanceof ArrayBuffer) slice.buffer.transfer(0)
    return undefined
  },
  finish: () => Promise.resolve(undefined),
  abort: () => undefined,
}

async function encrypt(upload: ObjectUpload<undefined>): Promise<void> {
  const encrypting = new EncryptingUpload(ports, upload, { dataKey, part: 0 })
  for (let at = 0; at < totalBytes; at += sliceBytes) await encrypting.write(plain.subarray(at, at + sliceBytes))
  await encrypting.finish({})
}

function bodyOf(bytes: Uint8Array): FileBody {
  let at = 0
  return {
    next: () => {
      const slice = bytes.subarray(at, at + 4 * sliceBytes)
      at += slice.length
      return Promise.resolve(slice.length === 0 ? undefined : { bytes: slice, release: () => undefined })
    },
    close: () => undefined,
  }
}

async function decrypt(stored: Uint8Array): Promise<void> {
  const source = { read: () => bodyOf(stored), close: () => undefined }
  const reader = new DecryptingReader(ports, source, { dataKey, layout: { kind: 'whole', length: totalBytes } })
  const body = reader.read(0, totalBytes)
  for (let slice = await body.next(); slice !== undefined; slice = await body.next()) slice.release()
}

process.stdout.write('| what | CPU s/GiB | GiB/s |\n| --- | --- | --- |\n')
for (const algorithm of ['crc32', 'crc32c', 'crc64nvme', 'md5', 'sha1', 'sha256'] as const) {
  await measure(algorithm, () => {
    const digest = ports.compute.createDigest(algorithm)
    for (let at = 0; at < totalBytes; at += sliceBytes) digest.update(plain.subarray(at, at + sliceBytes))
    digest.digest()
  })
}
await measure('encrypt', async () => {
  await encrypt(nowhere)
})
const sealed: Uint8Array[] = []
await encrypt({
  ...nowhere,
  write: (slice) => {
    sealed.push(slice)
    return undefined
  },
})
const stored = new Uint8Array(Buffer.concat(sealed))
await measure('decrypt', async () => {
  await decrypt(stored)
})
