// `frostbyte status`: the workers and the redundancy of the cluster, as the master knows them. What was not established is shown as
// unknown: "healthy" is said only where everything that it needs is known.

import type { Command } from 'commander'

import type { ClusterStatus, RedundancyStatus } from '../../sdk/index.ts'
import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient, OutputWriter } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { describeAge, describeBytes } from '../figures.ts'
import { escapeText, formatTable } from '../terminal-text.ts'

export function addStatusCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('status')
    .description('show the state of the cluster')
    .action(async (flags: { readonly json?: true }) => showStatus(context, command, flags))
  withExamples(addClientFlags(command), [
    ['frostbyte status', 'workers and redundancy'],
    ["frostbyte status --json | jq '.redundancy.fragmentsMissing'", 'for programs; null is unknown'],
  ])
}

async function showStatus(context: CommandContext, command: Command, flags: { readonly json?: true }): Promise<void> {
  const { client } = await openClient(context, command)
  const status = await client.cluster({ signal: context.signal })
  const writer = new OutputWriter(context.environment)
  await writer.text(
    flags.json === true
      ? `${JSON.stringify(describeJson(status), undefined, 2)}\n`
      : describeStatus(status, context.environment.wallMs()),
  )
  await writer.flush()
}

/** The form that the design promises; `null` is unknown. */
function describeJson(status: ClusterStatus): object {
  const { fragmentsMissing, filesAtRisk, filesLost, unknown, comparedAt, scrubbedAt } = status.redundancy
  return {
    id: status.id,
    workers: status.workers.map(({ id, address, zone, state, usedBytes, capacityBytes }) => ({
      id,
      address,
      zone: zone ?? null,
      state,
      usedBytes,
      capacityBytes,
    })),
    groups: status.groups,
    redundancy: {
      fragmentsMissing: fragmentsMissing ?? null,
      filesAtRisk: filesAtRisk ?? null,
      filesLost: filesLost ?? null,
      unknown: unknown ?? null,
      comparedAt: comparedAt?.toISOString() ?? null,
      scrubbedAt: scrubbedAt?.toISOString() ?? null,
    },
  }
}

function describeStatus(status: ClusterStatus, nowMs: number): string {
  const { workers, groups, redundancy } = status
  const rows = workers.map(({ id, state, address, zone, usedBytes, capacityBytes }) => {
    const share = capacityBytes > 0 ? `${Math.round((usedBytes / capacityBytes) * 100)} %` : ''
    return [id, state, address, zone ?? '-', describeBytes(usedBytes), describeBytes(capacityBytes), share].map(
      escapeText,
    )
  })
  const columns = [
    { heading: 'WORKER' },
    { heading: 'STATE' },
    { heading: 'ADDRESS' },
    { heading: 'ZONE' },
    { heading: 'USED', align: 'right' },
    { heading: 'CAPACITY', align: 'right' },
    { heading: 'FULL', align: 'right' },
  ] as const
  const up = workers.filter(({ state }) => state === 'up').length
  const writable = groups.filter(({ state }) => state === 'writable').length
  const lines = [
    `Cluster ${escapeText(status.id)}: ${up} of ${workers.length} workers up, ${groups.length} placement groups (${writable} writable)`,
    '',
    formatTable(columns, rows).trimEnd(),
    '',
    `Redundancy: ${verdict(status)}`,
    ...describeRedundancy(redundancy, nowMs).map(([label, value]) => `  ${label.padEnd(20)} ${value}`),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function describeRedundancy(redundancy: RedundancyStatus, nowMs: number): readonly (readonly [string, string])[] {
  const figure = (value: number | undefined): string =>
    value === undefined ? 'unknown' : value.toLocaleString('en-US')
  const age = (at: Date | undefined): string => (at === undefined ? 'never' : describeAge(nowMs - at.getTime()))
  return [
    ['fragments missing', figure(redundancy.fragmentsMissing)],
    ['files at risk', figure(redundancy.filesAtRisk)],
    ['files lost', figure(redundancy.filesLost)],
    ['slots not compared', figure(redundancy.unknown)],
    ['last compared', age(redundancy.comparedAt)],
    ['last scrubbed', age(redundancy.scrubbedAt)],
  ]
}

/** Bad news first; good news only where nothing is unknown. */
function verdict({ redundancy, workers }: ClusterStatus): string {
  const { fragmentsMissing, filesAtRisk, filesLost, unknown, comparedAt } = redundancy
  if (filesLost !== undefined && filesLost > 0) return 'FILES ARE LOST'
  if (filesAtRisk !== undefined && filesAtRisk > 0) return 'files are at risk'
  if (fragmentsMissing !== undefined && fragmentsMissing > 0) return 'reduced, to be repaired'
  if (workers.some(({ state }) => state !== 'up' && state !== 'draining')) return 'reduced while workers are away'
  const isKnown =
    fragmentsMissing === 0 && filesAtRisk === 0 && filesLost === 0 && unknown === 0 && comparedAt !== undefined
  return isKnown ? 'full' : 'unknown'
}
