// The encryption context: names and values that are bound to a wrapped data key, so that it opens only together with them. To those of
// the client (SSE-KMS) the object's ARN is added, as S3 does it.

/** The name that S3 itself gives. */
const ownName = 'aws:s3:arn'
const text = new TextEncoder()

/** What a wrapped key is bound to: pairs in the order of their names, each text with its length (u32, big-endian) before it. */
export function contextBytes(pairs: ReadonlyMap<string, string>): Uint8Array<ArrayBuffer> {
  const texts = [...pairs]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .flat()
    .map((part) => text.encode(part))
  const bytes = new Uint8Array(texts.reduce((sum, part) => sum + 4 + part.length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const part of texts) {
    view.setUint32(at, part.length)
    bytes.set(part, at + 4)
    at += 4 + part.length
  }
  return bytes
}

/** The whole context of an object's key: what the client gave, and whose key it is. */
export function objectContext(
  { bucket, key }: { readonly bucket: string; readonly key: string },
  given: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  return new Map([...given, [ownName, `arn:aws:s3:::${bucket}/${key}`]])
}
