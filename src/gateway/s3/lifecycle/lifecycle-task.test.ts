import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { DAY_MS, MINUTE_MS } from '../../../base/units.ts'
import { notificationConfiguration } from '../documents/notification-configuration.ts'
import { bucket, LifecycleWorld } from '../testing/lifecycle-world.ts'

const tag = { key: 'keep', value: 'no' }
const tags = { keep: 'no' }

describe('objects that expire', () => {
  test('are removed at the midnight after their days, and not before', async () => {
    const world = await LifecycleWorld.open({ filter: { prefix: 'old/' }, expiration: { days: 2 } })
    await world.put('old/a')
    await world.put('other')
    await world.days(2)
    assert.deepEqual(await world.versions(), ['old/a', 'other'])
    await world.days(0.5)
    assert.deepEqual(await world.versions(), ['other'])
    const { expired, removedBytes, scannedVersions } = world.task.counts
    assert.deepEqual([expired, removedBytes], [1, 5])
    // By the prefix alone: what is outside of it costs nothing.
    assert.equal(scannedVersions, 2)
    assert.deepEqual(world.objects.listed[0], `${bucket}:old/>`)
  })

  test('go by a date, a size and tags', async () => {
    const dateMs = Date.UTC(2030, 0, 3)
    const world = await LifecycleWorld.open(
      { filter: { prefix: 'date/' }, expiration: { dateMs } },
      { filter: { and: { prefix: 'size/', tags: [], sizeGreaterThan: 3 } }, expiration: { days: 1 } },
      { filter: { and: { prefix: 'tag/', tags: [tag] } }, expiration: { days: 1 } },
    )
    await world.put('date/a')
    await world.put('size/a', {}, 'abc')
    await world.put('size/b', {}, 'abcd')
    await world.put('tag/a', { tags })
    await world.put('tag/b', { tags: { keep: 'yes' } })
    await world.put('tag/c')
    await world.days(1)
    assert.deepEqual(await world.versions(), ['date/a', 'size/a', 'size/b', 'tag/a', 'tag/b', 'tag/c'])
    await world.days(1)
    assert.deepEqual(await world.versions(), ['size/a', 'tag/b', 'tag/c'])
  })

  test('stay where a newer one has come since they were judged', async () => {
    const world = await LifecycleWorld.open({ expiration: { days: 1 } })
    await world.put('a')
    world.objects.beforeRemoval = async () => await world.put('a', {}, 'newer')
    await world.days(2)
    assert.deepEqual(await world.versions(), ['a'])
    assert.equal(Buffer.from(world.objects.bytesOf(bucket, 'a') ?? []).toString(), 'newer')
    const { changed, expired } = world.task.counts
    assert.deepEqual([changed, expired], [1, 0])
  })

  test('stay where their tags are others since they were judged', async () => {
    const world = await LifecycleWorld.open({ filter: { tag }, expiration: { days: 1 } })
    await world.put('a', { tags })
    world.objects.beforeRemoval = async () => await world.objects.change({ bucket, key: 'a', tags: {} })
    await world.days(2)
    assert.deepEqual(await world.versions(), ['a'])
    assert.equal(world.task.counts.changed, 1)
  })

  test('where versions are kept, are hidden; then go as noncurrent; then the marker goes', async () => {
    const world = await LifecycleWorld.open(
      { expiration: { days: 1 } },
      { expiration: { expiredObjectDeleteMarker: true } },
      { noncurrentVersionExpiration: { noncurrentDays: 1 } },
    )
    await world.setVersioning('enabled')
    await world.put('a')
    await world.days(2)
    assert.deepEqual(await world.versions(), ['[a]', 'a'])
    const marker = await world.objects.find({ bucket, key: 'a' })
    assert.equal(marker?.owner, 'the owner')
    await world.days(2)
    assert.deepEqual(await world.versions(), ['[a]'])
    await world.days(1)
    assert.deepEqual(await world.versions(), [])
    const { expired, removedNoncurrent, removedMarkers } = world.task.counts
    assert.deepEqual([expired, removedNoncurrent, removedMarkers], [1, 1, 1])
  })

  test('are told of and written down as the cluster’s own doing', async () => {
    const world = await LifecycleWorld.open({ expiration: { days: 1 } })
    await world.put('a')
    await world.days(2)
    assert.deepEqual(world.objects.causes, [])
    assert.deepEqual(world.audit, [
      {
        wallMs: world.clock.wallMs(),
        requestId: 'lifecycle',
        decision: 'allowed',
        action: 'file:delete',
        bucket,
        key: 'a',
        credential: 'lifecycle',
        address: '',
        reason: 'rule "r1"',
      },
    ])
    const configuration = notificationConfiguration.parse(
      Buffer.from(
        '<NotificationConfiguration><QueueConfiguration><Queue>arn:frostbyte:sqs::hook:webhook</Queue>' +
          '<Event>s3:LifecycleExpiration:*</Event></QueueConfiguration></NotificationConfiguration>',
      ),
    )
    await world.objects.setSetting(bucket, 'notification', notificationConfiguration.encode(configuration))
    await world.put('b')
    await world.days(2)
    await world.setVersioning('enabled')
    await world.put('c')
    await world.days(2)
    assert.deepEqual(world.objects.causes, [
      's3:LifecycleExpiration:Delete',
      's3:LifecycleExpiration:DeleteMarkerCreated',
    ])
  })
})

