// /debug/pprof/: the paths, parameters and answers of Go's net/http/pprof, as far as they mean something here.

import { FrostError } from '../../base/errors.ts'
import type { Profiler, ProfileWindow } from '../../ports/profiler.ts'
import { commonHeaders } from '../http/problem-answers.ts'
import type { Exchange } from '../http/exchange.ts'
import { integerParameter } from '../http/query.ts'
import type { Query } from '../http/query.ts'
import type { ActiveRequest, ObservedNode, ObserveParts } from './observed-node.ts'
import type { ObserveHandler } from './observe-gateway.ts'

/** As Go's. */
const cpuSecondsDefault = 30
const allocationSecondsDefault = 5
/** V8 keeps each look until the end: 16 bytes of each of 1,000 a second. */
const secondsMax = 120
/** The index; what follows it is a profile. */
export const profilesPrefix = '/debug/pprof/'

export const pprofRoutes: readonly (readonly [path: string, handler: ObserveHandler])[] = [
  [profilesPrefix, (exchange, _query, parts) => sendText(exchange, 'text/html; charset=utf-8', indexPage(parts.node))],
  [
    `${profilesPrefix}profile`,
    async (exchange, query, parts) =>
      await sendWindow(
        exchange,
        secondsOf(query, cpuSecondsDefault),
        async (window) => await profilerOf(parts).cpu(window),
      ),
  ],
  [
    `${profilesPrefix}allocs`,
    async (exchange, query, parts) => {
      const seconds = secondsOf(query, allocationSecondsDefault)
      await sendWindow(exchange, seconds, async (window) => await profilerOf(parts).allocations(window))
    },
  ],
  [
    `${profilesPrefix}heap`,
    async (exchange, query, parts) => {
      if (query.has('seconds')) {
        throw new FrostError('bad-request', 'A heap profile is of a moment, not over a time.', {
          remedy: 'Leave seconds= out, or ask for /debug/pprof/allocs?seconds=N.',
        })
      }
      refuseText(query)
      sendProfile(exchange, await profilerOf(parts).heap({ collect: query.get('gc') === '1' }))
    },
  ],
  [`${profilesPrefix}goroutine`, sendActivities],
]

function profilerOf({ profiler }: ObserveParts): Profiler {
  if (profiler !== undefined) return profiler
  throw new FrostError('profiling-closed', 'This address is not on loopback, and profiles are not open on it.', {
    remedy: 'Start the node with --open-profiling, or ask for them on the machine itself.',
  })
}

/** @throws FrostError `bad-request`. */
function secondsOf(query: Query, byDefault: number): number {
  refuseText(query)
  return integerParameter(query, 'seconds', { min: 1, max: secondsMax }) ?? byDefault
}

function refuseText(query: Query): void {
  if ((query.get('debug') ?? '0') === '0') return
  throw new FrostError('bad-request', 'This profile has no text form.', {
    remedy: 'Leave debug= out, and read it with `go tool pprof -top`.',
  })
}

/** Ends with the client. */
async function sendWindow(
  exchange: Exchange,
  seconds: number,
  take: (window: ProfileWindow) => Promise<Uint8Array>,
): Promise<void> {
  const controller = new AbortController()
  exchange.onClose(() => controller.abort(new FrostError('cancelled', 'The client has gone.')))
  try {
    sendProfile(exchange, await take({ seconds, signal: controller.signal }))
  } catch (error) {
    if (!controller.signal.aborted) throw error
  }
}

function sendProfile(exchange: Exchange, profile: Uint8Array): void {
  exchange.send(200, ['Content-Type', 'application/octet-stream', ...commonHeaders], profile)
}

function sendText(exchange: Exchange, type: string, text: string): void {
  exchange.send(200, ['Content-Type', type, 'Content-Security-Policy', "default-src 'none'", ...commonHeaders], text)
}

/** What Go lists as goroutines: here the requests under way. */
async function sendActivities(exchange: Exchange, query: Query, parts: ObserveParts): Promise<void> {
  const debug = integerParameter(query, 'debug', { min: 0, max: 2 }) ?? 0
  const profiler = profilerOf(parts)
  const active = parts.node.activeRequests().toSorted((left, right) => right.ageMs - left.ageMs)
  if (debug > 0) {
    sendText(exchange, 'text/plain; charset=utf-8', activeText(active))
    return
  }
  const activities = active.map(({ face, name, peer, ageMs, details }) => {
    return { stack: [face, `${face}.${name}`], ageMs, labels: { peer, ...details } }
  })
  sendProfile(exchange, await profiler.activities(activities))
}

/** The longest first. */
function activeText(active: readonly ActiveRequest[]): string {
  const lines = active.map(({ face, name, peer, ageMs, details }) => {
    const words = Object.entries({ age: `${(ageMs / 1000).toFixed(3)}s`, peer, ...details })
    return `${face}.${name} ${words.map(([key, word]) => `${key}=${word}`).join(' ')}\n`
  })
  return `active requests: total ${active.length}\n\n${lines.join('')}`
}

function indexPage({ role }: ObservedNode): string {
  const row = (path: string, what: string): string => `<li><a href="${path}">${path}</a>: ${what}</li>`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>/debug/pprof/ of a ${role}</title></head>
<body><h1>Profiles of a ${role}</h1>
<p>Read them with <code>go tool pprof ADDRESS</code>; all but the second form of the last are in pprof's format.</p>
<ul>
${row('profile?seconds=30', `where processor time goes; 1 to ${secondsMax} seconds`)}
${row('heap', 'what is held on the JavaScript heap; <code>?gc=1</code> collects garbage first')}
${row(`allocs?seconds=${allocationSecondsDefault}`, 'what is allocated on the JavaScript heap meanwhile, also what is given up again')}
${row('goroutine', 'requests under way')}
${row('goroutine?debug=1', 'requests under way, as text')}
</ul></body></html>
`
}
