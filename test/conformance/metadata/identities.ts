// Conformance of what IAM knows: rows change one after the other, what a row names is there, and what is named stays. Contract:
// src/meta/contract/identity-metadata.ts.

import assert from 'node:assert/strict'
import { describe } from 'node:test'

import type { IdentityRow, ManagedPolicyRow } from '../../../src/meta/contract/identity-rows.ts'
import type { MetadataStore } from '../../../src/meta/metadata-store.ts'
import { rejectsWith, sceneTests, startMs } from './scene.ts'
import type { CreateStore } from './scene.ts'

function identity(kind: IdentityRow['kind'], name: string, more: Partial<IdentityRow> = {}): IdentityRow {
  const fixed = { revision: 1, id: '', path: '/', createdMs: startMs, tags: [], attached: [], inline: [], groups: [] }
  return { kind, name, ...fixed, ...more }
}

function policy(name: string, more: Partial<ManagedPolicyRow> = {}): ManagedPolicyRow {
  const fixed = { revision: 1, id: 'a'.repeat(32), path: '/', description: '', createdMs: startMs, updatedMs: startMs }
  const versions = [{ id: 'v1', document: `document of ${name}`, createdMs: startMs }]
  return { name, ...fixed, tags: [], defaultVersion: 'v1', versions, ...more }
}

async function addUser(store: MetadataStore, name: string): Promise<void> {
  const canonicalId = Buffer.from(name).toString('hex').padEnd(64, '0')
  const fixed = { role: 'none', enabled: true, displayName: name, createdMs: startMs } as const
  await store.createUser({ user: { name, canonicalId, ...fixed } })
}

