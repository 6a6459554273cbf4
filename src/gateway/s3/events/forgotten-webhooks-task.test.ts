import assert from 'node:assert/strict'
import { test } from 'node:test'

import { CollectingLog } from '../../../../sim/ports/log.ts'
import { VirtualTime } from '../../../../sim/ports/clock.ts'
import { DAY_MS, HOUR_MS } from '../../../base/units.ts'
import { LeaseKeeper } from '../../../master/lease-keeper.ts'
import { openMetadata, processNumber } from '../../../master/testing/metadata.ts'
import { ForgottenWebhooksTask } from './forgotten-webhooks-task.ts'
import { followerOf } from './webhook.ts'

test('a webhook that is not configured any more lets go of the change log after a day', async () => {
  const time = new VirtualTime()
  const clock = time.createClock()
  const log = new CollectingLog()
  const { metadata } = await openMetadata(time)
  const lease = new LeaseKeeper({ metadata, clock }, processNumber(1))
  for (const name of [followerOf('hook'), followerOf('gone'), 'another follower'])
    await metadata.putFollower({ name, sequence: 1 })
  const task = new ForgottenWebhooksTask({ metadata, clock, log, fence: () => lease.fence }, ['hook'])
  const names = async (): Promise<readonly string[]> =>
    (await metadata.listFollowers()).map(({ name }) => name).toSorted()
  const untilMs = async (endMs: number): Promise<void> => {
    while (time.nowMs < endMs) {
      await lease.step()
      await time.advance(await task.step())
    }
  }
  await task.step()
  assert.equal((await names()).length, 3)
  await untilMs(DAY_MS - HOUR_MS)
  assert.deepEqual(await names(), ['another follower', followerOf('gone'), followerOf('hook')])
  await untilMs(DAY_MS + HOUR_MS)
  assert.deepEqual(await names(), ['another follower', followerOf('hook')])
  assert.equal(log.entries.length, 1)
})
