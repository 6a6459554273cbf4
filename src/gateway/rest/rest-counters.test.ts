import assert from 'node:assert/strict'
import { test } from 'node:test'

import { RestCounters } from './rest-counters.ts'

test('requests are counted by route, method and status, and timed by route and method', () => {
  const counters = new RestCounters()
  const base = { bytesReceived: 10, bytesSent: 1, durationMs: 20 }
  counters.onFinished({ routeName: 'upload', method: 'PUT', status: 201, ...base })
  counters.onFinished({ routeName: 'upload', method: 'PUT', status: 503, ...base, durationMs: 1000 })
  counters.onFinished({ routeName: 'upload', method: 'POST', status: 201, ...base })
  assert.deepEqual(
    [...counters.requests()],
    [
      { route: 'upload', method: 'PUT', status: 201, count: 1 },
      { route: 'upload', method: 'PUT', status: 503, count: 1 },
      { route: 'upload', method: 'POST', status: 201, count: 1 },
    ],
  )
  assert.deepEqual(
    Array.from(counters.routeTimes(), ({ route, method, times }) => [route, method, times.count, times.sum]),
    [
      ['upload', 'PUT', 2, 1.02],
      ['upload', 'POST', 1, 0.02],
    ],
  )
  assert.deepEqual([counters.bytesReceived, counters.bytesSent], [30, 3])
})

test('methods that clients make up are one', () => {
  const counters = new RestCounters()
  for (const method of ['BREW', 'WHEN', 'GET'])
    counters.onFinished({ routeName: 'x', method, status: 405, bytesReceived: 0, bytesSent: 0, durationMs: 1 })
  assert.deepEqual(
    Array.from(counters.requests(), ({ method, count }) => [method, count]),
    [
      ['other', 2],
      ['GET', 1],
    ],
  )
})
