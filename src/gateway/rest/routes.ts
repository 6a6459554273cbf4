// The routes of the REST face: one table, from which dispatch, the Allow header and the tests of the OpenAPI document all read.

import { downloadPrefix, handleDownload } from './download.ts'
import {
  handleAllowOrphans,
  handleCluster,
  handleLayout,
  handleOpenApi,
  handleRebuild,
  handleStartRebuild,
  handleStat,
} from './api.ts'
import { handleChangeBucket, handleCreateBucket, handleListBuckets, handleRemoveBucket } from './buckets.ts'
import {
  handleChangeKey,
  handleCreateKey,
  handleCreateToken,
  handleListKeys,
  handleListTokens,
  handleRemoveKey,
  handleRemoveToken,
} from './credentials.ts'
import { handleDelete } from './delete.ts'
import {
  handleChangeEncryptionKey,
  handleCreateEncryptionKey,
  handleListEncryptionKeys,
  handleRotateEncryptionKey,
} from './encryption-keys.ts'
import { handleFiles } from './files.ts'
import {
  handleCancelDrain,
  handleDrain,
  handleForgetWorker,
  handleRepair,
  handleScrub,
  handleVerify,
  workerRouteOf,
} from './healing.ts'
import { handleListGrants, handlePutGrant, handleRemoveGrant } from './grants.ts'
import { handleLiveness, handleMetrics, handleReadiness } from './health.ts'
import type { Handler } from './rest-parts.ts'
import {
  handleCreateShareLink,
  handleListShareLinks,
  handleRevokeShareLink,
  handleShare,
  sharePrefix,
} from './share-links.ts'
import { handleUpload } from './upload.ts'
import {
  handleChangeSelf,
  handleChangeUser,
  handleCreateUser,
  handleListUsers,
  handleRemoveUser,
  handleSelf,
} from './users.ts'
import type { Action } from '../auth/actions.ts'

export interface Route {
  /** For metrics and logs. */
  readonly name: string
  /** By method. */
  readonly calls: ReadonlyMap<string, Call>
  /** Value of the Allow header. */
  readonly allow: string
}

export interface Call {
  readonly handler: Handler
  /** What it takes leave for. `public`: nobody is asked who he is. */
  readonly action: Action | 'public'
}

function route(name: string, calls: Readonly<Record<string, readonly [Handler, Action | 'public']>>): Route {
  const methods = new Map(
    Object.entries(calls).map(([method, [handler, action]]) => [method, { handler, action }] as const),
  )
  const get = methods.get('GET')
  if (get !== undefined) methods.set('HEAD', get)
  return { name, calls: methods, allow: [...methods.keys(), 'OPTIONS'].join(', ') }
}

const worker = route('worker', { DELETE: [handleForgetWorker, 'cluster:change'] })
const drain = route('drain', { POST: [handleDrain, 'cluster:change'], DELETE: [handleCancelDrain, 'cluster:change'] })
const download = route('download', { GET: [handleDownload, 'file:read'] })
const share = route('share', { GET: [handleShare, 'public'] })

