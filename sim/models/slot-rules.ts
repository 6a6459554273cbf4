// The rules of the model of slot moves.

import type { Switches } from './model.ts'

export const slotRules = {
  'old-epoch-refused': 'a worker refuses a write under an older epoch than the one that it adopted',
  'adopted-durably': 'what it adopted survives a crash',
  'adopted-when-quiet': 'it adopts an epoch when every put admitted under an older one is durable and listed',
  'adopted-before-listed': 'the sources and the target adopted the epoch before the target lists what there is',
  'writes-to-both': 'new writes go to the holder and to the pending worker',
  'missed-by-pending': 'what the pending worker missed is recorded with the commit, and with whom it is',
  'uncommitted-copied': 'the target copies uncommitted ids too',
  'swap-after-copy': 'the swap comes when the target has what was listed',
  'stand-in-named': 'the commit names who stands in for what',
  'dropped-when-confirmed': 'a former holder drops a fragment when the holder has it',
  'drop-by-epoch': 'a drop that was decided under an older epoch is decided again',
  'resolved-by-holder': 'a repair entry is resolved when the slot’s holder of that moment has the fragment',
  'resolved-for-pending': 'and the pending worker, where there is one',
  'commit-notes-moves': 'a slot that changed its holder since the acknowledgement becomes repair work with the commit',
  'compared-after-swap': 'a slot is unknown from the swap to the end of a comparison',
  'compared-after-commits': 'that comparison begins when every commit open at the swap has ended',
} as const

export type SlotSwitches = Switches<keyof typeof slotRules>
