// The mutations of a store as methods, each handed to the store's runner under its name.

import type { MetadataMutations } from './metadata-store.ts'
import type { MutationCommand, MutationName, MutationResult } from './mutations.ts'

type Answer<Name extends MutationName> = Promise<MutationResult<Name>>

export abstract class MutationMethods implements MetadataMutations {
  protected abstract run<Name extends MutationName>(name: Name, command: MutationCommand<Name>): Answer<Name>

  createCluster(command: MutationCommand<'createCluster'>): Answer<'createCluster'> {
    return this.run('createCluster', command)
  }

  raiseCounter(command: MutationCommand<'raiseCounter'>): Answer<'raiseCounter'> {
    return this.run('raiseCounter', command)
  }

  markBehind(command: MutationCommand<'markBehind'>): Answer<'markBehind'> {
    return this.run('markBehind', command)
  }

  createBucket(command: MutationCommand<'createBucket'>): Answer<'createBucket'> {
    return this.run('createBucket', command)
  }

  deleteBucket(command: MutationCommand<'deleteBucket'>): Answer<'deleteBucket'> {
    return this.run('deleteBucket', command)
  }

  changeBucket(command: MutationCommand<'changeBucket'>): Answer<'changeBucket'> {
    return this.run('changeBucket', command)
  }

  setBucketSetting(command: MutationCommand<'setBucketSetting'>): Answer<'setBucketSetting'> {
    return this.run('setBucketSetting', command)
  }

  commitVersion(command: MutationCommand<'commitVersion'>): Answer<'commitVersion'> {
    return this.run('commitVersion', command)
  }

  deleteKey(command: MutationCommand<'deleteKey'>): Answer<'deleteKey'> {
    return this.run('deleteKey', command)
  }

  deleteVersion(command: MutationCommand<'deleteVersion'>): Answer<'deleteVersion'> {
    return this.run('deleteVersion', command)
  }

  changeVersion(command: MutationCommand<'changeVersion'>): Answer<'changeVersion'> {
    return this.run('changeVersion', command)
  }

  createMultipart(command: MutationCommand<'createMultipart'>): Answer<'createMultipart'> {
    return this.run('createMultipart', command)
  }

  putPart(command: MutationCommand<'putPart'>): Answer<'putPart'> {
    return this.run('putPart', command)
  }

  completeMultipart(command: MutationCommand<'completeMultipart'>): Answer<'completeMultipart'> {
    return this.run('completeMultipart', command)
  }

  abortMultipart(command: MutationCommand<'abortMultipart'>): Answer<'abortMultipart'> {
    return this.run('abortMultipart', command)
  }

  discard(command: MutationCommand<'discard'>): Answer<'discard'> {
    return this.run('discard', command)
  }

  removePurged(command: MutationCommand<'removePurged'>): Answer<'removePurged'> {
    return this.run('removePurged', command)
  }

  removeDeadRows(command: MutationCommand<'removeDeadRows'>): Answer<'removeDeadRows'> {
    return this.run('removeDeadRows', command)
  }

  registerProcess(command: MutationCommand<'registerProcess'>): Answer<'registerProcess'> {
    return this.run('registerProcess', command)
  }

  publish(command: MutationCommand<'publish'>): Answer<'publish'> {
    return this.run('publish', command)
  }

  addIntents(command: MutationCommand<'addIntents'>): Answer<'addIntents'> {
    return this.run('addIntents', command)
  }

  removeIntents(command: MutationCommand<'removeIntents'>): Answer<'removeIntents'> {
    return this.run('removeIntents', command)
  }

  expireProcess(command: MutationCommand<'expireProcess'>): Answer<'expireProcess'> {
    return this.run('expireProcess', command)
  }

  addRepairs(command: MutationCommand<'addRepairs'>): Answer<'addRepairs'> {
    return this.run('addRepairs', command)
  }

  resolveRepairs(command: MutationCommand<'resolveRepairs'>): Answer<'resolveRepairs'> {
    return this.run('resolveRepairs', command)
  }

  createGroup(command: MutationCommand<'createGroup'>): Answer<'createGroup'> {
    return this.run('createGroup', command)
  }

  changeGroup(command: MutationCommand<'changeGroup'>): Answer<'changeGroup'> {
    return this.run('changeGroup', command)
  }

  setGroupState(command: MutationCommand<'setGroupState'>): Answer<'setGroupState'> {
    return this.run('setGroupState', command)
  }

  recordGroupBytes(command: MutationCommand<'recordGroupBytes'>): Answer<'recordGroupBytes'> {
    return this.run('recordGroupBytes', command)
  }

  registerWorker(command: MutationCommand<'registerWorker'>): Answer<'registerWorker'> {
    return this.run('registerWorker', command)
  }

  recordWorkers(command: MutationCommand<'recordWorkers'>): Answer<'recordWorkers'> {
    return this.run('recordWorkers', command)
  }

