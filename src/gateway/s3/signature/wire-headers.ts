// The headers of a request as a signature sees them: names in lower case, values trimmed and their inner white space folded to
// one space each, the values of a name that comes several times joined with commas in the order they came ("Create a
// canonical request", Signature Version 4). Characters stand for bytes (Latin-1), as node:http gives them.

export type WireHeaders = ReadonlyMap<string, string>

/** `rawHeaders`: names and values in turn, as they came. */
export function collectHeaders(rawHeaders: readonly string[]): WireHeaders {
  const headers = new Map<string, string>()
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase()
    const value = foldSpace(rawHeaders[index + 1] ?? '')
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before},${value}`)
  }
  return headers
}

const spaceToFold = /^[ \t]|[ \t]$|[ \t][ \t]|\t/

function foldSpace(value: string): string {
  return spaceToFold.test(value) ? value.replaceAll(/[ \t]+/g, ' ').trim() : value
}
