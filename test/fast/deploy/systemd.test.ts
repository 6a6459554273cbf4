// deploy/systemd against the program that it starts. `systemd-analyze` looks at the units in test/guide.

import assert from 'node:assert/strict'
import { basename } from 'node:path'
import { describe, test } from 'node:test'

import { defined } from '../../../src/base/assert.ts'
import { portOf, readDeployedNode } from '../../harness/deployed-node.ts'
import { etcFolder, listUnits, readEnvironmentFile, readUnit } from '../../harness/systemd-units.ts'

describe('the units of systemd', () => {
  test('start nodes whose files and variables have only options that they know', async () => {
    assert.deepEqual(await listUnits(), ['frostbyte-master.service', 'frostbyte-worker@.service'])
    const master = await read('frostbyte-master.service')
    const worker = await read('frostbyte-worker@.service')
    assert.equal(master.node.role, 'master')
    assert.ok(worker.node.role === 'worker')
    for (const { node, state } of [master, worker]) {
      assert.equal(node.config.dataDirectory, `/var/lib/${state}`)
      assert.equal(node.config.secretFile, '/etc/frostbyte/secret')
    }
    assert.equal(portOf(defined(worker.node.config.masters[0], 'a master')), 7000)
  })

  test('give a node no more than it needs, its own user, and time to end in good order', async () => {
    for (const name of await listUnits()) {
      const unit = await readUnit(name, 'disk1')
      const expected = {
        User: 'frostbyte',
        NoNewPrivileges: 'yes',
        CapabilityBoundingSet: '',
        ProtectSystem: 'strict',
        ProtectHome: 'yes',
        PrivateTmp: 'yes',
        StateDirectoryMode: '0700',
        UMask: '0077',
        Restart: 'always',
        // A wrong configuration does not become right by trying.
        RestartPreventExitStatus: '2',
      }
      for (const [setting, value] of Object.entries(expected))
        assert.deepEqual(unit.get(`Service.${setting}`), [value], `${name} ${setting}`)
      assert.ok(Number(unit.get('Service.LimitNOFILE')?.[0]) >= 65_536)
      // A node ends by itself within 15 s.
      assert.ok(Number(unit.get('Service.TimeoutStopSec')?.[0]) > 15)
    }
  })
})

async function read(name: string): Promise<{
  readonly node: Awaited<ReturnType<typeof readDeployedNode>>
  readonly state: string
}> {
  const unit = await readUnit(name, 'disk1')
  const [program, role, flag, path] = defined(unit.get('Service.ExecStart')?.[0], 'what is started').split(' ')
  assert.deepEqual([program, flag], ['/usr/local/bin/frostbyte', '--config'])
  const [file] = unit.get('Service.EnvironmentFile') ?? []
  const variables = file === undefined ? {} : await readEnvironmentFile(etcFolder + basename(file))
  const config = etcFolder + basename(defined(path, 'a configuration file'))
  const args = [defined(role, 'a role'), '--config', config]
  return {
    node: await readDeployedNode(args, variables),
    state: defined(unit.get('Service.StateDirectory')?.[0], name),
  }
}
