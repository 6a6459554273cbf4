import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, test } from 'node:test'

import { VirtualTime } from '../../../../sim/ports/clock.ts'
import { SimulatedCompute } from '../../../../sim/ports/compute.ts'
import { defined } from '../../../base/assert.ts'
import { HttpFailure } from '../../../ports/http-client.ts'
import type { HttpAnswer, HttpPost } from '../../../ports/http-client.ts'
import type { Webhook } from './webhook.ts'
import { sendMessage } from './webhook-sender.ts'
import type { Outcome } from './webhook-sender.ts'

const wallMs = 1_614_265_330_000
const hook: Webhook = { name: 'hook', url: 'https://example.com/events' }

async function send(
  webhook: Webhook,
  answer: () => HttpAnswer = () => ({ status: 200 }),
): Promise<{ readonly outcome: Outcome; readonly posted: HttpPost }> {
  let posted: HttpPost | undefined
  const http = {
    post: async (post: HttpPost): Promise<HttpAnswer> => {
      posted = post
      return Promise.resolve().then(answer)
    },
  }
  const clock = new VirtualTime().createClock({ wallMs })
  const sending = {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    message: '{"test": 2432232314}',
    timeoutMs: 1,
    signal: new AbortController().signal,
  }
  const outcome = await sendMessage({ clock, compute: new SimulatedCompute(), http }, webhook, sending)
  return { outcome, posted: defined(posted, 'it was sent') }
}

describe('a message to a webhook', () => {
  test('goes to its address as JSON, without a signature where there is no secret', async () => {
    const { outcome, posted } = await send(hook)
    assert.deepEqual(outcome, { failure: undefined })
    assert.equal(posted.url, hook.url)
    assert.equal(Buffer.from(posted.body).toString(), '{"test": 2432232314}')
    assert.deepEqual(posted.headers, {
      'Content-Type': 'application/json',
      'User-Agent': 'FrostByte',
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
    })
  })

  test('carries a token, and is signed as the example of Standard Webhooks', async () => {
    const { posted } = await send({ ...hook, token: 'abc', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' })
    assert.equal(posted.headers['Authorization'], 'Bearer abc')
    assert.equal(posted.headers['webhook-signature'], 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  })

  test('is signed by a secret as it is, where that is none of Standard Webhooks', async () => {
    const { posted } = await send({ ...hook, secret: 'a plain secret' })
    const signed = 'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}'
    const expected = createHmac('sha256', 'a plain secret').update(signed).digest('base64')
    assert.equal(posted.headers['webhook-signature'], `v1,${expected}`)
  })

  test('is taken where the answer is 2xx, and nowhere else', async () => {
    for (const status of [200, 201, 202, 204, 299]) {
      assert.equal((await send(hook, () => ({ status }))).outcome.failure, undefined)
    }
    for (const status of [100, 199, 300, 302, 307, 400, 404, 410, 429, 500, 503]) {
      assert.equal((await send(hook, () => ({ status }))).outcome.failure, `status ${status}`)
    }
  })

  test('says when the webhook wants it again, and why no answer came', async () => {
    const asked = await send(hook, () => ({ status: 503, retryAfter: '120' }))
    assert.deepEqual(asked.outcome, { failure: 'status 503', retryAfterMs: 120_000 })
    const odd = await send(hook, () => ({ status: 503, retryAfter: 'Fri, 31 Dec 1999 23:59:59 GMT' }))
    assert.deepEqual(odd.outcome, { failure: 'status 503', retryAfterMs: undefined })
    const away = await send(hook, () => {
      throw new HttpFailure('ECONNREFUSED')
    })
    assert.deepEqual(away.outcome, { failure: 'ECONNREFUSED' })
  })
})
