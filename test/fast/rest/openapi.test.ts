// Holds the OpenAPI document and the face to each other: every route stands in the document, every operation and every status of it
// is brought about here, and every body fits the schema that the document gives for it.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ValidateFunction } from 'ajv/dist/2020.js'

import { defined } from '../../../src/base/assert.ts'
import { FrostError } from '../../../src/base/errors.ts'
import type { ErrorCode } from '../../../src/base/errors.ts'
import { openApiText } from '../../../src/gateway/rest/openapi.ts'
import { exactPaths, findRoute } from '../../../src/gateway/rest/routes.ts'
import { VirtualTime } from '../../../sim/ports/clock.ts'
import { findSituation, openWorld, refusals } from './access-situations.ts'
import { eventually, Harness, isRecord, sampleBytes } from './harness.ts'
import type { Answer, RequestOptions } from './harness.ts'

type Json = Readonly<Record<string, unknown>>

const document = parseRecord(openApiText())
const paths = recordAt(document, 'paths')
const time = new VirtualTime()

function parseRecord(text: string): Json {
  const value: unknown = JSON.parse(text)
  assert.ok(isRecord(value))
  return value
}

function recordAt(value: Json, ...keys: readonly string[]): Json {
  let at: unknown = value
  for (const key of keys) {
    assert.ok(isRecord(at), `${key} of an object`)
    at = at[key]
  }
  assert.ok(isRecord(at), `an object at ${keys.join('.')}`)
  return at
}

const ajv = new Ajv2020({
  strict: true,
  allowUnionTypes: true,
  keywords: ['openapi', 'info', 'servers', 'security', 'paths', 'components'],
  formats: {
    'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/,
    'uri': /^[a-z][a-z0-9+.-]*:\S+$/,
    'binary': true,
  },
})
ajv.addSchema(document, 'document')

function validator(operationPath: string, method: string, status: string, mediaType: string): ValidateFunction {
  const escape = (key: string): string => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))
  const keys = ['paths', operationPath, method, 'responses', status, 'content', mediaType, 'schema']
  return ajv.compile({ $ref: `document#/${keys.map(escape).join('/')}` })
}

// ---- bringing about each status

type Send = (options?: RequestOptions, query?: string) => Promise<Answer>

interface Situation {
  readonly rest: Harness
  /** The operation, with a file name where it takes one. */
  readonly send: Send
  readonly path: string
  readonly method: string
}

const body = sampleBytes(100)

function failing(code: ErrorCode): (situation: Situation) => Promise<Answer> {
  return async ({ rest, send }) => {
    const error = new FrostError(code, 'Brought about.')
    Object.assign(rest.files, { putError: error, headError: error, clusterError: error })
    rest.files.onList = () => {
      throw error
    }
    rest.files.changeError = error
    return send()
  }
}

async function conditional({ rest, send }: Situation): Promise<Answer> {
  rest.files.store('name', body)
  return send({ headers: { 'If-Match': '"other"' } })
}

async function stalled({ rest, path, method }: Situation): Promise<Answer> {
  const connection = await rest.connect()
  connection.write(`${method} ${path}?filename=name HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc`)
  await eventually(() => rest.files.uploadsOpen === 1)
  await time.advance(40_000)
  return connection.response()
}

async function unknownWorker({ rest, method }: Situation): Promise<Answer> {
  return rest.request('/api/v1/workers/00000000000000ff/drain', { method })
}

function allowFailing(code: ErrorCode): (situation: Situation) => Promise<Answer> {
  return async ({ rest, send }) => {
    rest.files.changeError = new FrostError(code, 'Brought about.')
    return send({}, 'worker=0123456789abcdef')
  }
}

async function bucketFailing({ rest, send }: Situation): Promise<Answer> {
  rest.files.changeError = new FrostError('metadata-unavailable', 'Brought about.')
  return send({}, 'bucket=default')
}

