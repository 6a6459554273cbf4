// What the processes of the masters ask each other about healing: only the holder of the lease knows.

import { FrostError } from '../../base/errors.ts'
import { decodeHealingState, encodeHealingState } from '../../rpc/messages/healing-state.ts'
import type { HealingState } from '../../rpc/messages/healing-state.ts'
import { methods } from '../../rpc/messages/methods.ts'
import type { RpcHandler, RpcRequest } from '../../rpc/peer.ts'
import type { Healing } from './healing.ts'
import type { HolderLink } from './holder-link.ts'

const noHeader = new Uint8Array(0)

export function healingHandlers(healing: Healing): ReadonlyMap<number, RpcHandler> {
  return new Map<number, RpcHandler>([
    [
      methods.healingState,
      async (request) => {
        checkMaster(request)
        const state = await healing.state()
        if (state === undefined) throw notHolder()
        return { header: noHeader, body: [encodeHealingState(state)] }
      },
    ],
    [
      methods.compareAll,
      (request) => {
        checkMaster(request)
        if (!healing.compareAll()) throw notHolder()
        return Promise.resolve({ header: noHeader })
      },
    ],
  ])
}

/** As the holder of the lease knows it, which may be this process; `undefined`: it cannot be asked. */
export async function healingStateOf(own: Healing, holder: HolderLink): Promise<HealingState | undefined> {
  const state = await own.state()
  if (state !== undefined) return state
  try {
    return decodeHealingState(await holder.ask(methods.healingState))
  } catch (error) {
    if (error instanceof FrostError) return undefined
    throw error
  }
}

function checkMaster({ peer }: RpcRequest): void {
  if (peer.info.identity.kind !== 'master') throw new FrostError('bad-request', 'Only masters ask for this.')
}

function notHolder(): FrostError {
  return new FrostError('peer-unreachable', 'This process does not do the background work any more.', {
    retryAfterSeconds: 1,
  })
}
