// What bounds who tries credentials, and what a right password costs.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { VirtualTime } from '../../../sim/ports/clock.ts'
import { errorCode } from '../../base/errors.ts'
import { NodeCompute } from '../../node/compute.ts'
import { NodeRandom } from '../../node/random.ts'
import type { PasswordCost, Vault } from '../../ports/vault.ts'
import { NodeVault } from '../../node/vault.ts'
import { FailedLogins } from './failed-logins.ts'
import { Passwords } from './passwords.ts'

const limits = {
  address: { attemptsMax: 5, refillMs: 1_000 },
  account: { attemptsMax: 3, refillMs: 10_000 },
  entriesMax: 4,
}

function isTooMany(error: unknown): boolean {
  return errorCode(error) === 'too-many-attempts'
}

describe('wrong credentials', () => {
  const time = new VirtualTime()
  const open = (): FailedLogins => new FailedLogins(time.createClock(), limits)

  test('of one address are limited, whatever names it tries, and come back with time', async () => {
    const failed = open()
    for (let count = 0; count < 5; count++) failed.begin('1.2.3.4', `name-${count}`)
    assert.throws(() => failed.begin('1.2.3.4', 'another'), isTooMany)
    failed.begin('1.2.3.5', 'another')
    await time.advance(1_000)
    failed.begin('1.2.3.4', 'another')
    assert.throws(() => failed.begin('1.2.3.4', 'another'), isTooMany)
  })

  test('for one name are limited, wherever they come from, but not where it signed in', async () => {
    const failed = open()
    failed.begin('10.0.0.1', 'alice')
    failed.succeed('10.0.0.1', 'alice')
    for (let count = 0; count < 3; count++) failed.begin(`1.1.1.${count}`, 'alice')
    assert.throws(() => failed.begin('1.1.1.9', 'alice'), isTooMany)
    failed.begin('10.0.0.1', 'alice')
    await time.advance(10_000)
    failed.begin('1.1.1.9', 'alice')
  })

  test('that are tried at once count before they are verified, and right ones cost nothing', () => {
    const failed = open()
    for (let count = 0; count < 100; count++) {
      failed.begin('2.2.2.2', 'bob')
      failed.succeed('2.2.2.2', 'bob')
    }
    for (let count = 0; count < 5; count++) failed.begin('2.2.2.2', `x${count}`)
    assert.throws(() => failed.begin('2.2.2.2', 'bob'), isTooMany)
  })

  test('that could not be verified are no attempt', () => {
    const failed = open()
    for (let count = 0; count < 100; count++) {
      failed.begin('5.5.5.5', 'carol')
      failed.cancel('5.5.5.5', 'carol')
    }
    for (let count = 0; count < 3; count++) failed.begin('5.5.5.5', 'carol')
    assert.throws(() => failed.begin('5.5.5.6', 'carol'), isTooMany)
  })

  test('of the addresses of one IPv6 network count together', () => {
    const failed = open()
    for (let count = 0; count < 5; count++) failed.begin(`2001:db8:0:1::${count}`, `n${count}`)
    assert.throws(() => failed.begin('2001:db8:0:1:ffff::1', 'n'), isTooMany)
    failed.begin('2001:db8:0:2::1', 'n')
  })

  test('are remembered of so many, and the longest untouched are forgotten', () => {
    const failed = open()
    for (let count = 0; count < 5; count++) failed.begin('3.3.3.3', `n${count}`)
    assert.throws(() => failed.begin('3.3.3.3', 'n'), isTooMany)
    for (let count = 0; count < 4; count++) failed.begin(`4.4.4.${count}`, `m${count}`)
    failed.begin('3.3.3.3', 'n')
  })
})

class CountingVault extends NodeVault {
  hashes = 0
  running = 0
  runningMax = 0

  override async argon2id(...[password, salt, cost]: Parameters<Vault['argon2id']>): Promise<Uint8Array<ArrayBuffer>> {
    this.hashes++
    this.runningMax = Math.max(this.runningMax, ++this.running)
    try {
      return await super.argon2id(password, salt, cost)
    } finally {
      this.running--
    }
  }
}

describe('passwords', () => {
  const cost: PasswordCost = { memoryKib: 8, passes: 1, parallelism: 1 }
  const open = (): { vault: CountingVault; passwords: Passwords } => {
    const vault = new CountingVault()
    return { vault, passwords: new Passwords({ vault, random: new NodeRandom(), compute: new NodeCompute() }, cost) }
  }

  test('are verified against their hash, and two hashes of one password differ', async () => {
    const { passwords } = open()
    const stored = await passwords.hash('correct horse')
    assert.notEqual(stored, await passwords.hash('correct horse'))
    assert.equal(await passwords.verify('u', 'correct horse', stored), true)
    assert.equal(await passwords.verify('u', 'correct hors', stored), false)
    assert.equal(await passwords.verify('u', 'correct horse', undefined), false)
    assert.equal(await passwords.verify('u', 'x', 'not a hash'), false)
  })

  test('that were right are known, until the stored hash changes', async () => {
    const { passwords } = open()
    const stored = await passwords.hash('one')
    assert.equal(passwords.isKnownRight('u', 'one', stored), false)
    await passwords.verify('u', 'one', stored)
    assert.equal(passwords.isKnownRight('u', 'one', stored), true)
    assert.equal(passwords.isKnownRight('u', 'two', stored), false)
    assert.equal(passwords.isKnownRight('v', 'one', stored), false)
    assert.equal(passwords.isKnownRight('u', 'one', await passwords.hash('one')), false)
    assert.equal(passwords.isKnownRight('u', 'one', undefined), false)
  })

  test('of an unknown user cost a hash like any other', async () => {
    const { vault, passwords } = open()
    await passwords.verify('nobody', 'x', undefined)
    const before = vault.hashes
    await passwords.verify('nobody', 'y', undefined)
    assert.equal(vault.hashes, before + 1)
  })

  test('of an unknown user are refused as long as too many wait, and not for ever', async () => {
    const { passwords } = open()
    const flood = Array.from({ length: 66 }, async (_, index) => passwords.hash(`password ${index}`))
    await assert.rejects(passwords.verify('nobody', 'x', undefined), (error) => errorCode(error) === 'overloaded')
    await Promise.all(flood)
    assert.equal(await passwords.verify('nobody', 'x', undefined), false)
  })

  test('that are the same and come at once are hashed once', async () => {
    const { vault, passwords } = open()
    const stored = await passwords.hash('one')
    const before = vault.hashes
    const answers = await Promise.all(Array.from({ length: 20 }, async () => passwords.verify('u', 'one', stored)))
    assert.ok(answers.every(Boolean))
    assert.equal(vault.hashes, before + 1)
  })

  test('are hashed two at once, 64 wait, and more are refused', async () => {
    const { vault, passwords } = open()
    const all = Array.from({ length: 80 }, async (_, index) => passwords.hash(`password ${index}`))
    const settled = await Promise.allSettled(all)
    const refused = settled.filter((each) => each.status === 'rejected')
    assert.equal(refused.length, 80 - 66)
    for (const { reason } of refused) assert.equal(errorCode(reason), 'overloaded')
    assert.equal(vault.runningMax, 2)
    await passwords.hash('goes on')
  })
})
