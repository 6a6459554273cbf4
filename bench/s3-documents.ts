// Micro benchmark of the XML of the S3 face on one core: `npx node bench/s3-documents.ts`. Prints CPU-ms for each operation; the page of a
// listing has a budget of 20 CPU-ms in all, of which its document may be a small part.

import { completeMultipartUpload } from '../src/gateway/s3/documents/complete-multipart-upload.ts'
import { deleteRequest } from '../src/gateway/s3/documents/delete-objects.ts'
import { writeListObjectsV2Result } from '../src/gateway/s3/documents/list-objects-result.ts'
import type { ListedObject } from '../src/gateway/s3/documents/list-objects-result.ts'
import { lifecycleConfiguration } from '../src/gateway/s3/documents/lifecycle-configuration.ts'
import type { EncodingType } from '../src/gateway/s3/documents/url-encoding.ts'

const keys = 1000
const parts = 10_000

function measure(name: string, rounds: number, run: () => unknown): void {
  // Once to be compiled, then as often as it takes to see something.
  run()
  const started = process.cpuUsage()
  for (let round = 0; round < rounds; round++) run()
  const { user, system } = process.cpuUsage(started)
  console.log(`${((user + system) / 1000 / rounds).toFixed(3).padStart(9)}  ${name}`)
}

function objects(keyPrefix: string): readonly ListedObject[] {
  return Array.from({ length: keys }, (_, index) => ({
    key: `${keyPrefix}${String(index).padStart(9, '0')}.jpg`,
    modifiedMs: 1_769_000_000_000 + index * 1000,
    etag: 'd41d8cd98f00b204e9800998ecf8427e',
    sizeBytes: 123_456 + index,
    storageClass: 'STANDARD',
    checksumAlgorithms: ['crc64nvme'],
    checksumType: 'FULL_OBJECT',
  }))
}

function list(contents: readonly ListedObject[], encodingType: EncodingType | undefined): Uint8Array {
  return Buffer.from(
    writeListObjectsV2Result({
      bucket: 'bucket',
      prefix: '',
      delimiter: '/',
      maxKeys: keys,
      isTruncated: true,
      contents,
      commonPrefixes: [],
      encodingType,
    }),
  )
}

const plain = objects('photos/2026/01/image-')
const unicode = objects('Zoë & <Söhne> ')
const toDelete = Buffer.from(
  `<Delete>${plain.map(({ key }) => `<Object><Key>${key}</Key></Object>`).join('')}</Delete>`,
)
const part = '<ETag>"d41d8cd98f00b204e9800998ecf8427e"</ETag><ChecksumCRC32>AAAAAA==</ChecksumCRC32>'
const toComplete = Buffer.from(
  `<CompleteMultipartUpload>${Array.from(
    { length: parts },
    (_, index) => `<Part><PartNumber>${index + 1}</PartNumber>${part}</Part>`,
  ).join('')}</CompleteMultipartUpload>`,
)
const rule = '<Filter><Prefix>a/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>3</Days></Expiration>'
const lifecycle = Buffer.from(`<LifecycleConfiguration>${`<Rule>${rule}</Rule>`.repeat(4)}</LifecycleConfiguration>`)
const storedLifecycle = lifecycleConfiguration.encode(lifecycleConfiguration.parse(lifecycle))

/** In milliseconds of CPU, of one reading after those that compiled it. */
function longestStep(): number {
  let longestMs = 0
  const steps = completeMultipartUpload.parseInSteps(toComplete)
  for (let isOver = false; !isOver;) {
    const started = process.cpuUsage()
    isOver = steps.next().done === true
    const { user, system } = process.cpuUsage(started)
    longestMs = Math.max(longestMs, (user + system) / 1000)
  }
  return longestMs
}

console.log('  CPU-ms')
measure(`write a listing of ${keys} keys`, 200, () => list(plain, undefined))
measure(`write a listing of ${keys} keys, encoding-type=url, Unicode`, 200, () => list(unicode, 'url'))
measure(`read Delete of ${keys} keys`, 100, () => deleteRequest.parse(toDelete))
measure(`read CompleteMultipartUpload of ${parts} parts`, 20, () => completeMultipartUpload.parse(toComplete))
console.log(`${longestStep().toFixed(3).padStart(9)}  the longest step of that`)
measure('read a lifecycle of four rules', 1000, () => lifecycleConfiguration.parse(lifecycle))
measure('load a stored lifecycle of four rules', 5000, () => lifecycleConfiguration.decode(storedLifecycle))