const exactRoutes: ReadonlyMap<string, Route> = new Map([
  ['/upload', route('upload', { POST: [handleUpload, 'file:write'], PUT: [handleUpload, 'file:write'] })],
  ['/files', route('files', { GET: [handleFiles, 'file:list'] })],
  ['/download', download],
  ['/delete', route('delete', { DELETE: [handleDelete, 'file:delete'] })],
  ['/api/v1/cluster', route('cluster', { GET: [handleCluster, 'cluster:read'] })],
  ['/api/v1/allow-orphans', route('allow-orphans', { POST: [handleAllowOrphans, 'cluster:change'] })],
  [
    '/api/v1/rebuild-metadata',
    route('rebuild-metadata', {
      GET: [handleRebuild, 'cluster:read'],
      POST: [handleStartRebuild, 'cluster:change'],
    }),
  ],
  ['/api/v1/stat', route('stat', { GET: [handleStat, 'file:read'] })],
  ['/api/v1/layout', route('layout', { GET: [handleLayout, 'file:read'] })],
  ['/api/v1/repair', route('repair', { POST: [handleRepair, 'cluster:change'] })],
  ['/api/v1/scrub', route('scrub', { POST: [handleScrub, 'cluster:change'] })],
  ['/api/v1/verify', route('verify', { GET: [handleVerify, 'file:read'] })],
  [
    '/api/v1/buckets',
    route('buckets', {
      GET: [handleListBuckets, 'bucket:list'],
      PUT: [handleCreateBucket, 'bucket:create'],
      POST: [handleCreateBucket, 'bucket:create'],
      PATCH: [handleChangeBucket, 'bucket:change'],
      DELETE: [handleRemoveBucket, 'bucket:remove'],
    }),
  ],
  [
    '/api/v1/users',
    route('users', {
      GET: [handleListUsers, 'user:read'],
      POST: [handleCreateUser, 'user:change'],
      PATCH: [handleChangeUser, 'user:change'],
      DELETE: [handleRemoveUser, 'user:change'],
    }),
  ],
  ['/api/v1/self', route('self', { GET: [handleSelf, 'own:read'], PATCH: [handleChangeSelf, 'own:change'] })],
  [
    '/api/v1/keys',
    route('keys', {
      GET: [handleListKeys, 'own:list'],
      POST: [handleCreateKey, 'own:change'],
      PATCH: [handleChangeKey, 'own:change'],
      DELETE: [handleRemoveKey, 'own:change'],
    }),
  ],
  [
    '/api/v1/tokens',
    route('tokens', {
      GET: [handleListTokens, 'own:list'],
      POST: [handleCreateToken, 'own:change'],
      DELETE: [handleRemoveToken, 'own:change'],
    }),
  ],
  [
    '/api/v1/grants',
    route('grants', {
      GET: [handleListGrants, 'own:list'],
      PUT: [handlePutGrant, 'grant:change'],
      DELETE: [handleRemoveGrant, 'grant:change'],
    }),
  ],
  [
    '/api/v1/share-links',
    route('share-links', {
      GET: [handleListShareLinks, 'own:list'],
      POST: [handleCreateShareLink, 'file:share'],
      DELETE: [handleRevokeShareLink, 'own:change'],
    }),
  ],
  [
    '/api/v1/encryption-keys',
    route('encryption-keys', {
      GET: [handleListEncryptionKeys, 'encryption-key:read'],
      POST: [handleCreateEncryptionKey, 'encryption-key:change'],
      PATCH: [handleChangeEncryptionKey, 'encryption-key:change'],
    }),
  ],
  [
    '/api/v1/encryption-keys/rotate',
    route('rotate-encryption-key', { POST: [handleRotateEncryptionKey, 'encryption-key:change'] }),
  ],
  ['/api/v1/openapi.json', route('openapi', { GET: [handleOpenApi, 'public'] })],
  ['/healthz', route('healthz', { GET: [handleLiveness, 'public'] })],
  ['/readyz', route('readyz', { GET: [handleReadiness, 'public'] })],
  ['/metrics', route('metrics', { GET: [handleMetrics, 'cluster:read'] })],
])

/** `path` is raw: an encoded path matches no route but the download's, whose rest is a name, and those of a worker, which hold an id. */
export function findRoute(path: string): Route | undefined {
  if (path.startsWith(downloadPrefix)) return download
  if (path.startsWith(sharePrefix)) return share
  const exact = exactRoutes.get(path)
  if (exact !== undefined) return exact
  const ofWorker = workerRouteOf(path)
  return ofWorker === undefined ? undefined : { worker, drain }[ofWorker]
}

export function exactPaths(): readonly string[] {
  return [...exactRoutes.keys()]
}

/** Methods that change nothing; others are refused from pages of other sites. */
export function isSafeMethod(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}
