// The compose files against the program that their containers start.

import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'

import { parse } from 'yaml'

import { defined } from '../../../src/base/assert.ts'
import { portOf, portsOf, readDeployedNode } from '../../harness/deployed-node.ts'

interface ComposeService {
  readonly image?: string
  readonly build?: unknown
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly healthcheck?: { readonly test: readonly string[] }
}

const root = new URL('../../../', import.meta.url)
const composeFiles = (await readdir(root)).filter((name) => /^docker-compose.*\.yml$/.test(name))

async function readServices(name: string): Promise<readonly (readonly [string, ComposeService])[]> {
  const file = parse(await readFile(new URL(name, root), 'utf8'), { merge: true }) as {
    readonly services: Readonly<Record<string, ComposeService>>
  }
  return Object.entries(file.services)
}

/** What the image sets for every node. */
async function readImageVariables(): Promise<Readonly<Record<string, string>>> {
  const text = (await readFile(new URL('Dockerfile', root), 'utf8')).replaceAll('\\\n', ' ')
  const pairs = [...text.matchAll(/^ENV (.*)$/gm)].flatMap(([, line = '']) => line.trim().split(/\s+/))
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
}

/** `${NAME:-default}` and `${NAME:?message}`, as somebody has filled them in. */
function fillIn(name: string, text: string): string {
  const sample = name.endsWith('_SECRET') ? 'ab'.repeat(32) : 'correct-horse'
  return String(text).replaceAll(/\$\{\w+(?::?-([^}]*)|:?\?[^}]*)?\}/g, (_, fallback?: string) => fallback ?? sample)
}

describe('the compose files', () => {
  for (const name of composeFiles) {
    test(`${name} starts nodes with options that they know, at the ports that it publishes and asks`, async () => {
      const image = await readImageVariables()
      const services = await readServices(name)
      let count = 0
      for (const [service, { command = [], environment = {}, ports = [], healthcheck }] of services) {
        if (command[0] !== 'master' && command[0] !== 'worker') continue
        count += 1
        const own = Object.entries(environment).map(([variable, text]) => [variable, fillIn(variable, text)] as const)
        const node = await readDeployedNode(command, { ...image, ...Object.fromEntries(own) })
        const known = portsOf(node)
        for (const port of ports) assert.ok(Object.values(known).includes(portOf(port)), `${service} ${port}`)
        const asked = /127\.0\.0\.1:(\d+)\/(?:healthz|readyz)/.exec(healthcheck?.test.join(' ') ?? '')?.[1]
        assert.equal(Number(asked), known['observe'], service)
        if (node.role !== 'worker') continue
        assert.equal(
          defined(node.config.advertisedAddress, 'an address for others'),
          `${service}:${node.config.workerPort}`,
        )
        for (const master of node.config.masters) {
          const host = master.slice(0, master.indexOf(':'))
          assert.ok(
            services.some(([other]) => other === host),
            `${service}: ${master} is a service`,
          )
        }
      }
      assert.ok(count >= 6, 'a master and five workers')
    })
  }
})
