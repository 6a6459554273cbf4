// Every mutation by its name, with the decision that it is. The names are part of the messages between processes
// (docs/design/metadata.md): one is never given another meaning.

import { isSteps } from '../base/steps.ts'
import type { Steps } from '../base/steps.ts'
import type { Decided, Decision } from '../ports/key-value.ts'
import * as bucket from './decisions/bucket-decisions.ts'
import { putFollower, trimChanges } from './decisions/change-decisions.ts'
import * as cluster from './decisions/cluster-decisions.ts'
import { commitVersion } from './decisions/commit-decision.ts'
import { completeMultipart } from './decisions/complete-decision.ts'
import * as data from './decisions/data-decisions.ts'
import * as credentials from './decisions/credential-decisions.ts'
import { deleteKey } from './decisions/delete-decision.ts'
import { Draft } from './decisions/draft.ts'
import type { DraftOptions } from './decisions/draft.ts'
import * as grants from './decisions/grant-decisions.ts'
import * as group from './decisions/group-decisions.ts'
import { putEncryptionKey } from './decisions/encryption-key-decisions.ts'
import * as identity from './decisions/identity-decisions.ts'
import * as lease from './decisions/lease-decisions.ts'
import * as multipart from './decisions/multipart-decisions.ts'
import * as process from './decisions/process-decisions.ts'
import * as rebuild from './decisions/rebuild-decisions.ts'
import * as recover from './decisions/recover-decisions.ts'
import * as repair from './decisions/repair-decisions.ts'
import * as shareLinks from './decisions/share-link-decisions.ts'
import * as userAccess from './decisions/user-decisions.ts'
import * as version from './decisions/version-decisions.ts'
import * as worker from './decisions/worker-decisions.ts'
import type { MetadataMutations } from './metadata-store.ts'

export type MutationName = keyof MetadataMutations
export type MutationCommand<Name extends MutationName> = Parameters<MetadataMutations[Name]>[0]
export type MutationResult<Name extends MutationName> = Awaited<ReturnType<MetadataMutations[Name]>>

type Mutate<Name extends MutationName> = (
  draft: Draft,
  command: MutationCommand<Name>,
) => MutationResult<Name> | Steps<MutationResult<Name>>

const mutations: { readonly [Name in MutationName]: Mutate<Name> } = {
  createCluster: cluster.createCluster,
  raiseCounter: cluster.raiseCounter,
  markBehind: cluster.markBehind,
  createBucket: bucket.createBucket,
  deleteBucket: bucket.deleteBucket,
  changeBucket: bucket.changeBucket,
  setBucketSetting: bucket.setBucketSetting,
  commitVersion,
  deleteKey,
  deleteVersion: version.deleteVersion,
  changeVersion: version.changeVersion,
  createMultipart: multipart.createMultipart,
  putPart: multipart.putPart,
  completeMultipart,
  abortMultipart: multipart.abortMultipart,
  discard: data.discard,
  removePurged: data.removePurged,
  removeDeadRows: data.removeDeadRows,
  registerProcess: process.registerProcess,
  publish: process.publish,
  addIntents: process.addIntents,
  removeIntents: process.removeIntents,
  expireProcess: process.expireProcess,
  addRepairs: repair.addRepairs,
  resolveRepairs: repair.resolveRepairs,
  createGroup: group.createGroup,
  changeGroup: group.changeGroup,
  setGroupState: group.setGroupState,
  recordGroupBytes: group.recordGroupBytes,
  registerWorker: worker.registerWorker,
  recordWorkers: worker.recordWorkers,
  setWorkerState: worker.setWorkerState,
  countOrphans: worker.countOrphans,
  allowOrphans: worker.allowOrphans,
  removeWorker: worker.removeWorker,
  takeLease: lease.takeLease,
  renewLease: lease.renewLease,
  releaseLease: lease.releaseLease,
  trimChanges,
  putFollower,
  startRebuild: rebuild.startRebuild,
  recordRebuild: rebuild.recordRebuild,
  finishRebuild: rebuild.finishRebuild,
  recoverGroup: recover.recoverGroup,
  recoverVersion: recover.recoverVersion,
  createUser: userAccess.createUser,
  changeUser: userAccess.changeUser,
  removeUser: userAccess.removeUser,
  setRootUser: userAccess.setRootUser,
  createAccessKey: credentials.createAccessKey,
  changeAccessKey: credentials.changeAccessKey,
  removeAccessKey: credentials.removeAccessKey,
  createToken: credentials.createToken,
  removeToken: credentials.removeToken,
  putGrant: grants.putGrant,
  removeGrant: grants.removeGrant,
  createShareLink: shareLinks.createShareLink,
  useShareLink: shareLinks.useShareLink,
  revokeShareLink: shareLinks.revokeShareLink,
  putEncryptionKey,
  putIdentity: identity.putIdentity,
  removeIdentity: identity.removeIdentity,
  putManagedPolicy: identity.putManagedPolicy,
  removeManagedPolicy: identity.removeManagedPolicy,
}

export function isMutationName(name: string): name is MutationName {
  return Object.hasOwn(mutations, name)
}

/** One mutation, to be decided on any state. */
export function mutationDecision<Name extends MutationName>(
  name: Name,
  command: MutationCommand<Name>,
  options: DraftOptions,
): Decision<MutationResult<Name>> {
  return (view) => decideMutation(new Draft(view, options), name, command)
}

function decideMutation<Name extends MutationName>(
  draft: Draft,
  name: Name,
  command: MutationCommand<Name>,
): Decided<MutationResult<Name>> | Steps<Decided<MutationResult<Name>>> {
  const made = mutations[name](draft, command)
  if (isSteps(made)) return finishSteps(draft, made)
  return draft.finish(made, { unrecorded: name === 'trimChanges' || name === 'putFollower' })
}

function* finishSteps<T>(draft: Draft, steps: Steps<T>): Steps<Decided<T>> {
  const result = yield* steps
  return draft.finish(result)
}

/** Where mutations go: to the store of this process, or to the process that commits. */
export interface MutationRunner {
  run<Name extends MutationName>(name: Name, command: MutationCommand<Name>): Promise<MutationResult<Name>>
  /** Can be called twice. */
  close(): Promise<void>
}
