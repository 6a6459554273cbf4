// A signal for work that is done for one client only: it stops where nobody waits for its answer any more.

import { clientGone } from './upload-body.ts'
import type { Exchange } from './exchange.ts'

/** Aborted when the client goes, or the answer was sent. For an exchange whose `onClose` nobody else needs from then on. */
export function signalOfClient(exchange: Exchange): AbortSignal {
  const controller = new AbortController()
  exchange.onClose(() => controller.abort(clientGone()))
  return controller.signal
}
