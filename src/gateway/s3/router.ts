// Which operation a request is: the first row of operations-table.ts that fits. Pure.

import { operations } from './operations-table.ts'
import type { OperationKind, OperationName, Target } from './operations-table.ts'
import { S3Error } from './s3-error.ts'

export interface RoutedRequest {
  readonly method: string
  readonly target: Target
  readonly query: ReadonlyMap<string, string>
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, unknown>>
}

interface Row {
  readonly name: OperationName
  readonly kind: OperationKind
}

const rows: readonly Row[] = (Object.keys(operations) as OperationName[]).map((name) => ({
  name,
  kind: operations[name],
}))

/** By method and target, in the order of the table. */
const candidates = new Map<string, readonly Row[]>()
for (const row of rows) {
  const place = placeOf(row.kind.method, row.kind.target)
  candidates.set(place, [...(candidates.get(place) ?? []), row])
}

/** The query parameters that name a sub-resource: a request with one of them is never about the bucket or object as a whole. */
const subResources: ReadonlySet<string> = new Set(
  rows.flatMap(({ kind }) => (kind.query ?? []).slice(0, 1).filter((parameter) => !parameter.includes('='))),
)

/** @throws S3Error `MethodNotAllowed`, `InvalidArgument`. */
export function route(request: RoutedRequest): OperationName {
  const { method, target, query } = request
  const found = candidates.get(placeOf(method, target))?.find(({ kind }) => fits(kind, request))
  const subResource = query.size === 0 ? undefined : subResourceOf(query)
  const isWhole = subResource === undefined && found?.kind.method === 'PUT' && target === 'object'
  if (isWhole && query.has('partNumber')) throw partWithoutUpload(query) // it would replace the object by its part
  if (found !== undefined && (subResource === undefined || found.kind.query !== undefined)) return found.name
  throw new S3Error('MethodNotAllowed', undefined, {
    fields: { Method: method, ResourceType: subResource?.toUpperCase() ?? target.toUpperCase() },
    headers: { Allow: allowedMethods(target, subResource).join(', ') },
  })
}

function partWithoutUpload(query: RoutedRequest['query']): S3Error {
  return new S3Error('InvalidArgument', 'This operation does not accept partNumber without uploadId', {
    fields: { ArgumentName: 'partNumber', ArgumentValue: query.get('partNumber') ?? '' },
  })
}

function fits({ query: wanted, header }: OperationKind, { query, headers }: RoutedRequest): boolean {
  if (header !== undefined && headers[header] === undefined) return false
  if (wanted === undefined) return true
  if (query.size === 0) return false
  return wanted.every((parameter) => {
    const equals = parameter.indexOf('=')
    if (equals < 0) return query.has(parameter)
    return query.get(parameter.slice(0, equals)) === parameter.slice(equals + 1)
  })
}

function subResourceOf(query: ReadonlyMap<string, string>): string | undefined {
  for (const parameter of query.keys()) if (subResources.has(parameter)) return parameter
  return undefined
}

function allowedMethods(target: Target, subResource: string | undefined): readonly string[] {
  const methods = rows
    .filter(({ kind }) => kind.target === target && kind.query?.[0] === subResource)
    .map(({ kind }) => kind.method)
  return [...new Set(methods)]
}

function placeOf(method: string, target: Target): string {
  return `${method} ${target}`
}
