// One line of a bucket's access log, in the format of S3's server access logs: 26 fields between spaces, `-` where nothing is known.
// Whatever a client sent is written so that it can neither end its field nor its line. Pure.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html

export interface LogRecord {
  /** Canonical id. */
  readonly bucketOwner: string | undefined
  readonly bucket: string
  /** When the request was received. */
  readonly atMs: number
  readonly remoteAddress: string
  /** Canonical id, or the ARN of who has taken a role. Absent: nobody signed. */
  readonly requester: string | undefined
  readonly requestId: string
  /** As AWS names it: `REST.GET.OBJECT`. */
  readonly operation: string
  readonly key: string
  /** As it came: `GET /bucket/key?x HTTP/1.1`. */
  readonly requestLine: string | undefined
  readonly status: number
  /** Of S3. */
  readonly errorCode: string | undefined
  /** Of the body. */
  readonly bytesSent: number
  readonly objectBytes: number | undefined
  /** From the first byte of the request to the last one of the answer. */
  readonly totalMs: number
  /** From the last byte of the request to the first one of the answer. */
  readonly turnAroundMs: number | undefined
  readonly referer: string | undefined
  readonly userAgent: string | undefined
  /** That the request named. */
  readonly versionId: string | undefined
  /** The answer's x-amz-id-2. */
  readonly hostId: string
  readonly signatureVersion: 'SigV2' | 'SigV4' | undefined
  /** OpenSSL's name. */
  readonly cipherSuite: string | undefined
  readonly authenticationType: 'AuthHeader' | 'QueryString' | undefined
  /** The header Host. */
  readonly hostHeader: string | undefined
  readonly tlsVersion: string | undefined
  /** Whether it was an ACL that allowed it. */
  readonly wasAllowedByAcl: boolean
}

const fieldCharactersMax = 4_096

/** Without the end of the line. */
export function formatLogLine(record: LogRecord): string {
  const { bytesSent, objectBytes, turnAroundMs } = record
  return [
    field(record.bucketOwner),
    field(record.bucket),
    `[${formatLogTime(record.atMs)}]`,
    field(record.remoteAddress),
    field(record.requester),
    field(record.requestId),
    record.operation,
    field(record.key === '' ? undefined : encodeKey(record.key)),
    quotedField(record.requestLine === undefined ? undefined : withoutSecrets(record.requestLine)),
    String(record.status),
    field(record.errorCode),
    bytesSent === 0 ? '-' : String(bytesSent),
    objectBytes === undefined ? '-' : String(objectBytes),
    String(Math.round(record.totalMs)),
    turnAroundMs === undefined ? '-' : String(Math.max(1, Math.round(turnAroundMs))),
    quotedField(record.referer === undefined ? undefined : withoutSecrets(record.referer)),
    quotedField(record.userAgent),
    field(record.versionId),
    field(record.hostId),
    record.signatureVersion ?? '-',
    field(record.cipherSuite),
    record.authenticationType ?? '-',
    field(record.hostHeader),
    field(record.tlsVersion),
    // Access points are none here.
    '-',
    record.wasAllowedByAcl ? 'Yes' : '-',
  ].join(' ')
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const

/** `06/Feb/2019:00:00:38 +0000` */
function formatLogTime(atMs: number): string {
  const iso = new Date(atMs).toISOString()
  return `${iso.slice(8, 10)}/${months[Number(iso.slice(5, 7)) - 1]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`
}

function field(value: string | undefined): string {
  return value === undefined || value === '' ? '-' : safe(value)
}

function quotedField(value: string | undefined): string {
  return value === undefined || value === '' ? '"-"' : `"${safe(value, ' ')}"`
}

/** Visible ASCII but for quotes stays; all else, as bytes of UTF-8 in percent-encoding. `also`: stays too. */
function safe(text: string, also = ''): string {
  const cut = text.length > fieldCharactersMax ? text.slice(0, fieldCharactersMax) : text
  return cut.toWellFormed().replaceAll(/[^!#-~]/gu, (character) => {
    return also.includes(character) ? character : encodeBytes(character)
  })
}

function encodeBytes(character: string): string {
  return Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
}

/** With its slashes. */
function encodeKey(key: string): string {
  return encodeURIComponent(key.toWellFormed()).replaceAll('%2F', '/')
}

const secretParameters =
  /([?&](?:X-Amz-Signature|X-Amz-Security-Token|Signature|X-Amz-(?:Copy-Source-)?Server-Side-Encryption-Customer-Key)=)[^&\s#]*/gi

/** What a presigned URL proves itself by must not be read out of a log, as long as it holds; nor a customer's key (SSE-C) in it. */
function withoutSecrets(text: string): string {
  return text.replaceAll(secretParameters, '$1REDACTED')
}
