// The units of deploy/systemd as systemd itself reads them.

import assert from 'node:assert/strict'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { missing, runProgram } from '../harness/programs.ts'
import { listUnits, unitFolder } from '../harness/systemd-units.ts'

/** Of 100, as `systemd-analyze security` counts; what most services come with is above 90. */
const exposureMax = 25

describe('systemd-analyze', { skip: missing('systemd-analyze', ['--version']) }, () => {
  let folder: string
  let units: readonly string[]

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'frostbyte-units-'))
    for (const name of await listUnits()) {
      const text = await readFile(unitFolder + name, 'utf8')
      // The program need not be installed here, but what is started must exist.
      await writeFile(join(folder, name), text.replaceAll('/usr/local/bin/frostbyte', '/bin/true'))
    }
    await copyFile(join(folder, 'frostbyte-worker@.service'), join(folder, 'frostbyte-worker@disk1.service'))
    units = ['frostbyte-master.service', 'frostbyte-worker@disk1.service'].map((name) => join(folder, name))
  })

  after(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  test('verify finds nothing in the units, and something in one with a mistake', async () => {
    const { status, stderr } = await runProgram('systemd-analyze', ['verify', '--man=no', ...units])
    assert.deepEqual([status, stderr], [0, ''])
    const wrong = join(folder, 'frostbyte-wrong.service')
    await writeFile(wrong, '[Service]\nExecStart=/bin/true\nProtectSysten=strict\n')
    assert.match((await runProgram('systemd-analyze', ['verify', '--man=no', wrong])).stderr, /ProtectSysten/)
  })

  test('security counts little that a node could do beyond its work', async () => {
    for (const unit of units) {
      const args = ['security', '--offline=yes', `--threshold=${exposureMax}`, '--no-pager', unit]
      const { status, stdout, stderr } = await runProgram('systemd-analyze', args)
      assert.equal(status, 0, stdout.slice(-300) + stderr)
    }
  })
})
