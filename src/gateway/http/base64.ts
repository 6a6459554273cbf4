// Base64 (RFC 4648, section 4) of short values in headers: strict, so that one value has one form. Not for bodies.

/** `undefined`: not base64 in its one form, with padding and nothing else around it. */
export function parseBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  let binary: string
  try {
    binary = atob(text)
  } catch {
    return undefined // of a length that no bytes have
  }
  if (btoa(binary) !== text) return undefined
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}

export function formatBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}
