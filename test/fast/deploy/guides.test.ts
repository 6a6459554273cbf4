// The words of docs/guide against what there is: commands and their flags, paths of the API, settings in files, services, units, files.
// That what they say works is shown by running them: test/guide.

import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before, describe, test } from 'node:test'

import { parse } from 'yaml'

import { variableOf } from '../../../src/cli/config/option.ts'
import type { AnyOption } from '../../../src/cli/config/option.ts'
import { options } from '../../../src/cli/config/options.ts'
import { findRoute } from '../../../src/gateway/rest/routes.ts'
import { checkCommandLine } from '../../harness/command-lines.ts'
import { readDeployedNode } from '../../harness/deployed-node.ts'
import { listCommands, listGuides, parseBlocks, readBlocks, readGuide } from '../../harness/guide-blocks.ts'
import type { GuideBlock, ShellCommand } from '../../harness/guide-blocks.ts'
import { readManifests } from '../../harness/kubernetes-manifests.ts'
import { listUnits } from '../../harness/systemd-units.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
/** Paths of the port for those who run a node that the public one has not. */
const observePaths = /^\/debug\/pprof\/(?:profile|heap|allocs|goroutine)?$/

/** Of the program that receives events in their guide. */
const receiverPort = '8090'

interface Named {
  readonly kind: string
  readonly metadata: { readonly name: string }
}

type Check = (words: readonly string[]) => Promise<void>

async function checkPath(path: string): Promise<void> {
  await stat(join(root, path))
}

