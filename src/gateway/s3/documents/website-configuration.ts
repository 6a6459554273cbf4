// A bucket served as a website. src/gateway/s3/rules/website.ts decides by it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketWebsite.html

import { S3Error } from '../s3-error.ts'
import { malformedXml } from '../xml/xml-reader.ts'
import type { ValueOf } from './shape/content.ts'
import { s3Document } from './shape/document.ts'
import { list, optional, record, required } from './shape/record.ts'
import { text } from './shape/scalars.ts'

const rulesMax = 50
/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketWebsite.html */
const bytesMax = 128 * 1024

const redirect = record({
  protocol: optional('Protocol', text()),
  hostName: optional('HostName', text()),
  replaceKeyPrefixWith: optional('ReplaceKeyPrefixWith', text()),
  replaceKeyWith: optional('ReplaceKeyWith', text()),
  /** 301 where it is absent. */
  httpRedirectCode: optional('HttpRedirectCode', text()),
})
export type WebsiteRedirect = ValueOf<typeof redirect>

const routingRule = record({
  condition: optional(
    'Condition',
    record({
      httpErrorCodeReturnedEquals: optional('HttpErrorCodeReturnedEquals', text()),
      keyPrefixEquals: optional('KeyPrefixEquals', text()),
    }),
  ),
  redirect: required('Redirect', redirect),
})
export type RoutingRule = ValueOf<typeof routingRule>

const configuration = record({
  redirectAllRequestsTo: optional(
    'RedirectAllRequestsTo',
    record({ hostName: required('HostName', text({ min: 1 })), protocol: optional('Protocol', text()) }),
  ),
  indexDocument: optional('IndexDocument', record({ suffix: required('Suffix', text()) })),
  errorDocument: optional('ErrorDocument', record({ key: required('Key', text()) })),
  routingRules: optional('RoutingRules', list('RoutingRule', routingRule)),
})
export type WebsiteConfiguration = ValueOf<typeof configuration>

export const websiteConfiguration = s3Document<WebsiteConfiguration>({
  root: 'WebsiteConfiguration',
  content: configuration,
  bytesMax,
  refine: (value) => {
    checkParts(value)
    for (const { condition, redirect: target } of value.routingRules ?? []) {
      checkCondition(condition)
      checkRedirect(target)
    }
    return value
  },
})

function checkParts(value: WebsiteConfiguration): void {
  const { redirectAllRequestsTo: all, indexDocument: index, errorDocument: error, routingRules: rules } = value
  if (all !== undefined) {
    if (index !== undefined || error !== undefined || rules !== undefined) {
      throw invalid('RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.')
    }
    checkHostName(all.hostName)
    checkProtocol(all.protocol)
    return
  }
  if (index === undefined) {
    throw invalid('A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty')
  }
  if (index.suffix === '' || index.suffix.includes('/')) throw invalid('The IndexDocument Suffix is not well formed')
  if (error?.key === '') throw invalid('The ErrorDocument Key is not well formed')
  if (rules !== undefined && rules.length === 0) throw malformedXml()
  if (rules !== undefined && rules.length > rulesMax) {
    throw new S3Error(
      'InvalidRequest',
      `${rules.length} routing rules provided, the number of routing rules in a website configuration is limited to ${rulesMax}.`,
    )
  }
}

function checkCondition(condition: RoutingRule['condition']): void {
  if (condition === undefined) return
  const { httpErrorCodeReturnedEquals: code, keyPrefixEquals: prefix } = condition
  if (code === undefined && prefix === undefined) {
    throw new S3Error(
      'InvalidRequest',
      'Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn’t be present.',
    )
  }
  if (code !== undefined && !/^[45]\d\d$/.test(code)) {
    throw new S3Error(
      'InvalidRequest',
      `The provided HTTP error code (${code}) is not valid. Valid codes are 4XX or 5XX.`,
    )
  }
}

function checkRedirect(target: WebsiteRedirect): void {
  if (Object.keys(target).length === 0) {
    throw new S3Error('InvalidRequest', 'Redirect cannot be empty.')
  }
  if (target.replaceKeyWith !== undefined && target.replaceKeyPrefixWith !== undefined) {
    throw new S3Error('InvalidRequest', 'You can only define ReplaceKeyPrefix or ReplaceKey but not both.')
  }
  const code = target.httpRedirectCode
  if (code !== undefined && (!/^3\d\d$/.test(code) || code === '300')) {
    throw new S3Error(
      'InvalidRequest',
      `The provided HTTP redirect code (${code}) is not valid. Valid codes are 3XX except 300.`,
    )
  }
  checkProtocol(target.protocol)
  if (target.hostName !== undefined) checkHostName(target.hostName)
}

function checkProtocol(protocol: string | undefined): void {
  if (protocol === undefined || protocol === 'http' || protocol === 'https') return
  throw new S3Error(
    'InvalidRequest',
    'Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.',
  )
}

/** It becomes a part of the header Location. */
function checkHostName(hostName: string): void {
  if (!/^[A-Za-z0-9._~\-[\]:%/]{1,1024}$/.test(hostName)) throw invalid('The HostName is not well formed')
}

function invalid(message: string): S3Error {
  return new S3Error('InvalidArgument', message)
}
