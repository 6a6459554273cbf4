// The request target as it came over the wire (RFC 9112, section 3.2). It is never given to `new URL`, which folds `..`
// and `.` segments and would make other names of them: a name is whatever its percent-encoded bytes spell, strictly as
// UTF-8, or it is refused. (Bytes above 0x7f that are not encoded are refused by the parser of Node.js before.)

export interface RequestTarget {
  /** Raw, still encoded; starts with `/`, or is `*`. */
  readonly path: string
  /** Raw, without the `?`; empty where there is none. */
  readonly query: string
}

const slash = 47

export function splitTarget(url: string): RequestTarget {
  const target = url.charCodeAt(0) === slash || url === '*' ? url : stripAuthority(url)
  const mark = target.indexOf('?')
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}

/** The absolute form, which every server must take: `http://host/path`. */
function stripAuthority(url: string): string {
  const rest = url.replace(/^https?:\/\/[^/?]*/i, '')
  return rest.startsWith('/') ? rest : `/${rest}`
}

// `ignoreBOM` keeps a leading U+FEFF, which is a part of the name.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const plain = /^[\x20-\x24\x26-\x2a\x2c-\x7e]*$/
const percent = 37
const plus = 43

/**
 * Decodes percent-encoding as UTF-8; `undefined` for a bad escape or bytes that are not UTF-8. In a query (`plusIsSpace`) a
 * `+` is a space, as forms and URLSearchParams write it.
 */
export function decodeText(text: string, plusIsSpace: boolean): string | undefined {
  if (plain.test(text)) return text
  const bytes = new Uint8Array(text.length)
  let length = 0
  for (let index = 0; index < text.length; index++) {
    let byte = text.charCodeAt(index)
    if (byte === percent) {
      byte = hexValue(text.charCodeAt(index + 1)) * 16 + hexValue(text.charCodeAt(index + 2))
      index += 2
    } else if (byte === plus && plusIsSpace) {
      byte = 32
    }
    if (!(byte <= 0xff)) return undefined // NaN, from a bad escape, or a character that is no byte
    bytes[length++] = byte
  }
  try {
    return decoder.decode(bytes.subarray(0, length))
  } catch {
    return undefined
  }
}

function hexValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const letter = code | 32
  return letter >= 97 && letter <= 102 ? letter - 87 : Number.NaN
}
