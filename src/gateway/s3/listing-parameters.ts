// What all listings of a bucket have in common in their query.

import type { EncodingType } from './documents/url-encoding.ts'
import { S3Error } from './s3-error.ts'
import { countParameter } from './s3-query.ts'
import type { S3Query } from './s3-query.ts'

export interface Listing {
  readonly prefix: string
  /** Not empty. */
  readonly delimiter: string | undefined
  readonly maxKeys: number
  readonly encodingType: EncodingType | undefined
}

const pageKeysMax = 1000

/** `maximum`: the name of the parameter that bounds a page. @throws S3Error `InvalidArgument`. */
export function listingOf(query: S3Query, maximum: 'max-keys' | 'max-uploads' = 'max-keys'): Listing {
  const delimiter = query.get('delimiter')
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: delimiter === '' ? undefined : delimiter,
    maxKeys: countParameter(query, maximum, pageKeysMax) ?? pageKeysMax,
    encodingType: encodingTypeOf(query),
  }
}

function encodingTypeOf(query: S3Query): EncodingType | undefined {
  const text = query.get('encoding-type')
  if (text === undefined || text === '') return undefined
  if (text.toLowerCase() === 'url') return 'url'
  throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request', {
    fields: { ArgumentName: 'encoding-type', ArgumentValue: text },
  })
}
