// Every planted fault by its name, each a defect that the product could have. Which seed catches it: plants.json.

import type { DataId } from '../../src/base/ids.ts'
import { HealthBoard } from '../../src/master/healing/health.ts'
import type { VersionRow } from '../../src/meta/contract/version-row.ts'
import type { MetadataStore } from '../../src/meta/metadata-store.ts'
import type { MutationCommand, MutationName, MutationResult, MutationRunner } from '../../src/meta/mutations.ts'
import type { SimulatedCluster } from '../cluster.ts'
import { ForgetfulMap } from './forgetful-map.ts'
import type { Plant } from './plant.ts'

type Change<Name extends MutationName> = (
  command: MutationCommand<Name>,
  run: (command: MutationCommand<Name>) => Promise<MutationResult<Name>>,
  cluster: SimulatedCluster,
) => Promise<MutationResult<Name>>

/** Changes one mutation on its way; `run` does what it is given. */
function onMutation<Wanted extends MutationName>(wanted: Wanted, change: Change<Wanted>): Plant {
  return {
    runner: (runner, cluster) => {
      const run = async (name: MutationName, command: unknown): Promise<unknown> => {
        if (name !== wanted) return await runner.run(name, command as never)
        return await change(command as MutationCommand<Wanted>, (asked) => runner.run(wanted, asked), cluster)
      }
      return { run: run as MutationRunner['run'], close: () => runner.close() }
    },
  }
}

/** Changes what a master reads. */
function onRead(change: (metadata: MetadataStore, host: string) => Partial<MetadataStore>): Plant {
  return {
    metadata: (metadata, host) => {
      const changes = change(metadata, host)
      return new Proxy(metadata, {
        get: (target, name) => {
          const value: unknown = Reflect.get(changes, name) ?? Reflect.get(target, name)
          return typeof value === 'function' ? (value.bind(target) as unknown) : value
        },
      })
    },
  }
}

/** Puts another method in the place of one. */
function onMethod<Holder extends object, Name extends keyof Holder>(
  holder: Holder,
  name: Name,
  other: Holder[Name],
): Plant {
  return {
    replace: () => {
      const real = holder[name]
      holder[name] = other
      return () => {
        holder[name] = real
      }
    },
  }
}

/** Deletes on the workers behind the cluster's back. */
function dropEverywhere(
  cluster: SimulatedCluster,
  refs: readonly { readonly group: number; readonly dataId: DataId }[],
): void {
  for (const node of cluster.workers) {
    if (!node.isServing) continue
    for (const { group } of node.worker.store.listGroups()) {
      const ids = refs.filter((ref) => ref.group === group).map((ref) => ref.dataId)
      if (ids.length > 0) node.worker.store.drop(group, ids).catch(() => undefined)
    }
  }
}

const plants = {
  'acknowledge-before-sync': { diskFaults: ['disk.skip-sync'] },
  'skip-directory-sync': { diskFaults: ['disk.skip-directory-sync'] },
  'serve-without-check': {
    compute: (compute) => ({
      crc32: () => 0,
      createDigest: (algorithm) => compute.createDigest(algorithm),
      sha256Hex: (bytes) => compute.sha256Hex(bytes),
      hmacSha256: (key, data) => compute.hmacSha256(key, data),
      createHmacKey: (key) => compute.createHmacKey(key),
      equalsConstantTime: (left, right) => compute.equalsConstantTime(left, right),
    }),
  },
  'drop-repair-record': onMutation('commitVersion', async (command, run) => {
    return await run({ ...command, newData: command.newData.map((data) => ({ ...data, repairs: [] })) })
  }),
  'commit-not-durable': {
    map: () => new ForgetfulMap(),
    onKilled: (map) => {
      if (map instanceof ForgetfulMap) map.forget(3)
    },
  },
  'condition-ignored': onMutation('commitVersion', async (command, run) => {
    const { condition, ...rest } = command
    return await run(condition === undefined ? command : rest)
  }),
  'delete-not-done': onMutation('deleteKey', async (command, run) => {
    // One of four is answered and not done: as the id says, so that a repeat is told the same.
    return Number.parseInt(command.commandId.slice(-1), 16) % 4 === 0 ? {} : await run(command)
  }),
  'purge-before-commit': onMutation('commitVersion', async (command, run, cluster) => {
    const { metadata } = cluster.masters.find((master) => master.isRunning) ?? cluster.master()
    const head = await metadata.getHead(command.bucket, command.key)
    if (head !== undefined) dropEverywhere(cluster, head.extents)
    return await run(command)
  }),
  'delete-condition-ignored': onMutation('deleteKey', async (command, run) => {
    const { condition, ...rest } = command
    return await run(condition === undefined ? command : rest)
  }),
  'dead-rows-kept': onMutation('removeDeadRows', () => Promise.resolve(0)),
  'expired-process-kept': onMutation('expireProcess', () => Promise.resolve(true)),
  // Each page but the first begins one name too late.
  'listing-misses-a-name': onRead((metadata) => ({
    list: async (request) => {
      const page = await metadata.list(request)
      return request.after === undefined ? page : { ...page, entries: page.entries.slice(1) }
    },
  })),
  'stale-head': onRead((metadata) => {
    const seen = new Map<string, { readonly row: VersionRow | undefined; uses: number }>()
    return {
      getHead: async (bucket, key) => {
        const known = seen.get(key)
        if (known !== undefined && known.uses-- > 0) return known.row
        const row = await metadata.getHead(bucket, key)
        seen.set(key, { row, uses: 3 })
        return row
      },
    }
  }),
  // All masters but the first count the slots from the wrong one.
  'columns-turned-wrong': onRead((metadata, host) => ({
    listGroups: async (request) => {
      const page = await metadata.listGroups(request)
      if (host === 'master-1') return page
      const turned = page.groups.map((group) => ({
        ...group,
        slots: [...group.slots.slice(1), ...group.slots.slice(0, 1)],
      }))
      return { ...page, groups: turned }
    },
  })),
  'healthy-from-the-queue': onMethod(HealthBoard.prototype, 'summary', (repairs) => {
    const fragmentsMissing = [...repairs.values()].reduce((sum, count) => sum + count, 0)
    return { fragmentsMissing, filesAtRisk: 0, filesLost: 0, lost: [], unknown: 0, comparedAgeMs: 0 }
  }),
} as const satisfies Record<string, Plant>

export type PlantName = keyof typeof plants
export const plantNames: readonly string[] = Object.keys(plants)

/** @throws Error for a name that none has. */
export function findPlant(name: string): Plant {
  if (!Object.hasOwn(plants, name)) throw new Error(`there is no plant ${name}; there are ${plantNames.join(', ')}`)
  return plants[name as PlantName]
}