/** A word with a part that only the shell knows. */
function isOpen(word: string): boolean {
  return /[$*{]/.test(word)
}

function checkUrl(text: string): void {
  const [, port = '', path = '/'] = /^https?:\/\/[^/:]+:?(\d*)(\/[^?]*)?/.exec(text) ?? []
  if (port === receiverPort) return
  const isKnown = findRoute(path) !== undefined || (port.startsWith('606') && observePaths.test(path))
  assert.ok(isKnown, `no call ${path}`)
}

async function composeServices(file: string): Promise<readonly string[]> {
  const parsed = parse(await readFile(join(root, file), 'utf8'), { merge: true }) as { readonly services: object }
  return Object.keys(parsed.services)
}

const checks: Readonly<Record<string, Check>> = {
  'frostbyte': async ([, ...args]) => await checkCommandLine(args.map((word) => (isOpen(word) ? 'x' : word))),
  'curl': async (words) => {
    for (const word of words) if (/^https?:/.test(word)) checkUrl(word)
  },
  'go': async (words) => checkUrl(words.at(-1) ?? ''),
  'npm': async ([, verb = '', script = '']) => {
    assert.ok(['ci', 'start', 'pack', 'install', 'run'].includes(verb), verb)
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { readonly scripts: object }
    if (verb === 'run') assert.ok(script in manifest.scripts, script)
  },
  'docker-compose': async ([, ...args]) => {
    const file = args[0] === '-f' ? (args[1] ?? '') : 'docker-compose.yml'
    const [verb = '', ...rest] = args[0] === '-f' ? args.slice(2) : args
    const services = await composeServices(file)
    assert.match(verb, /^(?:up|down|ps|kill|start|stop|restart|logs|exec|run|pull|build|config|rm)$/)
    const named = rest.filter((word) => !word.startsWith('-'))
    for (const word of verb === 'exec' || verb === 'run' ? named.slice(0, 1) : named)
      if (!isOpen(word)) assert.ok(services.includes(word), `no service ${word} in ${file}`)
    await checkInner(rest)
  },
  'kubectl': async ([, ...args]) => {
    const at = (flag: string): string | undefined => (args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined)
    const file = at('-f')
    const folder = at('-k')
    if (file !== undefined)
      await checkPath(`deploy/kubernetes/${file === 'secret.yaml' ? 'secret.example.yaml' : file}`)
    if (folder !== undefined) await checkPath(`${folder}/kustomization.yaml`)
    const resources = await readManifests<Named>('Deployment', 'StatefulSet', 'Service', 'Secret')
    for (const word of args) {
      const [kind = '', name = ''] = word.split('/')
      if (!/^(?:deployment|statefulset|service|pvc|pod)$/.test(kind) || name === '') continue
      const known = resources.map(({ kind: own, metadata }) => `${own.toLowerCase()}/${metadata.name}`)
      const isPart = kind === 'pod' || kind === 'pvc'
      assert.ok(isPart ? /^(?:data-)?frostbyte-worker-\d$/.test(name) : known.includes(word), `no ${word}`)
    }
    if (at('-n') !== undefined) assert.equal(at('-n'), 'frostbyte')
    await checkInner(args)
  },
  'systemctl': async ([, verb = '', ...words]) => {
    assert.match(verb, /^(?:daemon-reload|enable|disable|start|stop|restart|status)$/)
    await checkUnits(words)
  },
  'journalctl': async ([, ...words]) => await checkUnits(words.filter((word) => word.startsWith('frostbyte'))),
  'cp': checkSources,
  'install': checkSources,
  'scp': checkSources,
}

/** What is run in a container, which has no command of this name. */
async function checkInner(words: readonly string[]): Promise<void> {
  const inner = /\/app\/bin\/frostbyte\.js ([\w\s/-]+)/.exec(words.join(' '))?.[1]
  if (inner !== undefined) await checkCommandLine(inner.trim().split(/\s+/))
}

async function checkUnits(words: readonly string[]): Promise<void> {
  const units = await listUnits()
  for (const word of words) {
    if (word.startsWith('-')) continue
    const name = `${word.replace(/@.*/, '@')}.service`
    assert.ok(units.includes(name), `no unit ${name}`)
  }
}

async function checkSources(words: readonly string[]): Promise<void> {
  for (const word of words) {
    if (!word.startsWith('deploy/')) continue
    if (isOpen(word)) assert.notEqual((await readdir(join(root, word.slice(0, word.lastIndexOf('/'))))).length, 0)
    else await checkPath(word)
  }
}

/** Programs of the machine, about which nothing here is to be known. */
const others = new Set([
  'awk',
  'cat',
  'cd',
  'chmod',
  'chown',
  'cmp',
  'date',
  'dd',
  'echo',
  'git',
  'grep',
  'head',
  'jq',
  'kill',
  'ls',
  'mkdir',
  'mkfs.xfs',
  'mongodump',
  'mount',
  'mv',
  'node',
  'openssl',
  'printf',
  'rm',
  'sed',
  'sha256sum',
  'sleep',
  'tail',
  'tee',
  'useradd',
  '.',
  'set',
  'alias',
  'docker',
  // A function that a guide defines: curl that signs.
  's3()',
  's3',
  '}',
])

async function checkCommand({ words }: ShellCommand): Promise<void> {
  const [program = ''] = words
  const check = Object.hasOwn(checks, program) ? checks[program] : undefined
  assert.ok(check !== undefined || others.has(program), `the test knows no ${program}: add how to check it`)
  await check?.(words)
}

/** Settings that the text names: `name: value`, but for header fields; and variables. */
function checkSettings(document: string): void {
  const known = Object.values<AnyOption>(options)
  for (const [, name] of document.matchAll(/`((?!x-)[a-z-]+): [^`]+`/g))
    assert.ok(
      known.some((option) => option.name === name),
      `no setting ${name}`,
    )
  for (const [variable] of document.matchAll(/FROSTBYTE_[A-Z_]+/g))
    assert.ok(
      known.some((option) => variableOf(option) === variable),
      `no variable ${variable}`,
    )
}

async function checkShell(block: GuideBlock): Promise<void> {
  for (const command of listCommands(block.text)) {
    try {
      await checkCommand(command)
    } catch (error) {
      assert.fail(`docs/guide/${block.guide}:${block.line}: ${command.line}\n  ${String(error)}`)
    }
  }
}

describe('the guides', async () => {
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'frostbyte-guide-'))
  })

  after(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  /** A file with settings: whose they are, its name says. */
  async function checkFile(block: GuideBlock): Promise<void> {
    if (block.text.startsWith('# docker-compose.override.yml')) return checkOverride(block.text)
    const name = /^# \/etc\/frostbyte\/(master|worker)[\w-]*\.yaml/.exec(block.text)?.[1]
    const role = name ?? (block.text.startsWith('# frostbyte.yaml') ? 'master' : undefined)
    assert.ok(
      role !== undefined,
      `docs/guide/${block.guide}:${block.line}: the first line does not say which file this is`,
    )
    const path = join(folder, 'file.yaml')
    await writeFile(path, block.text)
    await readDeployedNode([role, '--config', path], { FROSTBYTE_SECRET: 'ab'.repeat(16) })
  }

  async function checkOverride(text: string): Promise<void> {
    const known = await composeServices('docker-compose.yml')
    const { services } = parse(text) as { readonly services: Record<string, { environment: Record<string, string> }> }
    for (const [name, { environment }] of Object.entries(services)) {
      assert.ok(known.includes(name), name)
      await readDeployedNode([name.replace(/-\d$/, '')], { ...environment, FROSTBYTE_ROOT_PASSWORD: 'correct-horse' })
    }
  }

  for (const guide of await listGuides()) {
    test(`${guide} names only what there is`, async () => {
      checkSettings(await readGuide(guide))
      for (const block of await readBlocks(guide)) {
        if (block.language === 'sh') await checkShell(block)
        else if (block.language === 'yaml') await checkFile(block)
        else if (block.language === 'json') assert.doesNotThrow(() => JSON.parse(block.text), block.text)
        else assert.equal(block.language, 'text', `docs/guide/${guide}:${block.line}: what is ${block.language}?`)
      }
    })
  }

  test('would be found out where they name what there is not', async () => {
    for (const line of [
      'frostbyte lsx',
      'frostbyte status --wait-healty',
      'sudo -u frostbyte frostbyte backup-metadata',
      'curl -s http://127.0.0.1:8080/filez | head',
      'curl http://127.0.0.1:6060/debug/pprof/heaps',
      'kubectl -n frostbyte rollout restart statefulset/frostbyte-workers',
      'kubectl apply -k deploy/kubernets',
      'kubectl -n frostbyte exec deployment/frostbyte-master -- node /app/bin/frostbyte.js statsu',
      'docker-compose kill worker-9',
      'sudo systemctl restart frostbyte-workr@disk1',
      'sudo install -m 0644 deploy/systemd/etc/masters.yaml /etc',
      'nonsense',
    ]) {
      const [block] = parseBlocks('x.md', `\`\`\`sh\n${line}\n\`\`\``)
      assert.ok(block !== undefined)
      await assert.rejects(checkShell(block), { code: 'ERR_ASSERTION' }, line)
    }
    await assert.rejects(
      checkFile({
        guide: 'x',
        line: 1,
        language: 'yaml',
        use: 'run',
        reason: '',
        text: '# /etc/frostbyte/master.yaml\nhosts: x',
      }),
    )
    for (const text of ['with `hosts: 0.0.0.0`', 'FROSTBYTE_ROOT_USERS']) assert.throws(() => checkSettings(text))
    assert.throws(() => parseBlocks('x.md', '```sh elsewhere\nls\n```'))
  })
})
