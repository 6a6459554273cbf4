// The operations about users and what belongs to them, and what all operations have in common since users exist.

import { json, parameter, problems } from './openapi-parts.ts'
import type { Json, Operation, Paths } from './openapi-parts.ts'
import { reference } from './openapi-schemas.ts'

const text = { type: 'string' }
const user = parameter('user', text, 'The name of the user.')
const ofUser = parameter('user', text, 'Those of this user, for administrators. Default: the sender’s own.')
const id = parameter('id', text, 'Its id.')
const bucket = parameter('bucket', { type: 'string', default: 'default' }, 'The bucket.')
const limit = parameter('limit', { type: 'integer', minimum: 1, maximum: 1000 }, 'At most so many.')
const level = { enum: ['read', 'write', 'admin'] }
const role = { enum: ['admin', 'writer', 'reader', 'none'], default: 'none' }
const expires = { type: 'string', format: 'date-time', description: 'A time in UTC, as 2027-01-31T12:00:00Z.' }

export function body(properties: Readonly<Record<string, Json>>, required: readonly string[] = []): Json {
  const schema = { type: 'object', properties, required, additionalProperties: false }
  return { required: true, content: { 'application/json': { schema } } }
}

/** What goes wrong with every JSON body. */
export const bodyProblems = [400, 408, 413, 415] as const

const quotaBytes = { type: 'integer', minimum: 0, description: 'What its buckets may hold together; 0: no limit.' }
const userFields = { role, enabled: { type: 'boolean' }, displayName: text, password: text, quotaBytes }
const usage = parameter('usage', { type: 'boolean', default: false }, 'Also what their buckets hold.')

