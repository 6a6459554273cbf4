// A secret that a command is to store: the first line of standard input where it is asked for, else the variable
// FROSTBYTE_NEW_SECRET. Never an argument, which everybody on the machine can read.

import type { CliEnvironment } from '../environment.ts'
import { UsageError } from '../failure.ts'

const secretBytesMax = 4_096

/** `undefined`: none was given. @throws UsageError. */
export async function readSecret(environment: CliEnvironment, fromStdin: boolean): Promise<string | undefined> {
  if (!fromStdin) {
    const secret = environment.variables['FROSTBYTE_NEW_SECRET']
    return secret === '' ? undefined : secret
  }
  const slices: Uint8Array[] = []
  let length = 0
  for await (const slice of environment.stdin()) {
    slices.push(slice)
    length += slice.length
    if (length > secretBytesMax) throw new UsageError('Standard input holds more than a secret.')
  }
  const [line = ''] = Buffer.concat(slices).toString('utf8').split(/\r?\n/, 1)
  if (line === '') throw new UsageError('Standard input holds no secret.', 'Write it into the first line.')
  return line
}