export function identityTests(name: string, create: CreateStore): void {
  const sceneTest = sceneTests(create)

  describe(`${name}: identities`, () => {
    sceneTest('a row is made once, read back, listed by name among its kind, and removed', async ({ store }) => {
      const full = identity('role', 'b', {
        id: 'b'.repeat(32),
        tags: [{ key: '__proto__', value: 'x' }],
        inline: [{ name: 'own', document: '{}' }],
        attached: ['aws/AmazonS3FullAccess'],
        boundary: 'aws/AmazonS3ReadOnlyAccess',
        trustPolicy: '{}',
        maxSessionSeconds: 3_600,
        description: 'd',
      })
      await store.putIdentity({ row: full })
      for (const each of ['a', 'c', 'd']) await store.putIdentity({ row: identity('role', each) })
      await store.putIdentity({ row: identity('group', 'a') })
      assert.deepEqual(await store.getIdentity({ kind: 'role', name: 'b' }), full)
      assert.deepEqual(await store.putIdentity({ row: full }), full, 'a repeat is harmless')
      await rejectsWith('identity-exists', store.putIdentity({ row: { ...full, description: 'other' } }))
      const page = await store.listIdentities({ kind: 'role', after: 'a', limit: 2 })
      assert.deepEqual(
        page.map((row) => row.name),
        ['b', 'c'],
      )
      assert.equal((await store.listIdentities({ kind: 'group', limit: 10 })).length, 1)
      await store.removeIdentity(full)
      assert.equal(await store.getIdentity(full), undefined)
      assert.deepEqual(await store.listPolicyUses({ policy: 'aws/AmazonS3FullAccess', limit: 10 }), [])
      await rejectsWith('identity-not-found', store.removeIdentity(full))
    })

    sceneTest('of two changes made from the same revision the later one fails', async ({ store }) => {
      await store.putIdentity({ row: identity('group', 'g') })
      await store.putIdentity({ row: identity('group', 'g', { revision: 2, path: '/a/' }) })
      await rejectsWith('precondition-failed', store.putIdentity({ row: identity('group', 'g', { revision: 2 }) }))
      await rejectsWith('identity-not-found', store.putIdentity({ row: identity('group', 'h', { revision: 2 }) }))
      assert.equal((await store.getIdentity({ kind: 'group', name: 'g' }))?.path, '/a/')
    })

    sceneTest('what a row names is there, and what is named stays', async ({ store }) => {
      const attached = identity('user', 'u', { attached: ['p'] })
      await rejectsWith('user-not-found', store.putIdentity({ row: attached }))
      await addUser(store, 'u')
      await rejectsWith('policy-not-found', store.putIdentity({ row: attached }))
      await rejectsWith('policy-not-found', store.putIdentity({ row: identity('user', 'u', { boundary: 'p' }) }))
      await rejectsWith('identity-not-found', store.putIdentity({ row: identity('user', 'u', { groups: ['g'] }) }))
      await store.putManagedPolicy({ row: policy('p') })
      await store.putIdentity({ row: identity('group', 'g') })
      await store.putIdentity({ row: identity('user', 'u', { attached: ['p'], groups: ['g'] }) })
      assert.deepEqual(await store.listPolicyUses({ policy: 'p', limit: 10 }), [{ kind: 'user', name: 'u' }])
      assert.deepEqual(await store.listMembers({ group: 'g', limit: 10 }), ['u'])
      await rejectsWith('identity-in-use', store.removeManagedPolicy({ name: 'p' }))
      await rejectsWith('identity-in-use', store.removeIdentity({ kind: 'group', name: 'g' }))
      await store.putIdentity({ row: identity('user', 'u', { revision: 2 }) })
      await store.removeManagedPolicy({ name: 'p' })
      await store.removeIdentity({ kind: 'group', name: 'g' })
      assert.deepEqual(await store.listMembers({ group: 'g', limit: 10 }), [])
    })

    sceneTest('with a user goes what IAM knows of it', async ({ store }) => {
      await addUser(store, 'u')
      await store.putManagedPolicy({ row: policy('p') })
      await store.putIdentity({ row: identity('group', 'g') })
      await store.putIdentity({ row: identity('user', 'u', { attached: ['p'], groups: ['g'], boundary: 'p' }) })
      await store.removeUser({ name: 'u' })
      assert.equal(await store.getIdentity({ kind: 'user', name: 'u' }), undefined)
      await store.removeManagedPolicy({ name: 'p' })
      await store.removeIdentity({ kind: 'group', name: 'g' })
      await addUser(store, 'u')
      assert.equal(await store.getIdentityPolicies({ kind: 'user', name: 'u' }), undefined)
    })

    sceneTest('what holds for a user is its own and its groups’, in the version that counts', async ({ store }) => {
      await addUser(store, 'u')
      const versions = ['v1', 'v2'].map((id) => ({ id, document: id, createdMs: startMs }))
      await store.putManagedPolicy({ row: policy('p', { versions, defaultVersion: 'v2' }) })
      await store.putManagedPolicy({ row: policy('limit') })
      const inline = [{ name: 'i', document: 'inline of g' }]
      await store.putIdentity({ row: identity('group', 'g', { inline, attached: ['p', 'aws/A'] }) })
      const own = identity('user', 'u', { groups: ['g'], attached: ['p'], boundary: 'limit' })
      await store.putIdentity({ row: own })
      assert.deepEqual(await store.getIdentityPolicies({ kind: 'user', name: 'u' }), {
        row: own,
        documents: ['inline of g', 'v2'],
        builtIn: ['A'],
        boundary: 'document of limit',
      })
    })

    sceneTest('policies are made once, changed by revision and listed by name', async ({ store }) => {
      for (const each of ['b', 'a', 'c']) await store.putManagedPolicy({ row: policy(each) })
      await rejectsWith('policy-exists', store.putManagedPolicy({ row: policy('a', { path: '/x/' }) }))
      await rejectsWith('policy-not-found', store.putManagedPolicy({ row: policy('d', { revision: 2 }) }))
      await store.putManagedPolicy({ row: policy('a', { revision: 2, description: 'new' }) })
      await rejectsWith('precondition-failed', store.putManagedPolicy({ row: policy('a', { revision: 2 }) }))
      assert.equal((await store.getManagedPolicy('a'))?.description, 'new')
      const rows = await store.listManagedPolicies({ after: 'a', limit: 5 })
      assert.deepEqual(
        rows.map((row) => row.name),
        ['b', 'c'],
      )
      await store.removeManagedPolicy({ name: 'a' })
      await rejectsWith('policy-not-found', store.removeManagedPolicy({ name: 'a' }))
    })
  })
}
