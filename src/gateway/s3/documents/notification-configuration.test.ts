import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { matchingTargets } from '../rules/notification.ts'
import { notificationConfiguration } from './notification-configuration.ts'
import { verdictOn } from './testing/codes.ts'

const on = verdictOn(notificationConfiguration, 'NotificationConfiguration')

interface Given {
  readonly id?: string
  readonly arn?: string
  readonly rules?: readonly (readonly [string, string])[]
}

function queue(events: readonly string[], { id, arn = 'arn:aws:sqs:us-east-1:1:q', rules = [] }: Given = {}): string {
  const filter = rules.map(([name, value]) => `<FilterRule><Name>${name}</Name><Value>${value}</Value></FilterRule>`)
  return (
    `<QueueConfiguration>${id === undefined ? '' : `<Id>${id}</Id>`}<Queue>${arn}</Queue>` +
    events.map((event) => `<Event>${event}</Event>`).join('') +
    `<Filter><S3Key>${filter.join('')}</S3Key></Filter></QueueConfiguration>`
  )
}

describe('NotificationConfiguration', () => {
  test('takes known events and ARNs', () => {
    assert.equal(on(queue(['s3:ObjectCreated:*'])), 'ok')
    assert.equal(
      on(queue(['s3:ObjectCreated:Put', 's3:ObjectRemoved:DeleteMarkerCreated', 's3:ObjectRetention:Put'])),
      'ok',
    )
    for (const bad of ['ObjectCreated:*', 's3:*', 's3:ObjectCreated:', 's3:ObjectCreated:Get', '']) {
      assert.equal(on(queue([bad])), 'InvalidArgument', bad)
    }
    assert.equal(on(queue([])), 'MalformedXML')
    assert.equal(on(queue(['s3:ObjectCreated:*'], { arn: 'https://example.com' })), 'InvalidArgument')
    assert.equal(on(queue(['s3:ObjectCreated:*'], { arn: 'arn:minio:sqs::1:webhook' })), 'ok')
  })

  test('takes one prefix and one suffix', () => {
    const rules = (...all: readonly (readonly [string, string])[]): string =>
      on(queue(['s3:ObjectCreated:*'], { rules: all }))
    assert.equal(rules(['prefix', 'a'], ['Suffix', 'b']), 'ok')
    assert.equal(rules(['prefix', 'a'], ['prefix', 'b']), 'InvalidArgument')
    assert.equal(rules(['infix', 'a']), 'InvalidArgument')
    assert.equal(rules(['prefix', 'é'.repeat(512)]), 'ok')
    assert.equal(rules(['prefix', 'é'.repeat(513)]), 'InvalidArgument')
  })

  test('refuses two configurations for the same event of the same key', () => {
    const two = (one: Given, other: Given): string =>
      on(queue(['s3:ObjectCreated:*'], one) + queue(['s3:ObjectCreated:Put'], other))
    assert.equal(two({}, {}), 'InvalidArgument')
    assert.equal(two({ rules: [['prefix', 'a']] }, { rules: [['prefix', 'b']] }), 'ok')
    assert.equal(two({ rules: [['prefix', 'a']] }, { rules: [['prefix', 'ab']] }), 'InvalidArgument')
    assert.equal(two({ rules: [['suffix', '.a']] }, { rules: [['suffix', '.b']] }), 'ok')
    assert.equal(on(queue(['s3:ObjectCreated:*']) + queue(['s3:ObjectRemoved:*'])), 'ok')
    assert.equal(
      on(queue(['s3:ObjectCreated:*'], { id: 'x' }) + queue(['s3:ObjectRemoved:*'], { id: 'x' })),
      'InvalidArgument',
    )
  })
})

test('an event is told to the configurations that want it', () => {
  const xml =
    queue(['s3:ObjectCreated:*'], { id: 'a', rules: [['prefix', 'in/']] }) +
    queue(['s3:ObjectRemoved:Delete'], { id: 'b', rules: [['suffix', '.jpg']] }) +
    queue(['s3:ObjectCreated:Put'], {
      id: 'c',
      rules: [
        ['prefix', 'out/'],
        ['suffix', '.txt'],
      ],
    })
  const configuration = notificationConfiguration.parse(
    Buffer.from(`<NotificationConfiguration>${xml}</NotificationConfiguration>`),
  )
  const told = (event: string, key: string): string =>
    matchingTargets(configuration, event, key)
      .map(({ id }) => id)
      .join('')
  assert.equal(told('s3:ObjectCreated:Copy', 'in/x'), 'a')
  assert.equal(told('s3:ObjectCreated:Copy', 'other'), '')
  assert.equal(told('s3:ObjectCreated:Put', 'out/x.txt'), 'c')
  assert.equal(told('s3:ObjectCreated:Copy', 'out/x.txt'), '')
  assert.equal(told('s3:ObjectRemoved:Delete', 'in/x.jpg'), 'b')
  assert.equal(told('s3:ObjectRemoved:DeleteMarkerCreated', 'in/x.jpg'), '')
})
