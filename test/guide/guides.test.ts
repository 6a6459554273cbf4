// Runs the commands of docs/guide in their order, each guide on a machine that is made up; those that go on with another guide's server, on
// its machine after it.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { listGuides, readBlocks } from '../harness/guide-blocks.ts'
import { missing } from '../harness/programs.ts'
import { MadeUpMachine } from './made-up-machine.ts'

/** Guides that share a machine. All others have one of their own. */
const together: readonly (readonly string[])[] = [['server.md', 'upgrade.md', 'backup.md', 'troubleshooting.md']]

/** What must have been said, besides that every command ended well. */
const said: Readonly<Record<string, readonly RegExp[]>> = {
  'laptop.md': [/^hello$/m, /^healthy: /m, /pieces read and good/],
  'encryption.md': [
    /^nobody reads this on a disk$/m,
    /^It is on no disk\.$/m,
    /^figures/m,
    /^It is closed\.$/m,
    /generation 2$/m,
  ],
  'events.md': [/"eventName":"ObjectCreated:Put".*"key":"orders\/1\.json"/],
  'server.md': [/^healthy: /m, /"message":"The master has started\."/],
  'upgrade.md': [/^healthy: /m],
  'backup.md': [
    /^Written: \d+ rows/m,
    /^Restored the metadata of cluster/m,
    /^Recovered 1 versions of files/m,
    /^healthy: /m,
  ],
  'troubleshooting.md': [/^Redundancy: full/m, /"canWrite":true/, /nothing is damaged/],
}

const alone = (await listGuides()).filter((guide) => !together.flat().includes(guide)).map((guide) => [guide])

describe(
  'what the guides say is done',
  { skip: missing('bash', ['--version']) || missing('curl', ['--version']), concurrency: 2 },
  () => {
    for (const guides of [...together, ...alone]) {
      describe(guides.join(', '), { concurrency: 1 }, () => {
        let machine: MadeUpMachine | undefined

        before(async () => {
          machine = await MadeUpMachine.make()
        })

        after(async () => {
          await machine?.remove()
        })

        for (const guide of guides) {
          test(`${guide} works line by line`, async (context) => {
            let count = 0
            let output = ''
            for (const block of await readBlocks(guide)) {
              if (block.language !== 'sh') continue
              if (block.use === 'elsewhere') context.diagnostic(`${guide}:${block.line} is not run: ${block.reason}`)
              else output += (await machine?.run(block)) ?? ''
              count += 1
            }
            assert.ok(count > 0, 'a guide without commands')
            for (const pattern of said[guide] ?? []) assert.match(output, pattern)
          })
        }
      })
    }

    test('is not done where a command fails', async () => {
      const machine = await MadeUpMachine.make()
      const block = { guide: 'x.md', line: 1, language: 'sh', use: 'run', reason: '' } as const
      try {
        await machine.run({ ...block, text: 'export ONE=1\necho $ONE' })
        await machine.run({ ...block, text: '[ "$ONE" = 1 ]' })
        await assert.rejects(machine.run({ ...block, text: 'false\necho went on' }), /x\.md:1 failed[^]*went on/)
        await assert.rejects(machine.run({ ...block, text: 'curl -sf http://127.0.0.1:8080/files | cat' }), /failed/)
      } finally {
        await machine.remove()
      }
    })
  },
)
