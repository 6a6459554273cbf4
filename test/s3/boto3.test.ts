// boto3 with its defaults, by a script of its own (boto3/scenario.py), which prints what it has checked.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { ClientHome, trusting } from './harness/client-programs.ts'
import { overBothTransports } from './harness/endpoint.ts'
import { installPythonClients, withoutPython } from './harness/python-clients.ts'

const script = join(import.meta.dirname, 'boto3/scenario.py')

overBothTransports('boto3', withoutPython(), (endpoint) => {
  let home: ClientHome
  let python: string

  before(async () => {
    home = await ClientHome.make(endpoint(), {
      ...trusting('AWS_CA_BUNDLE', endpoint()),
      ...trusting('SSL_CERT_FILE', endpoint()),
    })
    python = join(await installPythonClients(), 'python')
  })
  after(async () => await home.remove())

  for (const part of ['buckets', 'objects', 'transfers', 'listings', 'versions', 'resources', 'links', 'encryption']) {
    test(part, async () => {
      const said = await home.must(python, [script, part])
      assert.match(said, /^[1-9]\d* checks hold$/m)
    })
  }
})