/** What brings about a status of most operations. */
const usual: Readonly<Record<string, (situation: Situation) => Promise<Answer>>> = {
  '200': async ({ rest, send }) => {
    rest.files.store('name', body)
    return send()
  },
  '201': async ({ send }) => send(),
  '202': async ({ send }) => send(),
  '206': async ({ rest, send }) => {
    rest.files.store('name', body)
    return send({ headers: { Range: 'bytes=1-2' } })
  },
  '304': async ({ rest, send }) => {
    rest.files.store('name', body)
    return send({ headers: { 'If-None-Match': '*' } })
  },
  '400': async ({ send }) => send({}, 'bucket=&need=x'),
  '403': async ({ send }) => send({ headers: { Origin: 'https://evil.example' } }),
  '404': async ({ send }) => send({}, 'bucket=nowhere'),
  '408': stalled,
  '412': conditional,
  '415': async ({ send }) => send({ headers: { 'Content-Encoding': 'gzip' } }),
  '416': async ({ rest, send }) => {
    rest.files.store('name', body)
    return send({ headers: { Range: 'bytes=200-' } })
  },
  '421': async ({ send }) => send({ headers: { Host: 'evil.example' } }),
  '503': failing('metadata-unavailable'),
  '507': failing('insufficient-storage'),
}

/** Where an operation needs something else. */
const special: Readonly<Record<string, (situation: Situation) => Promise<Answer>>> = {
  'get /api/v1/buckets 400': async ({ send }) => send({}, 'usage=perhaps'),
  'put /api/v1/buckets 409': async ({ send }) => send({}, 'bucket=default'),
  'post /api/v1/buckets 409': async ({ send }) => send({}, 'bucket=default'),
  'delete /api/v1/buckets 409': async ({ rest, send }) => {
    rest.files.store('name', body)
    return send({}, 'bucket=default')
  },
  'delete /api/v1/buckets 200': async ({ rest, send }) => {
    await rest.files.createBucket('empty')
    return send({}, 'bucket=empty')
  },
  'put /api/v1/buckets 201': async ({ send }) => send({}, 'bucket=new'),
  'post /api/v1/buckets 201': async ({ send }) => send({}, 'bucket=new'),
  'put /api/v1/buckets 503': bucketFailing,
  'post /api/v1/buckets 503': bucketFailing,
  'delete /api/v1/buckets 503': bucketFailing,
  'post /api/v1/workers/{id}/drain 404': unknownWorker,
  'delete /api/v1/workers/{id} 404': unknownWorker,
  'delete /api/v1/workers/{id} 409': failing('worker-in-use'),
  'delete /api/v1/workers/{id}/drain 404': unknownWorker,
  'post /api/v1/workers/{id}/drain 409': failing('drain-refused'),
  'post /api/v1/allow-orphans 200': async ({ send }) => send({}, 'worker=0123456789abcdef'),
  'post /api/v1/allow-orphans 400': async ({ send }) => send({}, 'worker=1'),
  'post /api/v1/allow-orphans 412': allowFailing('precondition-failed'),
  'post /api/v1/allow-orphans 503': allowFailing('metadata-unavailable'),
  'post /api/v1/rebuild-metadata 202': async ({ send }) => send({}, 'force=true'),
  'post /api/v1/rebuild-metadata 400': async ({ send }) => send({}, 'merge=perhaps'),
  'post /api/v1/rebuild-metadata 412': failing('precondition-failed'),
  'get /readyz 503': async ({ rest, send }) => {
    rest.files.readinessNow = { canRead: false, canWrite: false, reason: 'brought about' }
    return send()
  },
  'get /metrics 404': async () => {
    await using rest = await Harness.start()
    return await rest.request('/metrics')
  },
}

const methodsWithBody = ['put', 'post', 'patch']

async function bringAbout(operationPath: string, method: string, status: string): Promise<Answer> {
  const metricsText = async (): Promise<{ contentType: string; text: string }> =>
    Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' })
  const clock = time.createClock()
  const world = await openWorld(clock)
  await using rest = await Harness.start({ clock, metricsText, access: world.access, keys: world.access.keys })
  const path = operationPath.replace('{filename}', 'name').replace(/\{(id|code)\}/, '1'.repeat(16))
  const base = operationPath.includes('{filename}') || operationPath === '/api/v1/buckets' ? '' : 'filename=name'
  const upper = method.toUpperCase()
  const send: Send = async (options = {}, query = '') => {
    const target = `${path}?${[base, query].filter((text) => text !== '').join('&')}`
    const withBody = methodsWithBody.includes(method) ? { body } : {}
    return rest.request(target, { method: upper, ...withBody, ...options })
  }
  const situation = { rest, world, send, path, method: upper }
  const operation = `${method} ${operationPath}`
  const found = findSituation(operation, status, async () => time.advance(20_000))
  if (found !== undefined) return await found(situation)
  const refusal = refusals[status]
  if (refusal !== undefined && (status !== '403' || method === 'get'))
    return await refusal({ method: upper, target: `${path}?${base}`, clock })
  const how = special[`${method} ${operationPath} ${status}`] ?? usual[status]
  assert.ok(how, `nothing brings about ${status}`)
  return await how(situation)
}

