// A stand-in for fetch that tells how much of a body has been sent. In browsers only XMLHttpRequest can.
// Answers of an upload are short texts, so they are read whole.

/** The part of XMLHttpRequest that is used here; no type of the DOM is known to the server's compiler settings. */
interface Xhr {
  readonly upload: { onprogress: ((event: { readonly loaded: number }) => void) | null }
  onload: (() => void) | null
  onerror: (() => void) | null
  onabort: (() => void) | null
  readonly status: number
  readonly statusText: string
  readonly responseText: string
  open(method: string, url: string): void
  setRequestHeader(name: string, value: string): void
  getAllResponseHeaders(): string
  send(body: unknown): void
  abort(): void
}

type XhrConstructor = new () => Xhr

export function hasXhr(): boolean {
  return xhrConstructor() !== undefined
}

/** `onSent` is called with the bytes sent so far. */
export function fetchByXhr(onSent: (sentBytes: number) => void): typeof fetch {
  return async (input, init) => {
    const Constructor = xhrConstructor()
    if (Constructor === undefined || typeof input !== 'string' || init === undefined)
      throw new TypeError('no XMLHttpRequest here')
    const xhr = new Constructor()
    const { promise, resolve, reject } = Promise.withResolvers<Response>()
    const signal = init.signal ?? undefined
    const onAbort = (): void => xhr.abort()
    signal?.throwIfAborted()
    signal?.addEventListener('abort', onAbort, { once: true })
    xhr.upload.onprogress = (event) => onSent(event.loaded)
    xhr.onload = () => resolve(toResponse(xhr))
    xhr.onerror = () => reject(new TypeError('the connection failed'))
    xhr.onabort = () => reject(signal?.reason ?? new TypeError('the request was aborted'))
    try {
      xhr.open(init.method ?? 'GET', input)
      for (const [name, value] of new Headers(init.headers)) xhr.setRequestHeader(name, value)
      xhr.send(init.body)
      return await promise
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }
}

function toResponse(xhr: Xhr): Response {
  const headers = new Headers()
  for (const line of xhr.getAllResponseHeaders().split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) headers.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim())
  }
  return new Response(xhr.responseText, { status: xhr.status, statusText: xhr.statusText, headers })
}

function xhrConstructor(): XhrConstructor | undefined {
  const found: unknown = Reflect.get(globalThis, 'XMLHttpRequest')
  return typeof found === 'function' ? (found as XhrConstructor) : undefined
}
