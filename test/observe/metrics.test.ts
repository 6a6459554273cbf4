// The figures of a real cluster under load: Prometheus' own checker accepts them, the documents name each of them, and the alerts
// and the dashboard ask for nothing that does not exist.
//
// To bring docs/reference/metrics.md up to date: FROSTBYTE_UPDATE_DOCS=1 node --test test/observe/metrics.test.ts

import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { defined } from '../../src/base/assert.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { eventually } from '../harness/eventually.ts'
import { FileManifest } from '../harness/file-manifest.ts'
import { MixedLoad } from '../harness/mixed-load.ts'
import { missing, runProgram } from '../harness/programs.ts'
import { RealUp } from '../harness/real-up.ts'

const isUpdate = process.env['FROSTBYTE_UPDATE_DOCS'] === '1'
// The processes of the cluster would take it for an option.
delete process.env['FROSTBYTE_UPDATE_DOCS']
const root = fileURLToPath(new URL('../..', import.meta.url))
const metricsDocument = `${root}docs/reference/metrics.md`
const noPromtool = missing('promtool', ['--version'])
const metricName = /\b(?:frostbyte|nodejs|process)_[a-z0-9_]+/g

let up: RealUp
let master = ''
let worker = ''

before(async () => {
  up = await RealUp.start({ processes: 2 })
  const load = new MixedLoad(new FileManifest(), {
    urls: [up.url],
    random: new SeededRandom(5),
    clients: 4,
    namesPerClient: 4,
    uploadBytes: (random) => random.below(500_000),
  })
  await eventually('some load', 30_000, () => (load.acknowledged > 50 && load.reads > 20) || undefined)
  await load.stop()
  master = await eventually('the figures of both processes', 30_000, async () => {
    const text = await read(`${up.url}/metrics`)
    const isWhole = ['1', '2'].every((process) => text.includes(`frostbyte_process_up{process="${process}"} 1`))
    // Each takes its turn of the requests, and one comparison has been made.
    const isKnown =
      /^frostbyte_comparison_age_seconds\{/m.test(text) && /^frostbyte_scrub_oldest_age_seconds\{/m.test(text)
    return isWhole && isKnown ? text : undefined
  })
  worker = await eventually('the figures of a scrubbed worker', 30_000, async () => {
    const text = await read(`http://127.0.0.1:${up.observePort + 1}/metrics`)
    return /^frostbyte_scrub_age_seconds /m.test(text) ? text : undefined
  })
})

after(async () => {
  await up.remove()
})

async function read(url: string): Promise<string> {
  const response = await fetch(url)
  assert.equal(response.status, 200)
  return await response.text()
}

function familiesOf(text: string): ReadonlyMap<string, { readonly help: string; readonly kind: string }> {
  const kinds = new Map(Array.from(text.matchAll(/^# TYPE (\S+) (\S+)$/gm), ([, name = '', kind = '']) => [name, kind]))
  return new Map(
    Array.from(text.matchAll(/^# HELP (\S+) (.*)$/gm), ([, name = '', help = '']) => {
      return [name, { help, kind: defined(kinds.get(name), `a type of ${name}`) }]
    }),
  )
}

/** Names of samples, as queries have them. */
function sampleNames(...texts: readonly string[]): ReadonlySet<string> {
  return new Set(
    texts.flatMap((text) => Array.from(text.matchAll(/^([a-z][a-z0-9_]*)[{ ]/gm), ([, name = '']) => name)),
  )
}

/** Sample of a name with all of these labels. */
function values(text: string, name: string, ...labels: readonly string[]): readonly number[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)))
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)))
}

for (const role of ['master', 'worker'] as const) {
  test(`promtool accepts the figures of a ${role}`, { skip: noPromtool }, async () => {
    const input = role === 'master' ? master : worker
    const { status, stdout, stderr } = await runProgram('promtool', ['check', 'metrics'], { input })
    assert.equal(status, 0, stdout + stderr)
  })
}

test('promtool would refuse what is not right', { skip: noPromtool }, async () => {
  const { status } = await runProgram('promtool', ['check', 'metrics'], { input: '# TYPE a_total gauge\na_total 1\n' })
  assert.notEqual(status, 0)
})

test(
  'promtool accepts the alerts and the example of a configuration, and the alerts do what they are for',
  { skip: noPromtool },
  async () => {
    for (const args of [
      ['check', 'rules', 'deploy/prometheus/alerts.yaml'],
      ['check', 'config', 'deploy/prometheus/prometheus.yaml'],
      ['test', 'rules', 'deploy/prometheus/alerts.test.yaml'],
    ]) {
      const { status, stdout, stderr } = await runProgram('promtool', args)
      assert.equal(status, 0, stdout + stderr)
    }
  },
)

