/** Frees memory at once where nothing else lies in it, instead of leaving it to the collector. `bytes` must not be used afterwards. */
export function freeBytes(bytes: Uint8Array): void {
  const { buffer } = bytes
  if (buffer instanceof ArrayBuffer && bytes.byteOffset === 0 && bytes.byteLength === buffer.byteLength)
    buffer.transfer(0)
}
