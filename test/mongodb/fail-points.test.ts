// Commands that fail by their number, in every way that the drivers' specifications name (transactions, retryable reads and writes): each
// change happens once, and the caller sees no error.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { MongoClient } from 'mongodb'

import type { MongoKeyValue } from '../../src/node/mongodb/mongo-key-value.ts'
import { Ledger } from './ledger.ts'
import { openMap, StandIn, withDatabase, withoutStandIn } from './stand-in.ts'

type Fault = Readonly<Record<string, unknown>>

/** On every command. */
const faults: Readonly<Record<string, Fault>> = {
  'a connection that breaks': { closeConnection: true },
  'HostUnreachable': { errorCode: 6 },
  'HostNotFound': { errorCode: 7 },
  'NetworkTimeout': { errorCode: 89 },
  'ShutdownInProgress': { errorCode: 91 },
  'PrimarySteppedDown': { errorCode: 189 },
  'ExceededTimeLimit': { errorCode: 262 },
  'SocketException': { errorCode: 9001 },
  'NotWritablePrimary': { errorCode: 10_107 },
  'InterruptedAtShutdown': { errorCode: 11_600 },
  'InterruptedDueToReplStateChange': { errorCode: 11_602 },
  'NotPrimaryNoSecondaryOk': { errorCode: 13_435 },
  'NotPrimaryOrSecondary': { errorCode: 13_436 },
  'MaxTimeMSExpired': { errorCode: 50 },
  'SnapshotUnavailable': { errorCode: 246 },
  'the label RetryableWriteError': { errorCode: 11_601, errorLabels: ['RetryableWriteError'] },
  'the label SystemOverloadedError': { errorCode: 462, errorLabels: ['SystemOverloadedError', 'RetryableError'] },
}

/** In a transaction. */
const transactionFaults: Readonly<Record<string, Fault>> = {
  'WriteConflict': { errorCode: 112 },
  'NoSuchTransaction': { errorCode: 251 },
  'the label TransientTransactionError': { errorCode: 11_601, errorLabels: ['TransientTransactionError'] },
}

const commitFaults: Readonly<Record<string, Fault>> = {
  'the label UnknownTransactionCommitResult': { errorCode: 11_601, errorLabels: ['UnknownTransactionCommitResult'] },
  'no label at all': { errorCode: 11_601, errorLabels: [] },
  'WriteConcernTimeout after the commit': {
    writeConcernError: { code: 64, errmsg: 'waiting for replication timed out' },
  },
  'CannotSatisfyWriteConcern after the commit': { writeConcernError: { code: 100, errmsg: 'Not enough members' } },
  'PrimarySteppedDown after the commit': { writeConcernError: { code: 189, errmsg: 'stepped down' } },
}

describe('commands of MongoDB that fail', { skip: withoutStandIn }, () => {
  let server: StandIn
  let admin: MongoClient
  let map: MongoKeyValue
  let other: MongoKeyValue
  let ledger: Ledger
  let met = 0

  function watch(client: MongoClient): void {
    client.on('commandFailed', () => {
      met += 1
    })
    client.on('commandSucceeded', ({ reply }: { readonly reply: unknown }) => {
      if (typeof reply === 'object' && reply !== null && 'writeConcernError' in reply) met += 1
    })
  }

  before(async () => {
    server = await StandIn.start()
    admin = await new MongoClient(server.url, { appName: 'test' }).connect()
    const url = withDatabase(server.url)
    const watched = { client: { monitorCommands: true }, onClient: watch }
    map = await openMap(url, watched)
    other = await openMap(url, watched)
    ledger = new Ledger([map, other], 4)
  })

  after(async () => {
    await map.close()
    await other.close()
    await admin.close()
    await server.remove()
  })

  async function configure(mode: unknown, data: Fault): Promise<void> {
    const failPoint = { configureFailPoint: 'failCommand', mode, data: { appName: 'frostbyte', ...data } }
    await admin.db('admin').command(failPoint)
  }

  /** Twice in a row, among a few counts. */
  function testFault(command: string, name: string, fault: Fault): void {
    test(`${command}: ${name}`, async () => {
      await ledger.countEach(1)
      met = 0
      await configure({ times: 2 }, { failCommands: [command], ...fault })
      await ledger.countEach(4)
      await configure('off', {})
      assert.ok(met >= 2, 'the fault was met')
      await ledger.check()
      assert.equal(ledger.failures, 0)
      assert.equal(ledger.unknown, 0)
    })
  }

  for (const command of ['find', 'update', 'commitTransaction'])
    for (const [name, fault] of Object.entries(faults)) testFault(command, name, fault)
  for (const command of ['update', 'commitTransaction'])
    for (const [name, fault] of Object.entries(transactionFaults)) testFault(command, name, fault)
  for (const [name, fault] of Object.entries(commitFaults)) testFault('commitTransaction', name, fault)
})