describe('what is asked for exists', () => {
  const files = ['deploy/prometheus/alerts.yaml', 'deploy/grafana/frostbyte.json']
  for (const file of files) {
    test(file, async () => {
      const asked = new Set(
        queriesOf(file, await readFile(root + file, 'utf8')).flatMap((query) => query.match(metricName) ?? []),
      )
      assert.ok(asked.size > 15, `${asked.size} names`)
      // Some have no sample until there is a webhook, or a bucket with a lifecycle.
      const existing = new Set([...sampleNames(master, worker), ...familiesOf(master).keys()])
      assert.deepEqual(
        [...asked].filter((name) => !existing.has(name)),
        [],
      )
    })
  }

  test('and a name that does not would be noticed', () => {
    assert.ok(!sampleNames(master, worker).has('frostbyte_no_such_figure'))
    assert.deepEqual(queriesOf('x.json', '{"targets":[{"expr":"rate(frostbyte_no_such_figure[1m])"}]}'), [
      'rate(frostbyte_no_such_figure[1m])',
    ])
  })
})

test('promtool can read the queries of the dashboard', { skip: noPromtool }, async () => {
  const queries = queriesOf('x.json', await readFile(`${root}deploy/grafana/frostbyte.json`, 'utf8'))
  const rules = queries.map((query, index) => {
    return { record: `panel:${index}`, expr: query.replaceAll('$__rate_interval', '1m') }
  })
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-rules-'))
  try {
    await writeFile(join(folder, 'rules.json'), JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
    const { status, stdout, stderr } = await runProgram('promtool', ['check', 'rules', join(folder, 'rules.json')])
    assert.equal(status, 0, stdout + stderr)
    assert.match(stdout, new RegExp(`${queries.length} rules found`))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

/** Their expressions. */
function queriesOf(file: string, text: string): readonly string[] {
  if (file.endsWith('.json')) {
    const queries: string[] = []
    JSON.parse(text, (key, value: unknown) => {
      if (key === 'expr' && typeof value === 'string') queries.push(value)
      return value
    })
    return queries
  }
  return Array.from(
    text.matchAll(/^ {8}expr: (?:\|\n((?: {10,}.*\n)+)|(.*)\n)/gm),
    ([, block, line]) => block ?? line ?? '',
  )
}

test('the document has every figure, and nothing else', async () => {
  const document = await readFile(metricsDocument, 'utf8')
  const [start, end] = ['<!-- figures: from the code -->\n', '<!-- end of figures -->']
  const table = (title: string, text: string): string => {
    const rows = Array.from(familiesOf(text))
      .filter(([name]) => name.startsWith('frostbyte_'))
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, { kind, help }]) => `| \`${name}\` | ${kind} | ${help} |\n`)
    return `### ${title}\n\n| name | kind | meaning |\n| --- | --- | --- |\n${rows.join('')}\n`
  }
  const tables = `${table('Master', master)}${table('Worker', worker)}`
  const [head = '', rest = ''] = document.split(start)
  const current = `${head}${start}\n${tables}${rest.slice(rest.indexOf(end))}`
  if (isUpdate) await writeFile(metricsDocument, current)
  else assert.equal(document, current, 'docs/reference/metrics.md is not up to date: see the head of this test')
})

test('several processes behind one port are told apart, and each counts what it did', () => {
  const ofUploads = (process: string): number =>
    values(master, 'frostbyte_http_requests_total', `process="${process}"`, 'route="upload"').reduce(
      (sum, of) => sum + of,
      0,
    )
  assert.ok(ofUploads('1') + ofUploads('2') > 10)
  assert.deepEqual(new Set(values(master, 'frostbyte_lease_held')), new Set([0, 1]))
  assert.deepEqual(values(master, 'frostbyte_workers_connected'), [5, 5])
})

test('one process is asked for by its number, profiles too', async () => {
  const address = `http://127.0.0.1:${up.observePort}`
  const second = await read(`${address}/metrics?process=2`)
  assert.match(second, /^frostbyte_workers_connected 5$/m)
  const names = (await read(`${address}/debug/pprof/goroutine?debug=1&process=2`)).split('\n')
  assert.match(names[0] ?? '', /^active requests: total \d+$/)
  const heap = await fetch(`${address}/debug/pprof/heap?process=2`)
  assert.equal(heap.status, 200)
  assert.deepEqual([...new Uint8Array(await heap.arrayBuffer()).subarray(0, 2)], [0x1f, 0x8b])
  assert.equal((await fetch(`${address}/metrics?process=3`)).status, 400)
})

test('figures agree with what was done', () => {
  const sum = (text: string, name: string, ...labels: readonly string[]): number =>
    values(text, name, ...labels).reduce((total, of) => total + of, 0)
  const uploads = sum(master, 'frostbyte_http_requests_total', 'route="upload"', 'status="201"')
  assert.equal(sum(master, 'frostbyte_metadata_commit_duration_seconds_count'), uploads)
  assert.equal(
    sum(master, 'frostbyte_http_request_duration_seconds_count', 'route="upload"'),
    sum(master, 'frostbyte_http_requests_total', 'route="upload"'),
  )
  const puts = Number(/^frostbyte_store_puts_total (\d+)$/m.exec(worker)?.[1])
  assert.ok(puts > 0)
  assert.ok(sum(worker, 'frostbyte_group_commit_entries_sum') >= puts)
  assert.ok(Number(/^frostbyte_fsync_duration_seconds_count (\d+)$/m.exec(worker)?.[1]) > 0)
  assert.deepEqual(new Set(values(master, 'frostbyte_worker_state', 'state="up"')), new Set([1]))
  assert.deepEqual(new Set(values(master, 'frostbyte_files_lost')), new Set([0]))
})
