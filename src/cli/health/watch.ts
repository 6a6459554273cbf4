// The live table: the state of the cluster once a second on a terminal, redrawn in place on its alternate screen, as `top` does, until it
// is interrupted; the last state stays behind on the usual screen. While the server does not answer, the last state is shown under a
// line that says how old it is, and no verdict stands there as if it were of now.

import { FrostByteError } from '../../sdk/index.ts'
import type { ClusterStatus, FrostByteClient } from '../../sdk/index.ts'
import type { CommandContext } from '../command-context.ts'
import { describeAge } from '../figures.ts'
import { painterFor } from '../paint.ts'
import { cutText, escapeText } from '../terminal-text.ts'
import { statusJson } from './status-json.ts'
import { statusLines } from './status-text.ts'
import type { StatusLine } from './status-text.ts'
import { TimeLeftMeter } from './time-left.ts'

const everyMs = 1000
const enterScreen = '\u001b[?1049h\u001b[?25l'
const leaveScreen = '\u001b[?25h\u001b[?1049l'

interface Seen {
  readonly status: ClusterStatus
  readonly atMs: number
}

/** Resolves when it is interrupted. Rejects where the first answer does, later only where asking again would be in vain. */
export async function watchTable(context: CommandContext, client: FrostByteClient): Promise<void> {
  const { environment, signal } = context
  const { stdout } = environment
  const meter = new TimeLeftMeter()
  const first = await client.cluster({ signal })
  let seen: Seen = { status: first, atMs: environment.monotonicMs() }
  let failure: string | undefined
  let frame: readonly StatusLine[] = []
  await stdout.write(enterScreen)
  try {
    for (;;) {
      if (failure === undefined) meter.record(seen.status, seen.atMs)
      frame = frameLines(seen, { failure, nowMs: environment.monotonicMs(), timeLeft: meter.describe(seen.status) })
      await stdout.write(drawFrame(context, frame))
      await environment.sleep(everyMs, signal)
      if (signal.aborted) break
      try {
        seen = { status: await client.cluster({ signal }), atMs: environment.monotonicMs() }
        failure = undefined
      } catch (error) {
        if (signal.aborted) break
        if (!(error instanceof FrostByteError) || !error.retryable) throw error
        failure = error.message
      }
    }
  } finally {
    await stdout.write(leaveScreen)
  }
  const paint = painterFor(environment, stdout)
  await stdout.write(frame.map(({ text, level }) => `${paint(text, level)}\n`).join(''))
}

/** One object a line, once a second, for programs; a failure ends it. */
export async function watchJson(context: CommandContext, client: FrostByteClient): Promise<void> {
  const { environment, signal } = context
  while (!signal.aborted) {
    const status = await client.cluster({ signal })
    await environment.stdout.write(`${JSON.stringify(statusJson(status))}\n`)
    await environment.sleep(everyMs, signal)
  }
}

function frameLines(
  { status, atMs }: Seen,
  now: { readonly failure: string | undefined; readonly nowMs: number; readonly timeLeft: string | undefined },
): readonly StatusLine[] {
  const { failure, nowMs, timeLeft } = now
  if (failure === undefined) return statusLines(status, { timeLeft })
  return [
    { text: `No answer: ${escapeText(failure)}`, level: 'bad' },
    { text: `Redundancy: unknown. What follows was so ${describeAge(nowMs - atMs)}:`, level: 'bad' },
    { text: '' },
    ...statusLines(status, { timeLeft: undefined, isPast: true }),
  ]
}

/** Each line is cut to the width, and the frame to the height: a line that wraps would push the top out of sight. */
function drawFrame({ environment }: CommandContext, frame: readonly StatusLine[]): string {
  const { stdout } = environment
  const paint = painterFor(environment, stdout)
  const isTooHigh = frame.length > stdout.rows
  const shown = isTooHigh ? frame.slice(0, Math.max(1, stdout.rows - 1)) : frame
  const hidden = isTooHigh ? [{ text: `… ${frame.length - shown.length} more lines` }] : []
  const lines = [...shown, ...hidden].map(
    ({ text, level }: StatusLine) => `${paint(cutText(text, stdout.columns), level)}\u001b[K`,
  )
  return `\u001b[H${lines.join('\r\n')}\u001b[J`
}
