// Reading streams of bytes. Through readers, because browsers without async iteration of streams are in use.

export async function* iterate(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  let ended = false
  try {
    for (;;) {
      const next = await reader.read()
      if (next.done) break
      yield next.value
    }
    ended = true
  } finally {
    if (!ended) await reader.cancel().catch(() => undefined)
    reader.releaseLock()
  }
}

/** The whole as UTF-8; `undefined`, and the rest cancelled, where it is longer than `bytesMax`. */
export async function readText(
  stream: ReadableStream<Uint8Array>,
  bytesMax: number,
  onSlice?: () => void,
): Promise<string | undefined> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const slice of iterate(stream)) {
    onSlice?.()
    bytes += slice.length
    if (bytes > bytesMax) return undefined
    text += decoder.decode(slice, { stream: true })
  }
  return text + decoder.decode()
}
