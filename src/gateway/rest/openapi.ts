// The OpenAPI 3.1 document of the REST face, served at /api/v1/openapi.json. Tests hold it to the routes in both directions, and
// exercise every status that it names.

import { accessPaths, securitySchemes, withAccess, body, bodyProblems } from './openapi-access.ts'
import { header, json, parameter, problems } from './openapi-parts.ts'
import type { Json, Operation, Paths } from './openapi-parts.ts'
import { reference, schemas } from './openapi-schemas.ts'

const text = { type: 'string' }
const flag = { type: 'boolean', default: false }
const bytes = { schema: { type: 'string', format: 'binary' } }
const bucket = parameter('bucket', { type: 'string', default: 'default' }, 'The bucket.')
const fileName = parameter('filename', text, 'The name of the file: 1 to 1,024 bytes of UTF-8, percent-encoded.')
const afterName = parameter('after', text, 'Names after this one, in byte order; it need not exist.')
const limit = parameter('limit', { type: 'integer', minimum: 1, maximum: 1000 }, 'At most so many.')
const ifMatch = header('If-Match', 'Only where the file has one of these ETags; * for any.')
const ifNoneMatch = header('If-None-Match', 'Only where the file has none of these ETags; * where there is no file.')

const workerInPath = { name: 'id', in: 'path', required: true, schema: text, description: 'The id of the worker.' }

const upload: Operation = {
  summary: 'Stores a file: the raw body, or the part `file` of a form. It is durable when the answer comes.',
  parameters: [
    fileName,
    parameter('size', { type: 'integer', minimum: 0 }, 'The length of the file. A body of another length is refused.'),
    bucket,
    ifMatch,
    ifNoneMatch,
  ],
  requestBody: {
    required: true,
    content: {
      '*/*': bytes,
      'multipart/form-data': { schema: { type: 'object', required: ['file'], properties: { file: bytes.schema } } },
    },
  },
  responses: {
    '201': json('Stored.', reference('StoredFile')),
    ...problems(400, 403, 404, 408, 412, 415, 421, 503, 507),
  },
}

const fileResponse = { description: 'The bytes of the file.', content: { '*/*': bytes } }

const downloadResponses = {
  '200': fileResponse,
  '206': {
    description: 'The bytes of the range; of several ranges as multipart/byteranges.',
    content: { '*/*': bytes },
  },
  '304': { description: 'The client’s copy is still the file.' },
  ...problems(400, 404, 412, 416, 421, 503),
}

function download(parameters: readonly Json[]): Operation {
  const conditions = [
    header('Range', 'bytes=first-last, bytes=first-, bytes=-length, or several of them.'),
    ifMatch,
    ifNoneMatch,
  ]
  return {
    summary: 'The bytes of a file.',
    parameters: [...parameters, bucket, ...conditions],
    responses: downloadResponses,
  }
}

const createBucket: Operation = {
  summary: 'Creates a bucket.',
  parameters: [bucket],
  responses: { '201': json('Created.', reference('Bucket')), ...problems(400, 403, 409, 421, 503) },
}

