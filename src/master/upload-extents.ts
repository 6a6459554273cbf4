// The data ids of one upload: where its next block goes, and what metadata is told of them in the end.

import type { DataId, Epoch } from '../base/ids.ts'
import { columnCount, columnsMax } from '../base/scheme.ts'
import type { Scheme } from '../base/scheme.ts'
import { GIB } from '../base/units.ts'
import type { PlacementGroup } from '../cluster/placement-group.ts'
import { repairsMax } from '../meta/contract/file-metadata.ts'
import type { CommitRepair, NewData } from '../meta/contract/file-metadata.ts'
import type { Extent } from '../meta/contract/version-row.ts'
import type { UploadHandle } from './open-uploads.ts'
import type { SmallPlace } from './small-places.ts'

export interface PlacePorts {
  /** A writable group for new data. @throws FrostError `not-enough-workers`, `insufficient-storage`. */
  readonly chooseGroup: () => PlacementGroup
  /** Where a file of one chunk goes. @throws as `chooseGroup`. */
  readonly smallPlace: () => SmallPlace
  /** The newest state of a group; `undefined` where there is none. */
  readonly groupNow: (group: PlacementGroup['group']) => PlacementGroup | undefined
}

export interface UploadOptions {
  readonly chunkSizeBytes: number
  /** A new data id begins with the block after so many bytes. */
  readonly extentBytesMax: number
}

export const defaultExtentBytesMax = 16 * GIB
/** Blocks of one upload that are sent at once. */
export const blocksInFlightMax = 3

export interface ExtentInProgress {
  readonly group: PlacementGroup
  readonly dataId: DataId
  readonly scheme: Scheme
  lengthBytes: number
  blocks: number
  acknowledgedEpoch: Epoch
  readonly repairs: CommitRepair[]
}

export class UploadExtents {
  readonly #ports: PlacePorts
  readonly #options: UploadOptions
  readonly #handle: UploadHandle
  readonly #extents: ExtentInProgress[] = []

  constructor(ports: PlacePorts, options: UploadOptions, handle: UploadHandle) {
    this.#ports = ports
    this.#options = options
    this.#handle = handle
  }

  get last(): ExtentInProgress | undefined {
    return this.#extents.at(-1)
  }

  /** For the next block of a larger file. */
  current(): ExtentInProgress {
    const { last } = this
    const isFull =
      last === undefined ||
      last.lengthBytes >= this.#options.extentBytesMax ||
      // What is in flight may add to them still.
      last.repairs.length + (blocksInFlightMax + 1) * columnsMax > repairsMax
    if (!isFull) {
      if (this.#ports.groupNow(last.group.group)?.state === 'writable') return last
    }
    const group = this.#ports.chooseGroup()
    return this.#add(group, this.#handle.add(group.group))
  }

  /** For a body of at most one chunk. */
  small(): ExtentInProgress {
    const { group, turn } = this.#ports.smallPlace()
    return this.#add(group, this.#handle.add(group.group, { turn, slots: columnCount(group.scheme) }))
  }

  /** As the version names them. */
  rows(): readonly Extent[] {
    return this.#extents.map((extent) => ({
      group: extent.group.group,
      dataId: extent.dataId,
      scheme: extent.scheme,
      chunkSizeBytes: this.#options.chunkSizeBytes,
      dataLengthBytes: extent.lengthBytes,
      offset: 0,
      length: extent.lengthBytes,
    }))
  }

  newData(): readonly NewData[] {
    return this.#extents.map((extent) => ({
      group: extent.group.group,
      dataId: extent.dataId,
      scheme: extent.scheme,
      chunkSizeBytes: this.#options.chunkSizeBytes,
      lengthBytes: extent.lengthBytes,
      acknowledgedEpoch: extent.acknowledgedEpoch,
      repairs: extent.repairs,
    }))
  }

  #add(group: PlacementGroup, dataId: DataId): ExtentInProgress {
    const extent: ExtentInProgress = {
      group,
      dataId,
      scheme: group.scheme,
      lengthBytes: 0,
      blocks: 0,
      acknowledgedEpoch: group.epoch,
      repairs: [],
    }
    this.#extents.push(extent)
    return extent
  }
}
