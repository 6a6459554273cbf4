// The routes of the REST face: one table, from which dispatch, the Allow header and the tests of the OpenAPI document all read.

import { downloadPrefix, handleDownload } from './download.ts'
import {
  handleAllowOrphans,
  handleCluster,
  handleCreateBucket,
  handleLayout,
  handleListBuckets,
  handleOpenApi,
  handleRebuild,
  handleRemoveBucket,
  handleStartRebuild,
  handleStat,
} from './api.ts'
import { handleDelete } from './delete.ts'
import { handleFiles } from './files.ts'
import { handleCancelDrain, handleDrain, handleRepair, handleScrub, handleVerify, isDrainPath } from './healing.ts'
import { handleLiveness, handleMetrics, handleReadiness } from './health.ts'
import type { Handler } from './rest-parts.ts'
import { handleUpload } from './upload.ts'

export interface Route {
  /** For metrics and logs. */
  readonly name: string
  readonly handlers: ReadonlyMap<string, Handler>
  /** Value of the Allow header. */
  readonly allow: string
}

function route(name: string, handlers: Readonly<Record<string, Handler>>): Route {
  const methods = new Map(Object.entries(handlers))
  const get = methods.get('GET')
  if (get !== undefined) methods.set('HEAD', get)
  return { name, handlers: methods, allow: [...methods.keys(), 'OPTIONS'].join(', ') }
}

const drain = route('drain', { POST: handleDrain, DELETE: handleCancelDrain })
const download = route('download', { GET: handleDownload })

const exactRoutes: ReadonlyMap<string, Route> = new Map([
  ['/upload', route('upload', { POST: handleUpload, PUT: handleUpload })],
  ['/files', route('files', { GET: handleFiles })],
  ['/download', download],
  ['/delete', route('delete', { DELETE: handleDelete })],
  ['/api/v1/cluster', route('cluster', { GET: handleCluster })],
  ['/api/v1/allow-orphans', route('allow-orphans', { POST: handleAllowOrphans })],
  ['/api/v1/rebuild-metadata', route('rebuild-metadata', { GET: handleRebuild, POST: handleStartRebuild })],
  ['/api/v1/stat', route('stat', { GET: handleStat })],
  ['/api/v1/layout', route('layout', { GET: handleLayout })],
  ['/api/v1/repair', route('repair', { POST: handleRepair })],
  ['/api/v1/scrub', route('scrub', { POST: handleScrub })],
  ['/api/v1/verify', route('verify', { GET: handleVerify })],
  [
    '/api/v1/buckets',
    route('buckets', {
      GET: handleListBuckets,
      PUT: handleCreateBucket,
      POST: handleCreateBucket,
      DELETE: handleRemoveBucket,
    }),
  ],
  ['/api/v1/openapi.json', route('openapi', { GET: handleOpenApi })],
  ['/healthz', route('healthz', { GET: handleLiveness })],
  ['/readyz', route('readyz', { GET: handleReadiness })],
  ['/metrics', route('metrics', { GET: handleMetrics })],
])

/** `path` is raw: an encoded path matches no route but the download's, whose rest is a name, and the drain's, which holds an id. */
export function findRoute(path: string): Route | undefined {
  if (path.startsWith(downloadPrefix)) return download
  return exactRoutes.get(path) ?? (isDrainPath(path) ? drain : undefined)
}

export function exactPaths(): readonly string[] {
  return [...exactRoutes.keys()]
}

/** Methods that change nothing; others are refused from pages of other sites. */
export function isSafeMethod(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}