describe('noncurrent versions', () => {
  test('go by their days, but for the newest of them that the rule keeps', async () => {
    const rule = { noncurrentVersionExpiration: { noncurrentDays: 1, newerNoncurrentVersions: 2 } }
    const world = await LifecycleWorld.open(rule)
    await world.setVersioning('enabled')
    for (let count = 0; count < 5; count++) await world.put('a')
    await world.days(2)
    assert.deepEqual(await world.versions(), ['a', 'a', 'a'])
    assert.equal(world.task.counts.removedNoncurrent, 2)
  })

  test('stay where one has become the newest again since it was judged', async () => {
    const world = await LifecycleWorld.open({ noncurrentVersionExpiration: { noncurrentDays: 1 } })
    await world.setVersioning('enabled')
    await world.put('a')
    const { marker } = await world.objects.remove({ bucket, key: 'a' })
    const version = marker?.version
    assert.ok(version !== undefined)
    world.objects.beforeRemoval = async () => await world.objects.removeVersion({ bucket, key: 'a', version })
    await world.days(2)
    assert.deepEqual(await world.versions(), ['a'])
  })

  test('that are locked stay, by retention or by legal hold', async () => {
    const world = await LifecycleWorld.open({ noncurrentVersionExpiration: { noncurrentDays: 1 } })
    await world.objects.changeBucket({ bucket, versioning: 'enabled', objectLock: true })
    const retainUntilMs = world.clock.wallMs() + 4 * DAY_MS
    await world.put('a', { lock: { mode: 'governance', retainUntilMs } })
    await world.put('b', { lock: { legalHold: true } })
    await world.put('c')
    for (const key of ['a', 'b', 'c']) await world.put(key)
    await world.days(2)
    assert.deepEqual(await world.versions(), ['a', 'a', 'b', 'b', 'c'])
    assert.equal(world.task.counts.locked, 2)
    await world.days(3)
    assert.deepEqual(await world.versions(), ['a', 'b', 'b', 'c'])
  })
})

test('a delete marker stays where something has come over it since it was judged', async () => {
  const world = await LifecycleWorld.open({ expiration: { expiredObjectDeleteMarker: true } })
  await world.setVersioning('enabled')
  await world.objects.remove({ bucket, key: 'a' })
  world.objects.beforeRemoval = async () => await world.put('a')
  await world.days(1)
  assert.deepEqual(await world.versions(), ['a', '[a]'])
})

