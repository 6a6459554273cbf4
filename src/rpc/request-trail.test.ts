import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { Span } from '../ports/tracing.ts'
import { decodeExtension, encodeExtension } from './extension.ts'
import { RequestTrail } from './request-trail.ts'

const context = `${'4b'.repeat(16)}${'0f'.repeat(8)}01`
const span: Span = { context, child: () => span, end: () => undefined }

test('without a span the extension holds the request’s id, and is made once', () => {
  const trail = new RequestTrail('client-1')
  const extension = trail.extension(undefined)
  assert.deepEqual(decodeExtension(extension), { requestId: 'client-1' })
  assert.equal(trail.extension(undefined), extension)
})

test('with a span it holds that one too', () => {
  assert.deepEqual(decodeExtension(new RequestTrail('r', span).extension(span)), { trace: context, requestId: 'r' })
})

test('the short way to encode an id gives the same bytes as the long one', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[\u0021-\u007e]{1,64}$/), (requestId) => {
      assert.deepEqual(new RequestTrail(requestId).extension(undefined), encodeExtension({ requestId }))
    }),
  )
})
