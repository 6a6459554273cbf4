import assert from 'node:assert/strict'
import { test } from 'node:test'

import { FrostError } from '../../base/errors.ts'
import { NodeCompute } from '../../node/compute.ts'
import { NodeRandom } from '../../node/random.ts'
import { NodeVault } from '../../node/vault.ts'
import { KeyRing } from './key-ring.ts'
import { MemoryKeys } from './testing/memory-keys.ts'

const secret = new Uint8Array(32).fill(5)
const names = { region: 'us-east-1', account: '123456789012' }

function world(
  metadata = new MemoryKeys(),
  ofCluster = secret,
): { ring: KeyRing; metadata: MemoryKeys; pass: () => void } {
  let nowMs = 0
  const clock = { monotonicMs: () => nowMs, wallMs: () => 1_000_000 + nowMs }
  const ports = { clock, compute: new NodeCompute(), random: new NodeRandom(), vault: new NodeVault(), metadata }
  const pass = (): void => {
    nowMs += 1000
  }
  return { ring: new KeyRing(ports, ofCluster, names), metadata, pass }
}

function isCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof FrostError && error.code === code
}

function isBad(error: unknown): boolean {
  return error instanceof FrostError && error.code === 'bad-request'
}

test('SSE-S3’s key is made once, and other processes and later ones have the same', async () => {
  const { ring, metadata } = world()
  const both = await Promise.all([ring.newestOfS3(), world(metadata).ring.newestOfS3()])
  assert.deepEqual(both[0], both[1])
  assert.equal(both[0].bytes.length, 32)
  assert.equal(both[0].generation, 1)
  assert.deepEqual(await world(metadata).ring.ofS3(1), both[0])
})

test('what is stored of a key is sealed, and opens only with the cluster’s secret', async () => {
  const { ring, metadata } = world()
  const { bytes } = await ring.newestOfS3()
  const stored = metadata.rows.get('sse-s3')?.generations[0]?.sealed ?? new Uint8Array(0)
  assert.ok(!Buffer.from(stored).includes(Buffer.from(bytes)))
  const other = world(metadata, new Uint8Array(32).fill(6)).ring
  await assert.rejects(other.newestOfS3(), (error) => error instanceof FrostError && error.code === 'store-corrupt')
})

test('a sealed generation that was moved to another key or number does not open', async () => {
  const { ring, metadata } = world()
  await ring.create({ id: 'one' })
  await ring.create({ id: 'two' })
  const [one, two] = [metadata.rows.get('one'), metadata.rows.get('two')]
  assert.ok(one !== undefined && two !== undefined)
  metadata.rows.set('one', { ...one, generations: two.generations })
  await assert.rejects(world(metadata).ring.newestOfKms('one'), FrostError)
})

test('after a rotation new keys are wrapped under the new generation, and the old one still opens', async () => {
  const { ring, metadata, pass } = world()
  const elsewhere = world(metadata)
  const first = await elsewhere.ring.newestOfS3()
  assert.equal((await ring.rotate('sse-s3')).generations, 2)
  const second = await ring.newestOfS3()
  assert.equal(second.generation, 2)
  assert.notDeepEqual(second.bytes, first.bytes)
  assert.deepEqual(await ring.ofS3(1), first)
  // A process that has not heard of it reads again for a generation that it does not know, and after a second anyway.
  assert.deepEqual(await elsewhere.ring.ofS3(2), second)
  pass()
  elsewhere.pass()
  assert.deepEqual(await elsewhere.ring.newestOfS3(), second)
  await assert.rejects(ring.ofS3(3), FrostError)
})

test('keys are described without anything secret', async () => {
  const { ring } = world()
  assert.deepEqual(await ring.list(), [])
  await ring.newestOfS3()
  await ring.create({ id: 'reports', aliases: ['alias/reports'] })
  await ring.rotate('reports')
  await ring.setEnabled('reports', false)
  const [reports, ofS3] = await ring.list()
  const { createdMs = 0 } = reports ?? {}
  const arn = 'arn:aws:kms:us-east-1:123456789012:key/reports'
  const times = { createdMs, rotatedMs: createdMs }
  const aliases = ['alias/reports']
  assert.deepEqual(reports, { id: 'reports', arn, aliases, isEnabled: false, generations: 2, ...times })
  assert.deepEqual([ofS3?.id, ofS3?.arn, ofS3?.generations, ofS3?.isEnabled], ['sse-s3', undefined, 1, true])
})

