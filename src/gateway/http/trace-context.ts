// `traceparent` of W3C Trace Context (level 2, section 3.2): where a request comes from a program that traces, its trace goes on here.

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const nothing = /^0+$/

/** As 50 hex digits: trace id, id of the caller's span, flags. `undefined`: none came, or what came is none. */
export function parseTraceparent(header: string | readonly string[] | undefined): string | undefined {
  if (typeof header !== 'string') return undefined
  const [, version, trace = '', span = '', flags = '', rest] = form.exec(header) ?? []
  if (version === undefined || version === 'ff' || nothing.test(trace) || nothing.test(span)) return undefined
  // Version 00 has nothing behind its flags; later ones may.
  if (version === '00' && rest !== undefined) return undefined
  return trace + span + flags
}
