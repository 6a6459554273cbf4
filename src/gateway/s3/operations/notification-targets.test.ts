import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'

import type { TestMessage } from '../events/event-message.ts'
import { S3World, textAt } from '../testing/s3-world.ts'

const document = (...arns: readonly string[]): string =>
  `<NotificationConfiguration>${arns
    .map(
      (arn, index) =>
        `<QueueConfiguration><Queue>${arn}</Queue><Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule>` +
        `<Name>prefix</Name><Value>${index}/</Value></FilterRule></S3Key></Filter></QueueConfiguration>`,
    )
    .join('')}</NotificationConfiguration>`

describe('the webhooks of a notification configuration', () => {
  let world: S3World
  let tested: (TestMessage & { readonly name: string })[] = []
  let failure: string | undefined

  before(async () => {
    const webhooks = {
      has: (name: string): boolean => name === 'one' || name === 'two',
      test: async (name: string, test: TestMessage): Promise<string | undefined> => {
        tested.push({ name, ...test })
        return Promise.resolve(failure)
      },
    }
    world = await S3World.start({}, { webhooks })
    await world.send('PUT', '/told')
  })
  beforeEach(() => {
    tested = []
    failure = undefined
  })
  after(async () => {
    await world[Symbol.asyncDispose]()
  })

  it('each get a test event, and the configuration is kept', async () => {
    const body = document('arn:frostbyte:sqs::one:webhook', 'arn:frostbyte:sqs::two:webhook', 'arn:aws:sqs:::two')
    const put = await world.send('PUT', '/told?notification', { body })
    assert.equal(put.status, 200, put.text)
    assert.deepEqual(tested.map(({ name }) => name).sort(), ['one', 'two'])
    assert.ok(
      tested.every(({ bucket, requestId }) => bucket === 'told' && requestId === put.headers['x-amz-request-id']),
    )
    const got = await world.send('GET', '/told?notification')
    assert.equal(textAt(got.xml, 'QueueConfiguration', 'Queue'), 'arn:frostbyte:sqs::one:webhook')
    await world.send('PUT', '/told/0/a', { body: 'x' })
    await world.send('PUT', '/told/other', { body: 'x' })
    assert.deepEqual(world.objects.causes, ['s3:ObjectCreated:Put'])
  })

  it('that do not exist are refused, and nobody is sent anything', async () => {
    for (const arn of ['arn:frostbyte:sqs::three:webhook', 'arn:aws:sqs:us-east-1:1:x:y']) {
      const put = await world.send('PUT', '/told?notification', {
        body: document('arn:frostbyte:sqs::one:webhook', arn),
      })
      assert.deepEqual([put.status, put.code], [400, 'InvalidArgument'])
      assert.match(put.text, /destination ARN does not exist or is not well-formed/)
    }
    assert.deepEqual(tested, [])
  })

  it('that do not take the test event are refused, unless the client skips the test', async () => {
    failure = 'ECONNREFUSED'
    const body = document('arn:frostbyte:sqs::one:webhook')
    const put = await world.send('PUT', '/told?notification', { body })
    assert.deepEqual([put.status, put.code], [400, 'InvalidArgument'])
    assert.match(put.text, /Unable to validate the following destination configurations/)
    const headers = { 'x-amz-skip-destination-validation': 'true' }
    assert.equal((await world.send('PUT', '/told?notification', { body, headers })).status, 200)
  })
})
