// What the handlers of the REST face share: the services, and how a request names a file.

import { FrostError } from '../../base/errors.ts'
import type { FileName, FileService } from '../../master/file-service.ts'
import type { Clock } from '../../ports/clock.ts'
import type { FileContent } from '../encryption/encrypted-files.ts'
import type { KeyRing } from '../encryption/key-ring.ts'
import type { Exchange } from '../http/exchange.ts'
import type { MetricsText } from '../http/metrics-text.ts'
import type { Query } from '../http/query.ts'
import type { CauseSource } from '../s3/change-cause.ts'
import type { RestAccess } from './access-parts.ts'
import type { StallWatch } from '../http/stall-watch.ts'

export interface RestParts {
  readonly files: FileService
  /** The bytes of files, as clients see them. */
  readonly content: FileContent
  readonly clock: Clock
  readonly uploadWatch: StallWatch
  /** Whom changes are told. Absent: nobody. */
  readonly causes?: CauseSource | undefined
  /** Where absent, everybody may do everything, and the calls about users are 404. */
  readonly access?: RestAccess | undefined
  /** Where absent, the calls about encryption keys are 404. */
  readonly keys?: KeyRing | undefined
  /** Where absent, `/metrics` is 404. */
  readonly metricsText?: (() => Promise<MetricsText>) | undefined
}

/** Ends the exchange with an answer, or throws. `query` is that of the exchange. */
export type Handler = (exchange: Exchange, query: Query, parts: RestParts) => Promise<void> | void

const defaultBucket = 'default'
const nameBytesMax = 1024
const bucketCharactersMax = 255

/** @throws FrostError `bucket-invalid`; the rest of a bucket's rules are the file service's. */
export function bucketOf(query: Query): string {
  const bucket = query.get('bucket') ?? defaultBucket
  if (bucket !== '' && bucket.length <= bucketCharactersMax) return bucket
  const detail = bucket === '' ? 'The bucket’s name is empty.' : `The bucket’s name has ${bucket.length} characters.`
  throw new FrostError('bucket-invalid', detail, { remedy: 'Leave bucket= out for the bucket "default".' })
}

/** The file that `?filename=` names. @throws FrostError `name-*`, `bucket-invalid`. */
export function fileNameOf(query: Query): FileName {
  return { bucket: bucketOf(query), key: checkName(query.get('filename')) }
}

/**
 * Any Unicode text is a name, kept as it is: no normalisation, no folding of dots or slashes. Only NUL is refused, which neither file
 * systems nor C programs can hold. @throws FrostError `name-missing`, `name-too-long`, `name-invalid`.
 */
export function checkName(name: string | undefined): string {
  if (name === undefined || name === '') throw new FrostError('name-missing', 'The request names no file.')
  if (name.includes('\0')) throw new FrostError('name-invalid', 'The name holds the character NUL.')
  return checkNameLength(name)
}

/** @throws FrostError `name-too-long`. */
export function checkNameLength(name: string): string {
  if (name.length * 3 <= nameBytesMax) return name // a UTF-16 unit has at most three bytes in UTF-8
  const length = Buffer.byteLength(name)
  if (length <= nameBytesMax) return name
  throw new FrostError('name-too-long', `The name has ${length} bytes in UTF-8.`)
}

export function fileNotFound(name: FileName): FrostError {
  return new FrostError(
    'file-not-found',
    `There is no file ${JSON.stringify(name.key)} in the bucket ${JSON.stringify(name.bucket)}.`,
  )
}

/** Joins the two parts that a file's name may come from in a download: the path and the query. */
export function nameFromPathOrQuery(pathName: string | undefined, query: Query): FileName {
  if (pathName !== undefined && query.has('filename')) {
    throw new FrostError('bad-request', 'The path and the query both name a file.', { remedy: 'Name the file once.' })
  }
  return pathName === undefined ? fileNameOf(query) : { bucket: bucketOf(query), key: checkName(pathName) }
}
