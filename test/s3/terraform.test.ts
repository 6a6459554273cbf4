// Terraform's and OpenTofu's S3 backend with their defaults: who the credentials are, states, workspaces, and the lock, which is an object
// that is put only where there is none.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'

import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
} from '@aws-sdk/client-s3'
import type { S3Client } from '@aws-sdk/client-s3'

import { defined } from '../../src/base/assert.ts'
import { sdkClient } from './aws-sdk/client.ts'
import { ClientHome, trusting } from './harness/client-programs.ts'
import { overBothTransports } from './harness/endpoint.ts'
import { InfrastructureProgram, withoutProgram } from './harness/infrastructure-program.ts'
import type { BackendSettings } from './harness/infrastructure-program.ts'

const bucket = 'suite-states'

function stateAt(key: string): BackendSettings {
  return { bucket: `"${bucket}"`, key: `"${key}"`, region: '"us-east-1"', use_lockfile: 'true' }
}

for (const [title, name] of [
  ['Terraform', 'terraform'],
  ['OpenTofu', 'tofu'],
] as const) {
  overBothTransports(title, withoutProgram(name), (endpoint) => {
    let home: ClientHome
    let client: S3Client
    const make = async (
      folder: string,
      settings: BackendSettings = stateAt(`${folder}/state`),
    ): Promise<InfrastructureProgram> => await InfrastructureProgram.make(home, name, folder, settings)
    const keys = async (prefix: string): Promise<readonly string[]> => {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }))
      return Contents.map(({ Key }) => Key ?? '')
    }

    before(async () => {
      home = await ClientHome.make(endpoint(), {
        ...trusting('AWS_CA_BUNDLE', endpoint()),
        // It asks nobody whether there is a newer one.
        CHECKPOINT_DISABLE: '1',
        TF_IN_AUTOMATION: '1',
      })
      client = sdkClient(endpoint())
      await client.send(new CreateBucketCommand({ Bucket: bucket }))
      const versioning = { Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } } as const
      await client.send(new PutBucketVersioningCommand(versioning))
    })
    after(async () => {
      client.destroy()
      await home.remove()
    })

    test('applies, finds nothing to do, reads its state, and destroys', async () => {
      const program = await make('round')
      await program.apply('one')
      assert.equal(await program.output(), 'one')
      assert.equal((await program.run('plan', '-var=text=one', '-detailed-exitcode')).status, 0)
      assert.equal((await program.run('plan', '-var=text=two', '-detailed-exitcode')).status, 2)
      await program.apply('two')
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'round/state' }))
      const stored: unknown = JSON.parse((await Body?.transformToString()) ?? '')
      assert.deepEqual(JSON.parse(await program.must('state pull')), stored)
      assert.deepEqual(await keys('round/'), ['round/state'], 'no lock is left')
      await program.must('destroy', '-auto-approve')
      assert.equal(await program.must('state list'), '')
      const { Versions = [] } = await client.send(
        new ListObjectVersionsCommand({ Bucket: bucket, Prefix: 'round/state' }),
      )
      assert.equal(Versions.filter(({ Key }) => Key === 'round/state').length, 3, 'each state is kept')
    })

    test('says which bucket is missing', async () => {
      const settings = { ...stateAt('state'), bucket: '"suite-no-states"' }
      await assert.rejects(make('nowhere', settings), /bucket "suite-no-states" does not exist|NoSuchBucket/)
    })

    test('keeps workspaces apart', async () => {
      const program = await make('spaces')
      await program.apply('of-default')
      await program.must('workspace new', 'stage')
      await program.must('workspace new', 'release-1.x_~')
      await program.must('workspace select', 'stage')
      await program.apply('of-stage')
      const listed = await program.must('workspace list')
      assert.deepEqual(listed.replaceAll('*', ' ').split(/\s+/).filter(Boolean), ['default', 'release-1.x_~', 'stage'])
      assert.equal(await program.output(), 'of-stage')
      await program.must('destroy', '-auto-approve')
      await program.must('workspace select', 'default')
      assert.equal(await program.output(), 'of-default')
      for (const space of ['stage', 'release-1.x_~']) await program.must('workspace delete', space)
      assert.match(await program.must('workspace list'), /^\* default\s*$/)
      assert.deepEqual(await keys('env:/'), [])
    })

    test('lets one apply at a time change a state', async () => {
      const program = await make('locked')
      const held = await program.holdApply('first')
      try {
        assert.deepEqual(await keys('locked/'), ['locked/state.tflock'])
        const { status, stderr } = await program.run('apply', '-auto-approve', '-var=text=second')
        assert.equal(status, 1)
        assert.match(stderr, /Error acquiring the state lock/)
        assert.match(stderr, /412|PreconditionFailed/)
        const waiting = program.apply('third', '-lock-timeout=60s')
        assert.equal(await held.release(), 0)
        await waiting
      } finally {
        await held.release()
      }
      assert.equal(await program.output(), 'third')
      assert.deepEqual(await keys('locked/'), ['locked/state'])
    })

    test('lets one of many through that begin together', async () => {
      const program = await make('crowd')
      await program.apply('before')
      const texts = ['a', 'b', 'c', 'd']
      const ends = await Promise.all(
        texts.map(async (text) => {
          const { status, stderr } = await program.run('apply', '-auto-approve', `-var=text=${text}`)
          assert.ok(status === 0 || /Error acquiring the state lock/.test(stderr), stderr)
          return status
        }),
      )
      const state = JSON.parse(await program.must('state pull')) as { readonly serial: number }
      assert.ok(ends.includes(0), 'one got the lock')
      const { Versions = [] } = await client.send(
        new ListObjectVersionsCommand({ Bucket: bucket, Prefix: 'crowd/state' }),
      )
      const states = Versions.filter(({ Key }) => Key === 'crowd/state')
      assert.equal(
        states.length,
        1 + ends.filter((status) => status === 0).length,
        'none was refused and wrote all the same',
      )
      assert.ok(state.serial >= states.length)
    })

    test('a lock whose holder was killed stays until it is broken by its id', async () => {
      const program = await make('killed')
      const held = await program.holdApply('lost')
      const exited = once(held.child, 'exit')
      held.child.kill('SIGKILL')
      await exited
      await held.release()
      const refused = await program.run('plan')
      assert.equal(refused.status, 1)
      const [, id = ''] = /^\W*ID:\s+(\S+)/m.exec(refused.stderr) ?? []
      const wrong = await program.run('force-unlock', '-force', '00000000-0000-0000-0000-000000000000')
      assert.notEqual(wrong.status, 0)
      await program.must('force-unlock', '-force', id)
      await program.apply('again')
      assert.equal(await program.output(), 'again')
    })

    test('moves a state, encrypted from then on', async () => {
      const program = await make('plain')
      await program.apply('moved')
      const key = Buffer.alloc(32, 'k').toString('base64')
      const isTls = endpoint().caFile !== undefined
      await program.moveTo({
        ...stateAt('sealed/state'),
        encrypt: 'true',
        ...(isTls ? { sse_customer_key: `"${key}"` } : {}),
      })
      assert.equal(await program.output(), 'moved')
      await program.apply('sealed')
      assert.equal(await program.output(), 'sealed')
      const head = new HeadObjectCommand({
        Bucket: bucket,
        Key: 'sealed/state',
        ...(isTls ? { SSECustomerAlgorithm: 'AES256', SSECustomerKey: key } : {}),
      })
      const { ServerSideEncryption, SSECustomerAlgorithm } = await client.send(head)
      assert.equal(defined(isTls ? SSECustomerAlgorithm : ServerSideEncryption, 'it is encrypted'), 'AES256')
    })
  })
}