// ---- the tests

describe('every status of every operation is answered as the document says', () => {
  for (const [operationPath, operations] of Object.entries(paths)) {
    assert.ok(isRecord(operations))
    for (const method of Object.keys(operations)) {
      for (const [status, response] of Object.entries(recordAt(operations, method, 'responses'))) {
        test(`${method.toUpperCase()} ${operationPath} ${status}`, async () => {
          const answer = await bringAbout(operationPath, method, status)
          assert.equal(String(answer.status), status, answer.text)
          assert.ok(isRecord(response) && typeof response['description'] === 'string')
          checkBody(answer, { operationPath, method, status, response })
        })
      }
    }
  }
})

interface Documented {
  readonly operationPath: string
  readonly method: string
  readonly status: string
  readonly response: Json
}

function checkBody(answer: Answer, documented: Documented): void {
  const { operationPath, method, status, response } = documented
  if (response['content'] === undefined) {
    assert.equal(answer.body.length, 0)
    return
  }
  const [mediaType = ''] = Object.keys(recordAt(response, 'content'))
  if (mediaType === '*/*') return
  assert.equal(answer.headers['content-type']?.split(';')[0], mediaType)
  if (!mediaType.endsWith('json')) return
  const validate = validator(operationPath, method, status, mediaType)
  assert.ok(validate(answer.json), JSON.stringify(validate.errors))
}

describe('the document', () => {
  test('is served as it is', async () => {
    await using rest = await Harness.start()
    const answer = await rest.request('/api/v1/openapi.json')
    assert.equal(answer.text, openApiText())
    assert.equal(document['openapi'], '3.1.0')
  })

  test('has the paths and methods of the routes, and no others', () => {
    const documented = Object.keys(paths).filter((path) => !path.includes('{'))
    assert.deepEqual(documented.toSorted(), exactPaths().toSorted())
    for (const [path, operations] of Object.entries(paths)) {
      const route = findRoute(path)
      assert.ok(route && isRecord(operations))
      const methods = Object.keys(operations).map((method) => method.toUpperCase())
      const served = [...route.calls.keys()].filter((method) => method !== 'HEAD')
      assert.deepEqual(methods.toSorted(), served.toSorted(), path)
    }
  })

  test('has schemas that are valid, and every reference leads to one', () => {
    for (const name of Object.keys(recordAt(document, 'components', 'schemas'))) {
      assert.ok(ajv.compile({ $ref: `document#/components/schemas/${name}` }))
    }
    const references = openApiText().match(/"\$ref":"[^"]*"/g) ?? []
    assert.ok(references.length > 20)
    for (const text of new Set(references)) {
      const keys = text.slice('"$ref":"'.length, -1).split('/').slice(1)
      recordAt(document, ...keys)
    }
  })

  test('a page of verified blocks with every kind of problem fits its schema', async () => {
    await using rest = await Harness.start()
    rest.files.store('name', sampleBytes(1_000_000))
    const worker = defined(rest.files.clusterNow.workers[0], 'a worker').id
    rest.files.damage = (['missing', 'damaged', 'unknown'] as const).map((state, column) => ({
      block: 1,
      column,
      worker,
      state,
    }))
    const verified = validator('/api/v1/verify', 'get', '200', 'application/json')
    const { json } = await rest.request('/api/v1/verify?filename=name&limit=2')
    assert.ok(verified(json), JSON.stringify(verified.errors))
    assert.ok(isRecord(json) && Array.isArray(json['problems']))
    assert.equal(json['problems'].length, 3)
  })

  test('the details of a listing and the pages of a layout fit their schemas', async () => {
    await using rest = await Harness.start()
    rest.files.store('name', sampleBytes(100_000))
    const details = validator('/files', 'get', '200', 'application/json')
    assert.ok(details((await rest.request('/files?details=true')).json), JSON.stringify(details.errors))
    const layout = validator('/api/v1/layout', 'get', '200', 'application/json')
    assert.ok(layout((await rest.request('/api/v1/layout?filename=name&limit=2')).json), JSON.stringify(layout.errors))
  })
})
