// The schemas of the OpenAPI document (JSON Schema 2020-12). The tests hold every answer to them.

import { errorTable } from '../../base/errors.ts'

type Schema = Readonly<Record<string, unknown>>

function object(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', required: Object.keys(properties), properties, additionalProperties: false }
}

function array(items: Schema): Schema {
  return { type: 'array', items }
}

export function reference(name: keyof typeof schemas): Schema {
  return { $ref: `#/components/schemas/${name}` }
}

const text = { type: 'string' }
const count = { type: 'integer', minimum: 0 }
const countOrNull = { type: ['integer', 'null'], minimum: 0 }
const time = { type: 'string', format: 'date-time' }
const timeOrNull = { type: ['string', 'null'], format: 'date-time' }
const fileName = { type: 'string', description: '1 to 1,024 bytes of UTF-8, without NUL.' }
const etag = { type: 'string', description: 'The version id; stands in quotes in the ETag header.' }
const version = { type: 'string', pattern: '^[0-9a-z]{26}$' }
const workerId = { type: 'string', pattern: '^[0-9a-f]{16}$' }
const groupId = { type: 'integer', minimum: 1 }
const schemeText = { type: 'string', pattern: '^[0-9]+\\+[0-9]+$', description: 'Data and parity columns, as "3+2".' }
const crc32 = { type: 'string', pattern: '^[0-9a-f]{8}$', description: 'CRC-32 (IEEE) as eight hex digits.' }
const crc32OrNull = { ...crc32, type: ['string', 'null'] }

const user = {
  name: text,
  role: { enum: ['admin', 'writer', 'reader', 'none'] },
  enabled: { type: 'boolean' },
  displayName: text,
  canonicalId: { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'As S3 names owners.' },
  hasPassword: { type: 'boolean' },
  quotaBytes: { ...countOrNull, description: 'What the buckets that it owns may hold together; null: no limit.' },
  usedBytes: { ...countOrNull, description: 'What they hold; null where it was not asked for.' },
  created: time,
}
const bucket = {
  name: text,
  created: time,
  owner: { type: ['string', 'null'], description: 'The name of the user whose it is.' },
  ownerId: { type: ['string', 'null'], description: 'His canonical id.' },
  versioning: { enum: ['off', 'enabled', 'suspended'] },
  objectLock: { type: 'boolean' },
  quotaBytes: { ...countOrNull, description: 'Of usedBytes; null: no limit.' },
  files: { ...countOrNull, description: 'Keys with a newest version; null where it was not asked for.' },
  usedBytes: {
    ...countOrNull,
    description: 'Sizes of all versions and of parts of unfinished uploads; null where it was not asked for.',
  },
}
const level = { enum: ['read', 'write', 'admin'] }
const levelOrNull = { enum: ['read', 'write', 'admin', null], description: 'What it is limited to; null: to nothing.' }
const textsOrNull = { type: ['array', 'null'], items: text }
const key = {
  id: text,
  user: text,
  enabled: { type: 'boolean' },
  description: text,
  expires: timeOrNull,
  created: time,
}
const token = {
  id: { type: 'string', pattern: '^[0-9a-f]{16}$' },
  user: text,
  level: levelOrNull,
  buckets: textsOrNull,
  description: text,
  expires: timeOrNull,
  created: time,
}
const shareLink = {
  id: { type: 'string', pattern: '^[0-9a-f]{32}$' },
  user: { type: ['string', 'null'], description: 'Whose right it carries; null: made while access was open.' },
  bucket: text,
  filename: fileName,
  created: time,
  expires: time,
  usesMax: countOrNull,
  uses: count,
  revoked: { type: 'boolean' },
}

const encryptionKey = {
  id: text,
  arn: { type: ['string', 'null'], description: 'By which requests of S3 can name it; null: the key of SSE-S3.' },
  aliases: { type: 'array', items: text },
  enabled: { type: 'boolean' },
  generations: { type: 'integer', minimum: 1, description: 'The newest encrypts, all decrypt.' },
  created: time,
  rotated: { ...time, description: 'When the newest generation was made.' },
}

