import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { parseVersionId } from '../../../base/ids.ts'
import { defined } from '../../../base/assert.ts'
import type { ChangeCause, ChangeRecord } from '../../../meta/contract/change-metadata.ts'
import { eventIdOf, eventsOf, messageOf, testMessageOf } from './event-message.ts'

const version = defined(parseVersionId('01h7awyt00abcdefghjkmnpqrs'), 'a version id')
const atMs = Date.UTC(2026, 10, 28, 12, 0, 0, 250)

const cause: ChangeCause = {
  event: 's3:ObjectCreated:Put',
  notices: [{ target: 'hook', configuration: 'all of them' }],
  atMs,
  requestId: 'R1',
  address: '10.0.0.9',
  principal: 'p'.repeat(64),
  bucketOwner: 'o'.repeat(64),
  sizeBytes: 1_024,
  etag: 'd3b07384d113edec49eaa6238ad5ff00',
}

function record(change: Partial<ChangeRecord['change']> & { readonly cause?: ChangeCause }): ChangeRecord {
  return {
    sequence: 0xab_cdef,
    change: { kind: 'version', bucket: 'photos', key: 'a', ...change } as ChangeRecord['change'],
  }
}

function only(change: Parameters<typeof record>[0]): Record<string, unknown> {
  const events = eventsOf(record(change), 'hook')
  assert.equal(events.length, 1)
  const { Records } = JSON.parse(messageOf(defined(events[0], 'an event'), { region: 'eu-central-1' })) as {
    Records: Record<string, unknown>[]
  }
  assert.equal(Records.length, 1)
  return defined(Records[0], 'a record')
}

describe('the message of an event', () => {
  test('is as AWS sends it', () => {
    assert.deepEqual(only({ key: 'red flower/ä+(1).jpg', version, cause: { ...cause, versioned: true } }), {
      eventVersion: '2.1',
      eventSource: 'aws:s3',
      awsRegion: 'eu-central-1',
      eventTime: '2026-11-28T12:00:00.250Z',
      eventName: 'ObjectCreated:Put',
      userIdentity: { principalId: 'p'.repeat(64) },
      requestParameters: { sourceIPAddress: '10.0.0.9' },
      responseElements: { 'x-amz-request-id': 'R1', 'x-amz-id-2': 'R1' },
      s3: {
        s3SchemaVersion: '1.0',
        configurationId: 'all of them',
        bucket: {
          name: 'photos',
          ownerIdentity: { principalId: 'o'.repeat(64) },
          arn: 'arn:aws:s3:::photos',
        },
        object: {
          key: 'red+flower/%C3%A4%2B%281%29.jpg',
          size: 1_024,
          eTag: 'd3b07384d113edec49eaa6238ad5ff00',
          versionId: version,
          sequencer: '0000000000ABCDEF',
        },
      },
    })
  })

  test('names no version where the object does not go by its id, and nobody where nobody is known', () => {
    const { principal, bucketOwner, ...anonymous } = cause
    const { userIdentity, s3 } = only({ version, cause: anonymous }) as {
      userIdentity: unknown
      s3: { bucket: { ownerIdentity: unknown }; object: Record<string, unknown> }
    }
    assert.deepEqual(userIdentity, { principalId: 'anonymous' })
    assert.deepEqual(s3.bucket.ownerIdentity, { principalId: '0'.repeat(64) })
    assert.ok(!('versionId' in s3.object))
    assert.ok(principal !== undefined && bucketOwner !== undefined)
  })

  test('of a delete says by the change whether it left a marker', () => {
    const notices = [
      { target: 'hook', configuration: 'gone' },
      { target: 'hook', configuration: 'marked', marker: true as const },
    ]
    const deleted = { ...cause, event: 's3:ObjectRemoved:Delete', notices, versioned: true as const }
    const removed = only({ replaced: version, cause: deleted })
    assert.equal(removed['eventName'], 'ObjectRemoved:Delete')
    const hidden = only({ version, replaced: version, cause: deleted })
    assert.equal(hidden['eventName'], 'ObjectRemoved:DeleteMarkerCreated')
    const objects = [removed, hidden].map(({ s3 }) => s3 as { configurationId: string; object: object })
    assert.deepEqual(
      objects.map(({ configurationId, object }) => [configurationId, object]),
      [
        ['gone', { key: 'a', versionId: version, sequencer: '0000000000ABCDEF' }],
        [
          'marked',
          { key: 'a', versionId: version, sequencer: '0000000000ABCDEF', eTag: 'd41d8cd98f00b204e9800998ecf8427e' },
        ],
      ],
    )
    const expired = { ...deleted, event: 's3:LifecycleExpiration:Delete' }
    assert.equal(only({ version, cause: expired })['eventName'], 'LifecycleExpiration:DeleteMarkerCreated')
    assert.equal(only({ version, cause: expired })['eventVersion'], '2.3')
  })

  test('is for the webhooks that are named, and for none where nobody is to be told', () => {
    assert.deepEqual(eventsOf(record({ version, cause }), 'another'), [])
    assert.deepEqual(eventsOf(record({ version }), 'hook'), [])
    assert.deepEqual(eventsOf({ sequence: 1, change: { kind: 'cluster' } }, 'hook'), [])
  })

  test('has an id that fits into a header, whatever the configuration is called', () => {
    const named = { ...cause, notices: [{ target: 'hook', configuration: 'ünïcode\r\n' }] }
    const [event] = eventsOf(record({ version, cause: named }), 'hook')
    assert.equal(eventIdOf(defined(event, 'an event')), '0000000000ABCDEF-0')
  })

  test('that tests a webhook is as AWS sends it', () => {
    assert.deepEqual(JSON.parse(testMessageOf({ bucket: 'photos', requestId: 'R1', atMs })), {
      Service: 'Amazon S3',
      Event: 's3:TestEvent',
      Time: '2026-11-28T12:00:00.250Z',
      Bucket: 'photos',
      RequestId: 'R1',
      HostId: 'R1',
    })
  })
})
