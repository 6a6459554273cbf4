// Secrets of access keys that signatures need back: opened once for each reading of a key's row, and never longer good than that.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { VirtualTime } from '../../../sim/ports/clock.ts'
import { defined } from '../../base/assert.ts'
import { NodeCompute } from '../../node/compute.ts'
import { NodeRandom } from '../../node/random.ts'
import { NodeVault } from '../../node/vault.ts'
import type { AccessKeyRow, UserRow } from '../../meta/contract/access-rows.ts'
import type { SealOptions } from '../../ports/vault.ts'
import { Authenticator } from './authenticator.ts'
import { failedLoginLimits, FailedLogins } from './failed-logins.ts'
import { Passwords } from './passwords.ts'
import { SecretBox } from './secret-box.ts'

class CountingVault extends NodeVault {
  opened = 0

  override open(sealed: Uint8Array, options: SealOptions): Uint8Array<ArrayBuffer> | undefined {
    this.opened++
    return super.open(sealed, options)
  }
}

const user: UserRow = {
  name: 'alice',
  role: 'none',
  enabled: true,
  canonicalId: 'a'.repeat(64),
  displayName: '',
  createdMs: 0,
}

describe('the secret of an access key', () => {
  const time = new VirtualTime()
  const [clock, compute, random, vault] = [time.createClock(), new NodeCompute(), new NodeRandom(), new CountingVault()]
  const box = new SecretBox({ random, vault, compute }, new Uint8Array(32))
  const row = (secret: string): AccessKeyRow => {
    const sealedSecret = box.seal(secret, 'KEY')
    return { id: 'KEY', user: 'alice', sealedSecret, enabled: true, description: '', createdMs: 0 }
  }
  let stored: AccessKeyRow | undefined = row('first-secret')
  const authenticator = new Authenticator({
    metadata: {
      getUser: () => Promise.resolve(user),
      getUserByCanonicalId: () => Promise.resolve(user),
      getAccessKey: () => Promise.resolve(stored === undefined ? undefined : { ...stored }),
      getToken: () => Promise.resolve(undefined),
      listGrantsOf: () => Promise.resolve([]),
      getIdentityPolicies: () => Promise.resolve(undefined),
    },
    clock,
    compute,
    box,
    passwords: new Passwords({ vault, random, compute }),
    failedLogins: new FailedLogins(clock, failedLoginLimits),
  })
  const secret = async (): Promise<string> => new TextDecoder().decode((await authenticator.signer('KEY')).secret)

  test('is opened once for each reading of its row', async () => {
    for (let request = 0; request < 10; request++) assert.equal(await secret(), 'first-secret')
    assert.equal(vault.opened, 1)
    await time.advance(1_000)
    assert.equal(await secret(), 'first-secret')
    assert.equal(vault.opened, 2)
  })

  test('is the new one once its row is read again', async () => {
    stored = row('second-secret')
    authenticator.cache.forget()
    assert.equal(await secret(), 'second-secret')
    stored = { ...defined(stored, 'it was stored'), enabled: false }
    authenticator.cache.forget()
    await assert.rejects(secret, /disabled/)
    stored = undefined
    authenticator.cache.forget()
    await assert.rejects(secret, /not valid/)
  })
})
