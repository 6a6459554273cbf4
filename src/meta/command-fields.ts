// The fields of every command, by which a process that commits knows a command of another process for what it says it is. The
// compiler holds each row to the command's type (encoding/plain-fields.ts), so a field added to a command is missing here until added.

import { fits } from './encoding/plain-fields.ts'
import type { Fields } from './encoding/plain-fields.ts'
import type { MutationCommand, MutationName } from './mutations.ts'

const commands: { readonly [Name in MutationName]: Fields<MutationCommand<Name>> } = {
  createCluster: {
    cluster: 'string',
    history: 'string',
    defaultScheme: 'object',
    defaultChunkSizeBytes: 'number',
    createdMs: 'number',
  },
  raiseCounter: { history: 'string', fence: 'object?' },
  markBehind: { history: 'string', seen: 'object?' },
  createBucket: { name: 'string', createdMs: 'number' },
  deleteBucket: { name: 'string' },
  commitVersion: {
    bucket: 'string',
    key: 'string',
    version: 'object',
    newData: 'list',
    sharedData: 'list?',
    shareExtents: 'string?',
    condition: 'object?',
    commandId: 'string?',
    keepPrevious: 'boolean?',
  },
  deleteKey: { bucket: 'string', key: 'string', commandId: 'string', condition: 'object?' },
  discard: { refs: 'list', queue: 'boolean' },
  removePurged: { entries: 'list', fence: 'object?' },
  removeDeadRows: { refs: 'list', fence: 'object?' },
  registerProcess: { process: 'string', address: 'string', wallMs: 'number' },
  publish: { process: 'string', publishedMs: 'number', ceilingMs: 'number', purgeSequence: 'number' },
  addIntents: { process: 'string', refs: 'list' },
  removeIntents: { process: 'string', refs: 'list' },
  expireProcess: { process: 'string', heartbeat: 'number', fence: 'object?' },
  addRepairs: { entries: 'list' },
  resolveRepairs: { entries: 'list', fence: 'object?' },
  createGroup: { group: 'number', scheme: 'object', workers: 'list', fence: 'object?' },
  changeGroup: { group: 'number', epoch: 'number', slots: 'list', fence: 'object?' },
  setGroupState: { group: 'number', state: 'string', fence: 'object?' },
  recordGroupBytes: { groups: 'list' },
  registerWorker: {
    worker: 'string',
    address: 'string',
    zone: 'string?',
    capacityBytes: 'number',
    usedBytes: 'number',
    startCounter: 'number',
    lastBatches: 'list',
    historySeen: 'object?',
  },
  recordWorkers: { reports: 'list' },
  setWorkerState: { worker: 'string', state: 'string?', compared: 'boolean?', fence: 'object?' },
  countOrphans: { workers: 'list', bytes: 'number', wallMs: 'number', fence: 'object?' },
  allowOrphans: { worker: 'string' },
  takeLease: { name: 'string', process: 'string', watched: 'object?' },
  renewLease: { name: 'string', token: 'number' },
  releaseLease: { name: 'string', token: 'number' },
  trimChanges: { through: 'number' },
  startRebuild: { id: 'string', merge: 'boolean', force: 'boolean', startedMs: 'number' },
  recordRebuild: { row: 'object', fence: 'object?' },
  finishRebuild: { id: 'string', endedMs: 'number', unsettled: 'boolean', fence: 'object?' },
  recoverGroup: {
    rebuild: 'string',
    group: 'number',
    epoch: 'number',
    scheme: 'object',
    slots: 'list',
    state: 'string',
    fence: 'object?',
  },
  recoverVersion: {
    rebuild: 'string',
    bucket: 'string',
    key: 'string',
    version: 'object',
    seenSequence: 'number',
    data: 'list',
    fence: 'object?',
  },
}

export function isCommand<Name extends MutationName>(name: Name, value: unknown): value is MutationCommand<Name> {
  return fits(value, commands[name])
}
