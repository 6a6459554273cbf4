// How far the scan of a bucket has come, kept with the bucket (its setting `lifecycle-scan`): so that another process, or this one after a
// restart, goes on from there, and no day has two scans. Stored as JSON with a version.

export interface ScanProgress {
  /** Days since 1970 as the scan's began, of the length that a day had. */
  readonly day: number
  /** It has ended. Else it goes on, of `phase`, after this key. */
  readonly isDone: boolean
  readonly phase: 'versions' | 'uploads'
  /** The last key of which all versions have been looked at. */
  readonly after?: string
}

const version = 1

export function encodeProgress(progress: ScanProgress): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ version, ...progress }))
}

/** `undefined`: there is none that this program understands, so the scan begins anew. */
export function decodeProgress(bytes: Uint8Array | undefined): ScanProgress | undefined {
  if (bytes === undefined) return undefined
  let read: unknown
  try {
    read = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
  if (typeof read !== 'object' || read === null) return undefined
  const { version: format, day, isDone, phase, after } = { ...read } as Readonly<Record<string, unknown>>
  if (format !== version || typeof day !== 'number' || typeof isDone !== 'boolean') return undefined
  if (phase !== 'versions' && phase !== 'uploads') return undefined
  return { day, isDone, phase, ...(typeof after === 'string' ? { after } : {}) }
}