test('unfinished uploads are ended, by their age and their key', async () => {
  const world = await LifecycleWorld.open({
    filter: { prefix: 'tmp/' },
    abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
  })
  for (const key of ['tmp/a', 'other']) await world.objects.createMultipart({ bucket, key, template: {} })
  await world.days(1)
  assert.equal((await world.objects.listMultiparts({ bucket, limit: 10 })).uploads.length, 2)
  await world.days(1)
  const { uploads } = await world.objects.listMultiparts({ bucket, limit: 10 })
  assert.deepEqual(
    uploads.map(({ key }) => key),
    ['other'],
  )
  assert.equal(world.task.counts.abortedUploads, 1)
  // Versions were of no interest.
  assert.deepEqual(world.objects.listed, [])
})

test('transitions change nothing: there is one storage class', async () => {
  const transitions = [{ days: 0, storageClass: 'GLACIER' as const }]
  const world = await LifecycleWorld.open({ transitions })
  const { version } = await world.put('a')
  await world.days(2)
  const found = await world.objects.find({ bucket, key: 'a' })
  assert.equal(found?.version, version)
  assert.deepEqual(world.objects.listed, [])
})

describe('the scans', () => {
  test('are one a day, and none of buckets without rules', async () => {
    const world = await LifecycleWorld.open()
    await world.put('a')
    await world.days(1)
    assert.deepEqual([world.objects.listed, world.objects.settingsRead], [[], 0])
    await world.setRules({ expiration: { days: 9 } })
    await world.work()
    assert.equal(world.objects.listed.length, 1)
    await world.work()
    await world.days(0.25)
    world.restart()
    await world.work()
    assert.equal(world.objects.listed.length, 1)
    await world.days(0.5)
    assert.equal(world.objects.listed.length, 2)
    assert.equal(world.task.counts.lastScanMs, world.clock.wallMs())
  })

  test('are another process’s where this one does not do the background work', async () => {
    const world = await LifecycleWorld.open({ expiration: { days: 1 } })
    await world.put('a')
    world.isAtWork = false
    await world.time.advance(3 * DAY_MS)
    assert.ok((await world.task.step()) > 0)
    assert.deepEqual(await world.versions(), ['a'])
  })

  test('go on after a restart where they were, about', async () => {
    const world = await LifecycleWorld.open({ expiration: { days: 1 } })
    for (let index = 100; index < 1000; index++) await world.put(`k${index}`)
    await world.time.advance(2 * DAY_MS)
    await world.task.step()
    await world.time.advance(2 * MINUTE_MS)
    await world.task.step() // the turn of the bucket is over, and the progress stored
    world.restart()
    world.objects.listed.length = 0
    await world.work()
    assert.deepEqual(world.objects.listed[0], `${bucket}:>k498`)
    assert.deepEqual(await world.versions(), [])
  })

  test('remove nothing more once a rule is taken back', async () => {
    const world = await LifecycleWorld.open({ expiration: { days: 1 } })
    for (let index = 100; index < 500; index++) await world.put(`k${index}`)
    await world.time.advance(2 * DAY_MS)
    await world.task.step()
    await world.setRules()
    await world.work()
    assert.equal((await world.versions()).length, 201)
  })

  test('of one bucket that fail do not keep the others waiting', async () => {
    const world = await LifecycleWorld.open({ expiration: { days: 1 } })
    await world.put('a')
    await world.objects.createBucket({ name: 'a-bad-one' })
    await world.objects.setSetting('a-bad-one', 'lifecycle', Buffer.from('no rules'))
    await world.days(2)
    assert.deepEqual(await world.versions(), [])
    const failed = world.log.entries.filter(({ level }) => level === 'error')
    assert.deepEqual(failed[0]?.fields['bucket'], 'a-bad-one')
  })

  test('rest for twice as long as they worked', async () => {
    const world = await LifecycleWorld.open({ expiration: { days: 9 } })
    await world.put('a')
    world.objects.beforeListing = async () => await world.clock.sleep(70)
    assert.equal(await world.time.run(world.task.step()), 140)
  })
})
