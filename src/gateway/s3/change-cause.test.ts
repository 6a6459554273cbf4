import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { BucketState } from './bucket-cache.ts'
import { causeIn } from './change-cause.ts'
import { notificationConfiguration } from './documents/notification-configuration.ts'
import { arnOfWebhook, webhookOfArn } from './events/webhook-arn.ts'

const origin = { atMs: 5, requestId: 'r', address: '::1' }

interface Wish {
  readonly id: string
  readonly webhook: string
  readonly events: readonly string[]
  readonly prefix?: string
  readonly suffix?: string
}

function bucketWith(...wishes: readonly Wish[]): BucketState {
  const configurations = wishes.map(({ id, webhook, events, prefix = '', suffix = '' }) => {
    const rules = [
      `<FilterRule><Name>prefix</Name><Value>${prefix}</Value></FilterRule>`,
      `<FilterRule><Name>suffix</Name><Value>${suffix}</Value></FilterRule>`,
    ].join('')
    const named = events.map((event) => `<Event>${event}</Event>`).join('')
    return (
      `<QueueConfiguration><Id>${id}</Id><Queue>${arnOfWebhook(webhook)}</Queue>${named}` +
      `<Filter><S3Key>${rules}</S3Key></Filter></QueueConfiguration>`
    )
  })
  const xml = `<NotificationConfiguration>${configurations.join('')}</NotificationConfiguration>`
  const value = notificationConfiguration.parse(new TextEncoder().encode(xml))
  const row = { name: 'b', createdMs: 1, owner: 'o' }
  return new BucketState(row, { notification: notificationConfiguration.encode(value) })
}

const created = 's3:ObjectCreated:Put'
const removed = 's3:ObjectRemoved:Delete'

describe('the cause of a change', () => {
  test('names the webhook and the configuration that wants the event of the key', () => {
    const state = bucketWith(
      { id: 'jpg', webhook: 'pictures', events: ['s3:ObjectCreated:*'], prefix: 'in/', suffix: '.jpg' },
      { id: 'png', webhook: 'others', events: [created], prefix: 'in/', suffix: '.png' },
    )
    const told = (key: string, event = created): unknown => causeIn(state, { ...origin, event, key })?.notices
    assert.deepEqual(told('in/a.jpg'), [{ target: 'pictures', configuration: 'jpg' }])
    assert.deepEqual(told('in/a.jpg', 's3:ObjectCreated:Copy'), [{ target: 'pictures', configuration: 'jpg' }])
    assert.deepEqual(told('in/a.png'), [{ target: 'others', configuration: 'png' }])
    assert.equal(told('in/a.png', 's3:ObjectCreated:Copy'), undefined)
    assert.equal(told('in/a.gif'), undefined)
    assert.equal(told('a.jpg'), undefined)
    assert.equal(told('in/a.jpg', removed), undefined)
  })

  test('is none where the bucket tells nobody, or names what is no webhook', () => {
    const row = { name: 'b', createdMs: 1 }
    assert.equal(causeIn(new BucketState(row, {}), { ...origin, event: created, key: 'a' }), undefined)
    assert.equal(causeIn(bucketWith(), { ...origin, event: created, key: 'a' }), undefined)
  })

  test('of a delete names whom to tell with and without a marker', () => {
    const state = bucketWith(
      { id: 'gone', webhook: 'one', events: [removed] },
      { id: 'hidden', webhook: 'two', events: ['s3:ObjectRemoved:DeleteMarkerCreated'] },
    )
    assert.deepEqual(causeIn(state, { ...origin, principal: 'p', event: removed, key: 'a' }), {
      ...origin,
      principal: 'p',
      bucketOwner: 'o',
      event: removed,
      notices: [
        { target: 'one', configuration: 'gone' },
        { target: 'two', configuration: 'hidden', marker: true },
      ],
    })
    const expiring = bucketWith({ id: 'all', webhook: 'one', events: ['s3:LifecycleExpiration:*'] })
    const cause = causeIn(expiring, { ...origin, event: 's3:LifecycleExpiration:Delete', key: 'a' })
    assert.deepEqual(
      cause?.notices.map(({ marker }) => marker),
      [undefined, true],
    )
  })
})

describe('the ARN of a webhook', () => {
  test('is read in the forms that clients have, and in no other', () => {
    const names = {
      'arn:frostbyte:sqs::hook:webhook': 'hook',
      'arn:minio:sqs:us-east-1:hook:webhook': 'hook',
      'arn:minio:sqs::_:webhook': '_',
      'arn:aws:sqs:us-east-1:123456789012:hook': 'hook',
      'arn:aws:sns:::hook': 'hook',
      'arn:aws:lambda:us-east-1:123456789012:function:hook': undefined,
      'arn:frostbyte:sqs::hook:queue': undefined,
      'arn:frostbyte:sqs:::webhook': undefined,
      'arn:aws:sqs:us-east-1:123456789012:hook:webhook': undefined,
      'http://127.0.0.1/': undefined,
      '': undefined,
    }
    for (const [arn, name] of Object.entries(names)) assert.equal(webhookOfArn(arn), name, arn)
  })

  test('is one for each name, and no text breaks its reading', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/), fc.string(), (name, text) => {
        assert.equal(webhookOfArn(arnOfWebhook(name)), name)
        webhookOfArn(text)
      }),
    )
  })
})
