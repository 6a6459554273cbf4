// Holds docs/reference/ to the code. To bring the documents up to date after a change:
// FROSTBYTE_UPDATE_DOCS=1 node --test test/fast/cli/reference.test.ts

import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { describe, test } from 'node:test'

import * as sdk from '../../../src/sdk/index.ts'
import * as sdkForNode from '../../../src/sdk/node.ts'
import { renderCommands, renderExitCodes, renderOptions, replacePart } from './reference.ts'

const folder = new URL('../../../docs/reference/', import.meta.url)

async function hold(file: string, parts: Readonly<Record<string, string>>): Promise<void> {
  const url = new URL(file, folder)
  const document = await readFile(url, 'utf8')
  const current = Object.entries(parts).reduce((text, [name, part]) => replacePart(text, name, part), document)
  if (process.env['FROSTBYTE_UPDATE_DOCS'] === '1') await writeFile(url, current)
  else assert.equal(document, current, `docs/reference/${file} is not up to date: see the head of this test`)
}

describe('the reference', () => {
  test('of the configuration has every option as the table has it', async () => {
    await hold('config.md', { options: renderOptions() })
  })

  test('of the command line has every command’s help and every exit code', async () => {
    await hold('cli.md', { 'commands': await renderCommands(), 'exit codes': renderExitCodes() })
  })

  test('of the client library names everything that it exports', async () => {
    const document = await readFile(new URL('sdk.md', folder), 'utf8')
    for (const name of [...Object.keys(sdk), ...Object.keys(sdkForNode)])
      assert.ok(document.includes(`\`${name}`), name)
    const classes = [sdk.FrostByteClient, sdk.AccessClient]
    for (const method of classes.flatMap((each) => Object.getOwnPropertyNames(each.prototype))) {
      assert.ok(method === 'constructor' || document.includes(`\`${method}(`), method)
    }
  })

  test('would fail where a document lags behind', () => {
    const document = '<!-- x: from the code -->\n\nold\n\n<!-- end of x -->\n'
    assert.notEqual(replacePart(document, 'x', 'new'), document)
    assert.equal(replacePart(document, 'x', 'old'), document)
    assert.throws(() => replacePart('nothing', 'x', 'new'))
  })
})
