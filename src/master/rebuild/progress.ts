// How the row of a rebuild counts what was found. Pure.

import { dataIdTimeMs } from '../../base/ids.ts'
import { examplesMax } from '../../meta/contract/rebuild-metadata.ts'
import type { RebuildRow } from '../../meta/contract/rebuild-metadata.ts'
import type { HeldData } from './held-data.ts'
import type { Recovery } from './recover-file.ts'

/** Data ids that were met: those made afterwards are newer. */
export function addData(row: RebuildRow, page: readonly HeldData[]): RebuildRow {
  const idMs = Math.max(row.highest.idMs, ...page.map(({ dataId }) => dataIdTimeMs(dataId)))
  return { ...row, highest: { ...row.highest, idMs } }
}

export function addRecovery(row: RebuildRow, recovery: Recovery): RebuildRow {
  switch (recovery.kind) {
    case 'known':
      return row
    case 'unnamed':
      return { ...row, idsUnnamed: row.idsUnnamed + 1 }
    case 'recovered': {
      const sequence = Math.max(row.highest.sequence, recovery.seenSequence)
      return {
        ...row,
        filesRecovered: row.filesRecovered + 1,
        repairs: row.repairs + recovery.repairs,
        highest: { ...row.highest, sequence },
      }
    }
    case 'incomplete': {
      const { bucket, key, reason } = recovery
      const examples = row.examples.length < examplesMax ? [...row.examples, { bucket, key, reason }] : row.examples
      return { ...row, filesIncomplete: row.filesIncomplete + 1, examples }
    }
  }
}
