// Metadata in memory with one bucket, one placement group and one registered process, for tests of the master's parts.

import type { VirtualTime } from '../../../sim/ports/clock.ts'
import { MemoryKeyValue, MemoryMap } from '../../../sim/ports/key-value.ts'
import { defined } from '../../base/assert.ts'
import { clusterIdFromBytes, makeVersionId, parseGroupId, parseProcessId, parseWorkerId } from '../../base/ids.ts'
import type { GroupId, ProcessId, VersionId, WorkerId } from '../../base/ids.ts'
import type { ProcessRow } from '../../meta/contract/process-metadata.ts'
import { KeyValueMetadata, LocalRunner } from '../../meta/key-value-metadata.ts'
import type { MetadataStore } from '../../meta/metadata-store.ts'

export const scheme = { dataColumns: 3, parityColumns: 2 }

export interface TestMetadata {
  readonly metadata: MetadataStore
  readonly group: GroupId
  readonly process: ProcessId
  /** As registered. */
  readonly row: ProcessRow
  /** The wall clock at the start. */
  readonly nowMs: number
  versionId(): VersionId
}

export async function openMetadata(
  time: VirtualTime,
  workers: readonly WorkerId[] = [1, 2, 3, 4, 5].map(workerNumber),
): Promise<TestMetadata> {
  const keyValue = new MemoryKeyValue({ map: new MemoryMap() })
  await keyValue.claim()
  const metadata = new KeyValueMetadata(keyValue, new LocalRunner(keyValue))
  const nowMs = time.createClock().wallMs()
  await metadata.createCluster({
    cluster: clusterIdFromBytes(new Uint8Array(16)),
    history: 'a'.repeat(32),
    defaultScheme: scheme,
    defaultChunkSizeBytes: 64,
    createdMs: nowMs,
  })
  const group = defined(parseGroupId(1), 'group')
  await metadata.createGroup({ group, scheme, workers })
  const process = processNumber(1)
  const row = await metadata.registerProcess({ process, address: 'm:1', wallMs: nowMs })
  let versions = 0
  const versionId = (): VersionId => makeVersionId(nowMs, new Uint8Array(10).fill(++versions))
  return { metadata, group, process, row, nowMs, versionId }
}

function workerNumber(number: number): WorkerId {
  return defined(parseWorkerId(number.toString(16).padStart(16, '0')), 'worker')
}

export function processNumber(number: number): ProcessId {
  return defined(parseProcessId(number.toString(16).padStart(16, '0')), 'process')
}