export const schemas = {
  User: object(user),
  Users: array(object(user)),
  Self: object({
    user: { oneOf: [object(user), { type: 'null' }] },
    credential: object({
      kind: { enum: ['open', 'password', 'access-key', 'token', 'signature', 'share-link'] },
      id: { type: ['string', 'null'] },
    }),
    scope: { oneOf: [object({ level, buckets: textsOrNull }), { type: 'null' }] },
    grants: { type: 'object', additionalProperties: level, description: 'Levels by bucket.' },
  }),
  Key: object(key),
  Keys: array(object(key)),
  NewKey: object({ ...key, secret: text }),
  EncryptionKey: object(encryptionKey),
  EncryptionKeys: array(object(encryptionKey)),
  Tokens: array(object(token)),
  NewToken: object({ ...token, token: { type: 'string', pattern: '^fbt_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$' } }),
  Grants: array(object({ user: text, bucket: text, level, created: time })),
  Granted: object({ user: text, bucket: text, level }),
  GrantRemoved: object({ user: text, bucket: text }),
  ShareLinks: array(object(shareLink)),
  NewShareLink: object({ ...shareLink, path: { type: 'string', pattern: '^/share/[A-Za-z0-9_-]{44}$' } }),
  Removed: object({ id: text }),
  StoredFile: object({ filename: fileName, size: count, etag, version }),
  FileNames: array(fileName),
  FileDetails: array(object({ filename: fileName, size: count, etag, time })),
  FileStat: object({
    filename: fileName,
    bucket: text,
    size: count,
    etag,
    version,
    contentType: { type: ['string', 'null'] },
    time,
    crc32,
  }),
  AllowedWorker: object({ worker: workerId }),
  Bucket: object({ name: text }),
  BucketState: object(bucket),
  Buckets: array(object(bucket)),
  Cluster: object({
    id: { type: 'string', pattern: '^[0-9a-f]{32}$' },
    time: { ...time, description: 'Now, by the clock of the other times.' },
    behind: { type: 'boolean', description: 'The metadata was lost or is old: reads only, until it is rebuilt.' },
    workers: array(
      object({
        id: workerId,
        address: text,
        zone: { type: ['string', 'null'] },
        state: { enum: ['up', 'suspect', 'down', 'out', 'draining'] },
        usedBytes: count,
        capacityBytes: count,
        slots: { ...count, description: 'Slots of placement groups that it holds.' },
        failing: { type: 'boolean', description: 'Its disk fails: it takes no new data.' },
        oldestDiskOperationMs: {
          type: 'number',
          minimum: 0,
          description: 'Age of the oldest disk operation that has not ended.',
        },
        diskLatencyMs: { type: 'number', minimum: 0, description: 'How long its disk operations take, of late.' },
        damagedFragments: { ...count, description: 'Known to be damaged and not replaced yet.' },
        scrub: {
          oneOf: [
            { type: 'null' },
            object({
              runningFull: { type: 'boolean', description: 'A full scrub was asked for and runs.' },
              doneBytes: count,
              totalBytes: count,
              lastFinishedAt: { ...timeOrNull, description: 'When the last finished cycle began.' },
            }),
          ],
          description: 'null: the worker has not said.',
        },
        asksToDelete: { type: 'boolean', description: 'Orphan collection waits for POST /api/v1/allow-orphans.' },
      }),
    ),
    groups: array(
      object({
        id: groupId,
        epoch: { type: 'integer', minimum: 1 },
        scheme: schemeText,
        state: { enum: ['writable', 'closed'] },
        workers: array(workerId),
      }),
    ),
    redundancy: object({
      fragmentsMissing: countOrNull,
      filesAtRisk: countOrNull,
      filesLost: countOrNull,
      lostFiles: { ...array(object({ filename: fileName, bucket: text })), maxItems: 1000 },
      unknown: { ...count, description: 'Slots whose content no comparison has established.' },
      comparedAt: { ...timeOrNull, description: 'When the oldest comparison began that this rests on.' },
      scrubbedAt: { ...timeOrNull, description: 'When the oldest finished scrub cycle of any worker began.' },
    }),
    healing: object({
      moves: array(object({ group: groupId, slot: count, from: workerId, to: workerId, copied: count })),
      queued: count,
      rebuiltFragments: count,
      writtenBytes: count,
      readBytes: count,
      bytesPerSecond: { type: 'number', minimum: 0 },
      slotsToMove: count,
      slotsWithoutSpare: count,
    }),
  }),
  Forgotten: object({ id: workerId, forgotten: { type: 'boolean' } }),
  Drain: object({ id: workerId, draining: { type: 'boolean' } }),
  Comparing: object({ comparing: { const: true } }),
  Scrubbing: object({ workers: { ...array(workerId), description: 'Who has begun.' } }),
  Verified: object({
    filename: fileName,
    bucket: text,
    size: count,
    etag,
    version,
    blocks: count,
    good: { ...count, description: 'Pieces that were read and passed every check.' },
    problems: array(
      object({ block: count, column: count, worker: workerId, state: { enum: ['missing', 'damaged', 'unknown'] } }),
    ),
    next: { type: ['integer', 'null'], description: '`after` of the next page.' },
  }),
  Rebuild: object({
    state: { enum: ['none', 'running', 'done', 'failed'] },
    merge: { type: 'boolean' },
    force: { type: 'boolean' },
    startedAt: timeOrNull,
    endedAt: timeOrNull,
    groups: { ...count, description: 'Placement groups that were found.' },
    groupsDone: count,
    filesRecovered: { ...count, description: 'Versions of files that were put back.' },
    filesIncomplete: { ...count, description: 'Files of which too little was found; some are in `incomplete`.' },
    idsUnnamed: { ...count, description: 'Data that ends no file: of failed uploads, or of larger files.' },
    repairs: count,
    incomplete: array(object({ filename: text, bucket: text, reason: text })),
    workersMissing: array(workerId),
    settled: { type: 'boolean', description: 'Done, and data that belongs to no file may be deleted.' },
    reason: { type: ['string', 'null'], description: 'Why it has failed.' },
    remedy: { type: ['string', 'null'] },
  }),
  Layout: object({
    filename: fileName,
    bucket: text,
    size: count,
    etag,
    scheme: schemeText,
    chunkSize: { type: 'integer', minimum: 1 },
    chunks: count,
    pieces: array(
      object({
        kind: { enum: ['data', 'parity'] },
        index: { ...count, description: 'Data: of the chunk in the file. Parity: of the stripe in the file.' },
        group: groupId,
        block: count,
        stripe: count,
        column: count,
        length: count,
        crc32: crc32OrNull,
        worker: workerId,
      }),
    ),
    next: { type: ['integer', 'null'], description: '`after` of the next page.' },
  }),
  Liveness: object({ status: { const: 'ok' } }),
  Readiness: object({
    canRead: { type: 'boolean' },
    canWrite: { type: 'boolean' },
    reason: { type: ['string', 'null'] },
  }),
  Problem: object({
    type: { type: 'string', format: 'uri' },
    title: text,
    status: { type: 'integer', minimum: 400, maximum: 599 },
    code: { enum: Object.keys(errorTable) },
    detail: text,
    remedy: text,
    instance: { type: 'string', format: 'uri', description: 'Names the request, here and in the server’s log.' },
  }),
} as const
