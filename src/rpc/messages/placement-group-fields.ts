// Reads placement groups and schemes, which several messages carry.

import { FrostError } from '../../base/errors.ts'
import { parseEpoch, parseGroupId, parseWorkerId } from '../../base/ids.ts'
import { columnCount, columnsMax } from '../../base/scheme.ts'
import type { Scheme } from '../../base/scheme.ts'
import type { PlacementGroup } from '../../cluster/placement-group.ts'
import { JsonFields } from './json-fields.ts'

export function readGroup(value: unknown): PlacementGroup {
  const fields = new JsonFields('placement group', value)
  const state = fields.string('state')
  if (state !== 'writable' && state !== 'closed')
    throw new FrostError('protocol-error', `A placement group is in state "${state}".`)
  return {
    group: fields.parsedCount('group', parseGroupId),
    epoch: fields.parsedCount('epoch', parseEpoch),
    scheme: readScheme(fields.object('scheme')),
    state,
    slots: fields.list('slots', columnsMax, (slot) => {
      const slotFields = new JsonFields('slot', slot)
      const worker = slotFields.parsed('worker', parseWorkerId)
      const holderSinceEpoch = slotFields.parsedCount('holderSinceEpoch', parseEpoch)
      if (!slotFields.has('pendingWorker')) return { worker, holderSinceEpoch }
      return { worker, holderSinceEpoch, pendingWorker: slotFields.parsed('pendingWorker', parseWorkerId) }
    }),
  }
}

export function readScheme(value: unknown): Scheme {
  const fields = new JsonFields('scheme', value)
  const scheme = { dataColumns: fields.count('dataColumns'), parityColumns: fields.count('parityColumns') }
  const { dataColumns: k, parityColumns: m } = scheme
  if (k < 1 || m < 1 || columnCount(scheme) > columnsMax)
    throw new FrostError('protocol-error', `A message carries the scheme ${k}+${m}.`)
  return scheme
}
