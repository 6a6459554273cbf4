// Whether a MongoDB deployment can be trusted with metadata, before anything is written: a replica set or a sharded cluster of
// MongoDB 7.0 or newer, in which a majority's acknowledgement means that a majority has it on its disks.

import type { Db, MongoClient } from 'mongodb'

import { FrostError } from '../../base/errors.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import { readDocument } from './replies.ts'
import type { Reply } from './replies.ts'

/** Of MongoDB 7.0. */
const wireVersionMin = 21
const electionMaxMs = 30 * SECOND_MS

/** @throws FrostError `config-invalid`, with the remedy. */
export async function checkDeployment(admin: Db, log: Log): Promise<void> {
  const hello = await admin.command({ hello: 1 })
  if (Number(hello['maxWireVersion']) < wireVersionMin)
    throw invalid('MongoDB is too old.', 'Use MongoDB 7.0 or newer.')
  checkIsMember(hello)
  if (hello['msg'] === 'isdbgrid') return
  if (Array.isArray(hello['arbiters']) && hello['arbiters'].length > 0)
    throw invalid(
      'The replica set has an arbiter: with it, what a majority acknowledged can be lost.',
      'Put a member that holds data in its place.',
    )
  await checkConfiguration(admin, log)
}

/** @throws FrostError `config-invalid`: a server of its own. */
export function checkIsMember(hello: Reply): void {
  if (hello['setName'] !== undefined || hello['msg'] === 'isdbgrid') return
  if (hello['isreplicaset'] === true)
    throw invalid(
      'The replica set of MongoDB has not been initiated.',
      'Initiate it with rs.initiate(), or give initiate-replica-set.',
    )
  throw invalid(
    'MongoDB runs as a standalone server, which has no transactions.',
    'Start it with --replSet rs0, also where it is alone, and initiate the set.',
  )
}

async function checkConfiguration(admin: Db, log: Log): Promise<void> {
  let config: Reply
  try {
    config = readDocument(await admin.command({ replSetGetConfig: 1 }), 'config')
  } catch (error) {
    // Needs the role clusterMonitor, which the user of the metadata need not have.
    log.warn('The configuration of the replica set could not be read, and was not checked.', { reason: String(error) })
    return
  }
  if (config['writeConcernMajorityJournalDefault'] === false)
    throw invalid(
      'The replica set acknowledges writes that are not in the journal (writeConcernMajorityJournalDefault: false).',
      'Set writeConcernMajorityJournalDefault to true with rs.reconfig().',
    )
}

export interface Initiation {
  readonly name: string
  /** `host:port` of each member, the first being the one that is asked. */
  readonly members: readonly string[]
}

/**
 * Makes a replica set of servers that were started with --replSet and belong to none yet. One that is there already, or that somebody
 * else makes meanwhile, is left as it is. `direct`: a client of the first member alone.
 * @throws FrostError `config-invalid`.
 */
export async function initiate(direct: MongoClient, { name, members }: Initiation, clock: Clock): Promise<void> {
  const admin = direct.db('admin')
  const startedMs = clock.monotonicMs()
  const before = await admin.command({ hello: 1 })
  if (before['setName'] !== undefined || before['msg'] === 'isdbgrid') return
  if (before['isreplicaset'] !== true)
    throw invalid('MongoDB was not started as a member of a replica set.', `Start it with --replSet ${name}.`)
  const config = { _id: name, members: members.map((host, id) => ({ _id: id, host })) }
  try {
    await admin.command({ replSetInitiate: config })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 23)) throw error // AlreadyInitialized
  }
  for (;;) {
    const { setName, isWritablePrimary, secondary }: Reply = await admin.command({ hello: 1 })
    if (setName !== undefined && (isWritablePrimary === true || secondary === true)) return
    if (clock.monotonicMs() - startedMs >= electionMaxMs)
      throw invalid('The replica set that was initiated elects no primary.', 'See the logs of its members.')
    await clock.sleep(200)
  }
}

function invalid(message: string, remedy: string): FrostError {
  return new FrostError('config-invalid', message, { remedy })
}