export const accessPaths: Paths = {
  '/api/v1/users': {
    get: {
      summary: 'All users by name, or one.',
      parameters: [user, parameter('after', text, 'Names after this one.'), limit, usage],
      responses: { '200': json('The users.', reference('Users')), ...problems(400, 404, 421, 503) },
    },
    post: {
      summary: 'Makes a user. A canonical id can be given, for one that is imported.',
      requestBody: body({ name: text, ...userFields, canonicalId: text }, ['name']),
      responses: { '201': json('Made.', reference('User')), ...problems(...bodyProblems, 409, 421, 503) },
    },
    patch: {
      summary: 'Changes what the body names of a user.',
      parameters: [user],
      requestBody: body(userFields),
      responses: { '200': json('Changed.', reference('User')), ...problems(...bodyProblems, 404, 409, 421, 503) },
    },
    delete: {
      summary: 'Removes a user with its keys, tokens and grants; its share links end.',
      parameters: [user],
      responses: { '200': json('Removed.', reference('Bucket')), ...problems(400, 404, 409, 421, 503) },
    },
  },
  '/api/v1/self': {
    get: {
      summary: 'Who the sender is, as the server sees it.',
      responses: { '200': json('The sender.', reference('Self')), ...problems(421) },
    },
    patch: {
      summary: 'Changes the sender’s own password or display name.',
      requestBody: body({ displayName: text, password: text }),
      responses: { '200': json('Changed.', reference('User')), ...problems(...bodyProblems, 421, 503) },
    },
  },
  '/api/v1/keys': {
    get: {
      summary: 'Access keys, without their secrets.',
      parameters: [ofUser],
      responses: { '200': json('The keys.', reference('Keys')), ...problems(400, 421, 503) },
    },
    post: {
      summary: 'Makes an access key. Id and secret can be given, for one that is imported.',
      requestBody: body({ user: text, id: text, secret: text, expires, description: text }),
      responses: {
        '201': json('Made. The secret is told this once.', reference('NewKey')),
        ...problems(...bodyProblems, 404, 409, 421, 503),
      },
    },
    patch: {
      summary: 'Enables or disables an access key, or describes it.',
      parameters: [id],
      requestBody: body({ enabled: { type: 'boolean' }, description: text }),
      responses: { '200': json('Changed.', reference('Key')), ...problems(...bodyProblems, 404, 421, 503) },
    },
    delete: {
      summary: 'Removes an access key.',
      parameters: [id],
      responses: { '200': json('Removed.', reference('Removed')), ...problems(400, 404, 421, 503) },
    },
  },
  '/api/v1/tokens': {
    get: {
      summary: 'API tokens, without the tokens themselves.',
      parameters: [ofUser],
      responses: { '200': json('The tokens.', reference('Tokens')), ...problems(400, 421, 503) },
    },
    post: {
      summary: 'Makes an API token, which can be limited to a level and to buckets.',
      requestBody: body({
        user: text,
        level,
        buckets: { type: 'array', items: text },
        expires,
        description: text,
      }),
      responses: {
        '201': json('Made. The token is told this once.', reference('NewToken')),
        ...problems(...bodyProblems, 404, 421, 503),
      },
    },
    delete: {
      summary: 'Removes an API token.',
      parameters: [id],
      responses: { '200': json('Removed.', reference('Removed')), ...problems(400, 404, 421, 503) },
    },
  },
  '/api/v1/grants': {
    get: {
      summary: 'What users are granted: on a bucket, or all of one user.',
      parameters: [bucket, user],
      responses: { '200': json('The grants.', reference('Grants')), ...problems(400, 421, 503) },
    },
    put: {
      summary: 'Grants a user a level in a bucket, in the place of what it was granted there before.',
      parameters: [bucket, user, parameter('level', level, 'Each level includes those before it.')],
      responses: { '200': json('Granted.', reference('Granted')), ...problems(400, 404, 421, 503) },
    },
    delete: {
      summary: 'Takes a grant back.',
      parameters: [bucket, user],
      responses: { '200': json('Taken back.', reference('GrantRemoved')), ...problems(400, 404, 421, 503) },
    },
  },
  '/api/v1/share-links': {
    get: {
      summary: 'Share links in the order in which they expire; for administrators those of all.',
      parameters: [ofUser, parameter('after', text, 'Links after this id.'), limit],
      responses: { '200': json('The links.', reference('ShareLinks')), ...problems(400, 421, 503) },
    },
    post: {
      summary: 'Makes a link by which one file is read without credentials.',
      parameters: [parameter('filename', text, 'The name of the file.'), bucket],
      requestBody: body({
        expires: { ...expires, description: 'Default: in seven days.' },
        uses: { type: 'integer', minimum: 1, description: 'How often it can be used. Default: without limit.' },
      }),
      responses: {
        '201': json('Made. The path is told this once.', reference('NewShareLink')),
        ...problems(...bodyProblems, 404, 421, 503),
      },
    },
    delete: {
      summary: 'Revokes a link.',
      parameters: [id],
      responses: { '200': json('Revoked.', reference('Removed')), ...problems(400, 404, 421, 503) },
    },
  },
  '/api/v1/encryption-keys': {
    get: {
      summary: 'The master keys of encryption, without the keys themselves.',
      responses: { '200': json('The keys.', reference('EncryptionKeys')), ...problems(421, 503) },
    },
    post: {
      summary: 'Makes a master key for SSE-KMS. Id and aliases (alias/NAME) can be given.',
      requestBody: body({ id: text, aliases: { type: 'array', items: text } }),
      responses: {
        '201': json('Made.', reference('EncryptionKey')),
        ...problems(...bodyProblems, 409, 421, 503),
      },
    },
    patch: {
      summary: 'Enables or disables a master key. What a disabled one encrypts can neither be read nor written.',
      parameters: [id],
      requestBody: body({ enabled: { type: 'boolean' } }, ['enabled']),
      responses: { '200': json('Changed.', reference('EncryptionKey')), ...problems(...bodyProblems, 404, 421, 503) },
    },
  },
  '/api/v1/encryption-keys/rotate': {
    post: {
      summary: 'Adds a generation to a master key, which encrypts from now on; `sse-s3` is that of SSE-S3.',
      parameters: [id],
      responses: { '200': json('Rotated.', reference('EncryptionKey')), ...problems(400, 404, 421, 503) },
    },
  },
  '/share/{code}': {
    get: {
      summary: 'The file of a share link. Each GET that finds it counts as a use.',
      parameters: [{ name: 'code', in: 'path', required: true, schema: text, description: 'As it was made.' }],
      responses: {
        '200': { description: 'The bytes of the file.', content: { '*/*': { schema: { ...text, format: 'binary' } } } },
        ...problems(403, 404, 410, 421, 503),
      },
    },
  },
}

/** Nobody is asked who he is. */
const publicPaths: readonly string[] = ['/api/v1/openapi.json', '/healthz', '/readyz', '/share/{code}']
/** Allowed to everybody who is known. */
const forEveryUser: readonly string[] = ['get /api/v1/self', 'get /api/v1/buckets']

export const securitySchemes: Readonly<Record<string, Json>> = {
  token: { type: 'http', scheme: 'bearer', description: 'An API token.' },
  password: { type: 'http', scheme: 'basic', description: 'A user and its password, or an access key and its secret.' },
}

/** Adds what all operations answer to whom they do not know, or who has no right. */
export function withAccess(paths: Paths): Paths {
  const describe = (path: string, method: string, operation: Operation): Operation => {
    if (publicPaths.includes(path)) return { ...operation, security: [] }
    const refusals = forEveryUser.includes(`${method} ${path}`) ? problems(401, 429) : problems(401, 403, 429)
    return { ...operation, responses: { ...operation.responses, ...refusals } }
  }
  return Object.fromEntries(
    Object.entries(paths).map(([path, operations]) => [
      path,
      Object.fromEntries(
        Object.entries(operations).map(([method, operation]) => [method, describe(path, method, operation)]),
      ),
    ]),
  )
}
