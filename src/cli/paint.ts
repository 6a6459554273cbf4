// Colours for people: on a terminal only, and not where NO_COLOR (no-color.org) forbids them.

import type { CliEnvironment, Output } from './environment.ts'

export type Paint = 'bad' | 'warning' | 'good' | 'note'

const codes: Readonly<Record<Paint, string>> = { bad: '31', warning: '33', good: '32', note: '36' }

/** What paints text for `output`, or leaves it as it is. */
export function painterFor(
  { variables }: CliEnvironment,
  output: Output,
): (text: string, paint: Paint | undefined) => string {
  const isPlain = !output.isTerminal || (variables['NO_COLOR'] ?? '') !== '' || variables['TERM'] === 'dumb'
  return (text, paint) => (isPlain || paint === undefined ? text : `\u001b[${codes[paint]}m${text}\u001b[0m`)
}