test('rotations at once through two processes are both there', async () => {
  const { ring, metadata } = world()
  await ring.newestOfS3()
  await Promise.all([ring.rotate('sse-s3'), world(metadata).ring.rotate('sse-s3')])
  assert.deepEqual(
    metadata.rows.get('sse-s3')?.generations.map(({ number }) => number),
    [1, 2, 3],
  )
})

test('a named key is found by id, alias and ARN, and no other name finds it', async () => {
  const { ring } = world()
  await ring.create({ id: 'payroll', aliases: ['alias/pay'] })
  const arn = 'arn:aws:kms:us-east-1:123456789012:'
  const key = await ring.newestOfKms('payroll')
  for (const name of ['alias/pay', `${arn}key/payroll`, `${arn}alias/pay`]) {
    assert.deepEqual(await ring.newestOfKms(name), key)
  }
  assert.equal(ring.arnOf('payroll'), `${arn}key/payroll`)
  const others = [
    'pay',
    'alias/other',
    `${arn}key/other`,
    `${arn}payroll`,
    'arn:aws:kms:eu-west-1:123456789012:key/payroll',
  ]
  for (const name of [...others, 'sse-s3', `${arn}key/sse-s3`, '', 'arn:', 'alias/']) {
    await assert.rejects(ring.newestOfKms(name), isCode('encryption-key-not-found'), name)
  }
  await assert.rejects(ring.ofKms('sse-s3', 1), isCode('encryption-key-not-found'))
})

test('the default key of SSE-KMS is made when it is asked for', async () => {
  const { ring, metadata } = world()
  const [key, other] = await Promise.all([
    ring.newestOfKms(undefined),
    world(metadata).ring.newestOfKms('alias/aws/s3'),
  ])
  assert.deepEqual(key, other)
  assert.deepEqual(
    (await ring.list()).map(({ aliases }) => aliases),
    [['alias/aws/s3']],
  )
})

test('a disabled key neither wraps nor opens until it is enabled again, everywhere after a second', async () => {
  const { ring, metadata } = world()
  const elsewhere = world(metadata)
  const { generation } = await elsewhere.ring.newestOfKms((await ring.create({ id: 'k' })).id)
  await ring.setEnabled('k', false)
  elsewhere.pass()
  for (const either of [ring, elsewhere.ring]) {
    await assert.rejects(either.newestOfKms('k'), isCode('encryption-key-disabled'))
    await assert.rejects(either.ofKms('k', generation), isCode('encryption-key-disabled'))
  }
  await ring.setEnabled('k', true)
  assert.equal((await ring.newestOfKms('k')).id, 'k')
})

test('malformed and taken names are refused', async () => {
  const { ring } = world()
  await ring.create({ id: 'k', aliases: ['alias/a'] })
  const isTaken = isCode('encryption-key-exists')
  for (const id of ['', 'a/b', 'ä', 'x'.repeat(129)]) await assert.rejects(ring.create({ id }), isBad, id)
  for (const id of ['k', 'sse-s3', 'aws-s3']) await assert.rejects(ring.create({ id }), isTaken, id)
  for (const alias of ['a', 'alias/', 'alias/ä']) await assert.rejects(ring.create({ aliases: [alias] }), isBad)
  await assert.rejects(ring.create({ aliases: ['alias/a'] }), isTaken)
  await assert.rejects(ring.rotate('none'), isCode('encryption-key-not-found'))
  await assert.rejects(ring.setEnabled('sse-s3', false), isBad)
  assert.match((await ring.create({})).id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
})

test('what is known is read once a second, however often it is used', async () => {
  const { ring, metadata } = world()
  await ring.newestOfS3()
  const before = metadata.reads
  for (let index = 0; index < 100; index++) await ring.ofS3(1)
  assert.equal(metadata.reads, before)
})
