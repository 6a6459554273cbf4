// What an Authorization header says (RFC 9110, section 11.6.2): `Bearer TOKEN` (RFC 6750) or `Basic base64(NAME:SECRET)` (RFC 7617, in
// UTF-8). Total: any text gives credentials or `undefined`.

export type Credentials =
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'basic'; readonly name: string; readonly secret: string }

const headerLengthMax = 4_096
const nameLengthMax = 128
/** Longer secrets are none that can have been set; they are not hashed. In UTF-16 units. */
export const secretLengthMax = 1_024

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function parseAuthorization(header: string): Credentials | undefined {
  if (header.length > headerLengthMax) return undefined
  const [, scheme = '', rest = ''] = /^([A-Za-z]+) +([!-~]+) *$/.exec(header) ?? []
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return { kind: 'bearer', token: rest }
    case 'basic':
      return parseBasic(rest)
    default:
      return undefined
  }
}

function parseBasic(text: string): Credentials | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  const decoded = decode(text)
  const colon = decoded?.indexOf(':') ?? -1
  if (decoded === undefined || colon < 1 || colon > nameLengthMax) return undefined
  const secret = decoded.slice(colon + 1)
  return secret.length > secretLengthMax ? undefined : { kind: 'basic', name: decoded.slice(0, colon), secret }
}

function decode(text: string): string | undefined {
  try {
    return utf8.decode(Buffer.from(text, 'base64'))
  } catch {
    return undefined
  }
}
