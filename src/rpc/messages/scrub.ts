// Commands to a worker's scrubber. How far it is, its vitals say (membership.ts).

import { JsonFields, encodeJson } from './json-fields.ts'

/** `start`: read everything that is stored once, now, at full pace. */
export type ScrubCommand = 'start'

export function encodeScrub(command: ScrubCommand): Uint8Array<ArrayBuffer> {
  return encodeJson({ command })
}

export function decodeScrub(bytes: Uint8Array): ScrubCommand {
  return JsonFields.decode('scrub', bytes).parsed('command', (text) => (text === 'start' ? text : undefined))
}