  setWorkerState(command: MutationCommand<'setWorkerState'>): Answer<'setWorkerState'> {
    return this.run('setWorkerState', command)
  }

  takeLease(command: MutationCommand<'takeLease'>): Answer<'takeLease'> {
    return this.run('takeLease', command)
  }

  renewLease(command: MutationCommand<'renewLease'>): Answer<'renewLease'> {
    return this.run('renewLease', command)
  }

  releaseLease(command: MutationCommand<'releaseLease'>): Answer<'releaseLease'> {
    return this.run('releaseLease', command)
  }

  trimChanges(command: MutationCommand<'trimChanges'>): Answer<'trimChanges'> {
    return this.run('trimChanges', command)
  }

  putFollower(command: MutationCommand<'putFollower'>): Answer<'putFollower'> {
    return this.run('putFollower', command)
  }

  startRebuild(command: MutationCommand<'startRebuild'>): Answer<'startRebuild'> {
    return this.run('startRebuild', command)
  }

  recordRebuild(command: MutationCommand<'recordRebuild'>): Answer<'recordRebuild'> {
    return this.run('recordRebuild', command)
  }

  finishRebuild(command: MutationCommand<'finishRebuild'>): Answer<'finishRebuild'> {
    return this.run('finishRebuild', command)
  }

  recoverGroup(command: MutationCommand<'recoverGroup'>): Answer<'recoverGroup'> {
    return this.run('recoverGroup', command)
  }

  recoverVersion(command: MutationCommand<'recoverVersion'>): Answer<'recoverVersion'> {
    return this.run('recoverVersion', command)
  }

  countOrphans(command: MutationCommand<'countOrphans'>): Answer<'countOrphans'> {
    return this.run('countOrphans', command)
  }

  removeWorker(command: MutationCommand<'removeWorker'>): Answer<'removeWorker'> {
    return this.run('removeWorker', command)
  }

  allowOrphans(command: MutationCommand<'allowOrphans'>): Answer<'allowOrphans'> {
    return this.run('allowOrphans', command)
  }

  createUser(command: MutationCommand<'createUser'>): Answer<'createUser'> {
    return this.run('createUser', command)
  }

  changeUser(command: MutationCommand<'changeUser'>): Answer<'changeUser'> {
    return this.run('changeUser', command)
  }

  removeUser(command: MutationCommand<'removeUser'>): Answer<'removeUser'> {
    return this.run('removeUser', command)
  }

  setRootUser(command: MutationCommand<'setRootUser'>): Answer<'setRootUser'> {
    return this.run('setRootUser', command)
  }

  createAccessKey(command: MutationCommand<'createAccessKey'>): Answer<'createAccessKey'> {
    return this.run('createAccessKey', command)
  }

  changeAccessKey(command: MutationCommand<'changeAccessKey'>): Answer<'changeAccessKey'> {
    return this.run('changeAccessKey', command)
  }

  removeAccessKey(command: MutationCommand<'removeAccessKey'>): Answer<'removeAccessKey'> {
    return this.run('removeAccessKey', command)
  }

  createToken(command: MutationCommand<'createToken'>): Answer<'createToken'> {
    return this.run('createToken', command)
  }

  removeToken(command: MutationCommand<'removeToken'>): Answer<'removeToken'> {
    return this.run('removeToken', command)
  }

  putGrant(command: MutationCommand<'putGrant'>): Answer<'putGrant'> {
    return this.run('putGrant', command)
  }

  removeGrant(command: MutationCommand<'removeGrant'>): Answer<'removeGrant'> {
    return this.run('removeGrant', command)
  }

  createShareLink(command: MutationCommand<'createShareLink'>): Answer<'createShareLink'> {
    return this.run('createShareLink', command)
  }

  useShareLink(command: MutationCommand<'useShareLink'>): Answer<'useShareLink'> {
    return this.run('useShareLink', command)
  }

  revokeShareLink(command: MutationCommand<'revokeShareLink'>): Answer<'revokeShareLink'> {
    return this.run('revokeShareLink', command)
  }

  putEncryptionKey(command: MutationCommand<'putEncryptionKey'>): Answer<'putEncryptionKey'> {
    return this.run('putEncryptionKey', command)
  }

  putIdentity(command: MutationCommand<'putIdentity'>): Answer<'putIdentity'> {
    return this.run('putIdentity', command)
  }

  removeIdentity(command: MutationCommand<'removeIdentity'>): Answer<'removeIdentity'> {
    return this.run('removeIdentity', command)
  }

  putManagedPolicy(command: MutationCommand<'putManagedPolicy'>): Answer<'putManagedPolicy'> {
    return this.run('putManagedPolicy', command)
  }

  removeManagedPolicy(command: MutationCommand<'removeManagedPolicy'>): Answer<'removeManagedPolicy'> {
    return this.run('removeManagedPolicy', command)
  }
}
