// A bucket as a website: what a path means, and what is shown for an error. Pure.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html,
// .../IndexDocumentSupport.html, .../CustomErrorDocSupport.html

import type { RoutingRule, WebsiteConfiguration, WebsiteRedirect } from '../documents/website-configuration.ts'

/** How the request came in. */
export interface WebsiteRequest {
  readonly protocol: 'http' | 'https'
  /** With port, as the client named it. */
  readonly host: string
  /** Of the object: the path without its first slash, decoded. */
  readonly key: string
  /** As it came, without its question mark; default: none. Redirects by the configuration take it along. */
  readonly query?: string
}

export interface WebsiteRedirection {
  readonly kind: 'redirect'
  /** 3xx. */
  readonly status: number
  /** For the header Location, percent-encoded. */
  readonly location: string
}

export type WebsiteAnswer = WebsiteRedirection | { readonly kind: 'object'; readonly key: string }

/** What the path asks for: an object (the index document for a folder), or a redirect that no error precedes. */
export function resolveWebsite(configuration: WebsiteConfiguration, request: WebsiteRequest): WebsiteAnswer {
  const all = configuration.redirectAllRequestsTo
  if (all !== undefined) return redirectTo(all, '', request)
  const rule = findRule(configuration, request.key, undefined)
  if (rule !== undefined) return redirectBy(rule, request)
  const { key } = request
  const isFolder = key === '' || key.endsWith('/')
  return { kind: 'object', key: isFolder ? key + indexSuffix(configuration) : key }
}

/**
 * Where an object is missing but the folder of its name has an index document, the browser is sent to the folder: `indexKey` is what must
 * exist for it. `undefined`: the path already names a folder.
 */
export function websiteFolder(
  configuration: WebsiteConfiguration,
  request: WebsiteRequest,
): { readonly indexKey: string; readonly redirect: WebsiteRedirection } | undefined {
  const { key } = request
  if (key === '' || key.endsWith('/') || configuration.indexDocument === undefined) return undefined
  return {
    indexKey: `${key}/${indexSuffix(configuration)}`,
    redirect: { kind: 'redirect', status: 302, location: `/${encodePath(key)}/` },
  }
}

export type WebsiteErrorAnswer =
  | WebsiteRedirection
  | { readonly kind: 'document'; readonly key: string }
  | { readonly kind: 'none' }

/** What is shown for an error: a redirect by a rule for this status, the error document (with the status), or the server's page. */
export function resolveWebsiteError(
  configuration: WebsiteConfiguration,
  request: WebsiteRequest,
  status: number,
): WebsiteErrorAnswer {
  const rule = findRule(configuration, request.key, status)
  if (rule !== undefined) return redirectBy(rule, request)
  const key = configuration.errorDocument?.key
  // As with AWS, only errors of the client have a document.
  return key !== undefined && status >= 400 && status < 500 ? { kind: 'document', key } : { kind: 'none' }
}

/** The first rule whose conditions all hold. `status`: `undefined` before there is an answer. */
function findRule(
  { routingRules }: WebsiteConfiguration,
  key: string,
  status: number | undefined,
): RoutingRule | undefined {
  return routingRules?.find(({ condition }) => {
    const { keyPrefixEquals: prefix, httpErrorCodeReturnedEquals: code } = condition ?? {}
    if (prefix !== undefined && !key.startsWith(prefix)) return false
    return code === undefined ? status === undefined : code === String(status)
  })
}

function redirectBy(rule: RoutingRule, request: WebsiteRequest): WebsiteRedirection {
  return redirectTo(rule.redirect, rule.condition?.keyPrefixEquals ?? '', request)
}

function redirectTo(target: WebsiteRedirect, prefix: string, request: WebsiteRequest): WebsiteRedirection {
  const { replaceKeyWith, replaceKeyPrefixWith } = target
  let { key } = request
  if (replaceKeyWith !== undefined) key = replaceKeyWith
  else if (replaceKeyPrefixWith !== undefined) key = replaceKeyPrefixWith + key.slice(prefix.length)
  const protocol = target.protocol ?? request.protocol
  const host = target.hostName ?? request.host
  return {
    kind: 'redirect',
    status: Number(target.httpRedirectCode ?? '301'),
    location: `${protocol}://${host}/${encodePath(key)}${queryOf(request)}`,
  }
}

/** Bytes that no URL has are escaped: what came unescaped is one character a byte. */
function queryOf({ query = '' }: WebsiteRequest): string {
  if (query === '') return ''
  const escape = (text: string): string => `%${text.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  return `?${query.replaceAll(/[^!-~]/g, escape)}`
}

function indexSuffix({ indexDocument }: WebsiteConfiguration): string {
  return indexDocument?.suffix ?? ''
}

/** Of the characters that a URL gives a meaning, ? and # are part of the key. */
function encodePath(key: string): string {
  return encodeURI(key.toWellFormed()).replaceAll('?', '%3F').replaceAll('#', '%23')
}