const paths: Paths = {
  '/upload': { post: upload, put: upload },
  '/files': {
    get: {
      summary: 'The names of all files, in byte order; with details=true objects instead of names.',
      parameters: [
        parameter('prefix', text, 'Only names that begin with it.'),
        afterName,
        limit,
        parameter('details', flag, 'Size, ETag and time besides the name.'),
        bucket,
      ],
      responses: {
        '200': json('The list. Where a limit cut it, the header Link names the rest.', {
          oneOf: [reference('FileNames'), reference('FileDetails')],
        }),
        ...problems(400, 404, 421, 503),
      },
    },
  },
  '/download': { get: download([fileName]) },
  '/download/{filename}': {
    get: download([
      { name: 'filename', in: 'path', required: true, schema: text, description: 'The rest of the path.' },
    ]),
  },
  '/delete': {
    delete: {
      summary: 'Deletes a file.',
      parameters: [fileName, bucket, ifMatch, ifNoneMatch],
      responses: {
        '200': json('What was deleted.', reference('StoredFile')),
        ...problems(400, 403, 404, 412, 421, 503),
      },
    },
  },
  '/api/v1/cluster': {
    get: {
      summary:
        'Workers, placement groups, what is known of the redundancy (null where it is not known), and what is being done about it.',
      responses: { '200': json('The state.', reference('Cluster')), ...problems(421, 503) },
    },
  },
  '/api/v1/workers/{id}': {
    delete: {
      summary: 'Forgets a worker that is gone and holds nothing.',
      parameters: [workerInPath],
      responses: {
        '200': json('It is not listed any more.', reference('Forgotten')),
        ...problems(403, 404, 409, 421, 503),
      },
    },
  },
  '/api/v1/workers/{id}/drain': {
    post: {
      summary: 'Has everything moved away from a worker, in the background.',
      parameters: [workerInPath],
      responses: {
        '202': json('It is decided and durable.', reference('Drain')),
        ...problems(403, 404, 409, 421, 503),
      },
    },
    delete: {
      summary: 'Ends a drain; what has moved stays where it is.',
      parameters: [workerInPath],
      responses: { '200': json('It has ended.', reference('Drain')), ...problems(403, 404, 421, 503) },
    },
  },
  '/api/v1/repair': {
    post: {
      summary:
        'Compares what must exist with what the workers hold, all of it, and repairs what is missing; in the background.',
      responses: { '202': json('It has begun.', reference('Comparing')), ...problems(403, 421, 503) },
    },
  },
  '/api/v1/scrub': {
    post: {
      summary: 'Has every worker that answers read and check all that it stores, in the background.',
      responses: { '202': json('Who has begun.', reference('Scrubbing')), ...problems(403, 421, 503) },
    },
  },
  '/api/v1/verify': {
    get: {
      summary: 'Has the workers read and check every piece of a file.',
      parameters: [
        fileName,
        parameter('after', { type: 'integer', minimum: -1 }, 'Blocks after this index; `next` of the page before.'),
        parameter('limit', { type: 'integer', minimum: 1, maximum: 1000, default: 100 }, 'Blocks at most.'),
        bucket,
      ],
      responses: { '200': json('What was found.', reference('Verified')), ...problems(400, 404, 421, 503) },
    },
  },
  '/api/v1/allow-orphans': {
    post: {
      summary:
        'Lets orphan collection delete what the metadata does not know at a worker, where it asks, until its day ends.',
      parameters: [parameter('worker', { type: 'string' }, 'The id of the worker.')],
      responses: { '200': json('Allowed.', reference('AllowedWorker')), ...problems(400, 403, 412, 421, 503) },
    },
  },
  '/api/v1/rebuild-metadata': {
    get: {
      summary: 'How far the last rebuild of the metadata is.',
      responses: { '200': json('The rebuild.', reference('Rebuild')), ...problems(421, 503) },
    },
    post: {
      summary: 'Starts to rebuild lost metadata from what the workers hold. It goes on by itself, also after a crash.',
      parameters: [
        parameter('merge', flag, 'Also where the metadata holds files: adds those that it does not know.'),
        parameter('force', flag, 'Also while more workers are missing than files can do without.'),
      ],
      responses: { '202': json('It runs.', reference('Rebuild')), ...problems(400, 403, 412, 421, 503) },
    },
  },
  '/api/v1/stat': {
    get: {
      summary: 'What is known of a file.',
      parameters: [fileName, bucket],
      responses: { '200': json('The file.', reference('FileStat')), ...problems(400, 404, 421, 503) },
    },
  },
  '/api/v1/layout': {
    get: {
      summary: 'Which chunk and which parity piece of a file lies on which worker.',
      parameters: [
        fileName,
        parameter('after', { type: 'integer', minimum: -1 }, 'Chunks after this index; `next` of the page before.'),
        limit,
        bucket,
      ],
      responses: { '200': json('A page of pieces.', reference('Layout')), ...problems(400, 404, 421, 503) },
    },
  },
  '/api/v1/buckets': {
    get: {
      summary: 'All buckets.',
      parameters: [parameter('usage', flag, 'Also what they hold.')],
      responses: { '200': json('The buckets.', reference('Buckets')), ...problems(400, 421, 503) },
    },
    put: createBucket,
    post: createBucket,
    patch: {
      summary: 'Changes what the body names of a bucket; quota and owner are the administrators’ to change.',
      parameters: [bucket],
      requestBody: body({
        versioning: { enum: ['enabled', 'suspended'] },
        quotaBytes: { type: 'integer', minimum: 0, description: 'What it may hold; 0: no limit.' },
        owner: { type: 'string', description: 'The name of the user whose it is from now on.' },
      }),
      responses: {
        '200': json('Changed.', reference('BucketState')),
        ...problems(...bodyProblems, 403, 404, 421, 503),
      },
    },
    delete: {
      summary: 'Deletes an empty bucket.',
      parameters: [bucket],
      responses: { '200': json('Deleted.', reference('Bucket')), ...problems(400, 403, 404, 409, 421, 503) },
    },
  },
  '/api/v1/openapi.json': {
    get: {
      summary: 'This document.',
      responses: { '200': json('An OpenAPI 3.1 document.', { type: 'object' }), ...problems(421) },
    },
  },
  '/healthz': {
    get: {
      summary: 'Whether the process answers.',
      responses: { '200': json('It does.', reference('Liveness')), ...problems(421) },
    },
  },
  '/readyz': {
    get: {
      summary: 'Whether files can be read and written.',
      parameters: [parameter('need', { enum: ['read', 'write'], default: 'write' }, 'read: reads are enough.')],
      responses: {
        '200': json('Ready.', reference('Readiness')),
        '503': json('Not ready.', reference('Readiness')),
        ...problems(400, 421),
      },
    },
  },
  '/metrics': {
    get: {
      summary: 'Metrics in the text format of Prometheus.',
      responses: {
        '200': { description: 'Metrics.', content: { 'text/plain': { schema: text } } },
        ...problems(404, 421),
      },
    },
  },
}

let cachedText: string | undefined

export function openApiText(): string {
  cachedText ??= JSON.stringify({
    openapi: '3.1.0',
    info: {
      title: 'FrostByte REST',
      version: '1',
      description: 'Every error is an application/problem+json document with a stable `code`. GET changes nothing.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths: withAccess({ ...paths, ...accessPaths }),
    // The empty one: where access is open, nothing has to be shown.
    security: [{ token: [] }, { password: [] }, {}],
    components: { schemas, securitySchemes },
  })
  return cachedText
}
