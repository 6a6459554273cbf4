// The words in which the OpenAPI document describes operations.

import { reference } from './openapi-schemas.ts'

export type Json = Readonly<Record<string, unknown>>

export interface Operation {
  readonly summary: string
  readonly parameters?: readonly Json[]
  readonly requestBody?: Json
  readonly responses: Readonly<Record<string, Json>>
  /** Schemes of which one is shown. Empty: nobody is asked who he is. */
  readonly security?: readonly Json[]
}

export type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>

export function parameter(name: string, schema: Json, description: string): Json {
  return { name, in: 'query', required: false, schema, description }
}

export function header(name: string, description: string): Json {
  return { name, in: 'header', required: false, schema: { type: 'string' }, description }
}

export function json(description: string, schema: Json): Json {
  return { description, content: { 'application/json': { schema } } }
}

/** `problems(404, 503)`: those statuses, each a problem document. */
export function problems(...statuses: readonly number[]): Record<string, Json> {
  const content = { 'application/problem+json': { schema: reference('Problem') } }
  return Object.fromEntries(statuses.map((status) => [String(status), { description: descriptions[status], content }]))
}

const descriptions: Readonly<Record<number, string>> = {
  400: 'The request is malformed: a name, a size, a parameter or the body.',
  401: 'The request shows no credentials, or wrong ones; see WWW-Authenticate.',
  403: 'The sender has no right to this, or the request comes from a page of another site.',
  404: 'There is no such file, bucket, worker, user, key, token, grant or link.',
  405: 'The path does not answer the method; see Allow.',
  408: 'The body stood still for too long.',
  409: 'The bucket or name is taken, or the bucket still holds files; or too few workers, or no administrator, would remain.',
  410: 'The link has expired, was used up or was revoked.',
  412: 'The condition of the request does not hold.',
  413: 'The body is too large.',
  415: 'The body is not of a type that the call takes, or has a Content-Encoding.',
  416: 'No part of the range lies within the file; Content-Range names its length.',
  421: 'The server does not answer to the host name of the request.',
  429: 'Too many wrong credentials came from there; see Retry-After.',
  503: 'Too few workers answer, or the server is at its limit; see Retry-After.',
  507: 'There is too little space.',
}
