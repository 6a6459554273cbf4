// What a store should hold of versions, locks and unfinished uploads, kept as plainly as can be: beside it goes a store that is told the
// same. It remembers the commands, too, so that they can be repeated at any later time.

import assert from 'node:assert/strict'

import { errorCode } from '../../../src/base/errors.ts'
import type { ErrorCode } from '../../../src/base/errors.ts'
import type { VersionId } from '../../../src/base/ids.ts'
import type { SeededRandom } from '../../../src/base/random.ts'
import type { DataRef } from '../../../src/meta/contract/conventions.ts'
import type { MultipartName, PartRow } from '../../../src/meta/contract/multipart-metadata.ts'
import type { ObjectLock } from '../../../src/meta/contract/version-row.ts'
import { present } from './scene.ts'
import type { Scene } from './scene.ts'

export interface Version {
  readonly version: VersionId
  readonly versioned: boolean
  readonly isMarker: boolean
  readonly sizeBytes: number
  readonly refs: readonly DataRef[]
  lock?: ObjectLock | undefined
}

export interface Upload extends MultipartName {
  readonly parts: Map<number, PartRow>
  readonly lock?: ObjectLock
}

interface Issued {
  readonly run: () => Promise<unknown>
  readonly answer: unknown
}

export class Model {
  readonly scene: Scene
  readonly random: SeededRandom
  versioning: 'enabled' | 'suspended' | undefined
  /** By bucket and key; from the newest. */
  readonly versions = new Map<string, Version[]>()
  readonly uploads: Upload[] = []
  readonly allRefs: DataRef[] = []
  readonly #issued: Issued[] = []

  constructor(scene: Scene, random: SeededRandom) {
    this.scene = scene
    this.random = random
  }

  of(bucket: string, key: string): Version[] {
    const known = this.versions.get(`${bucket}/${key}`) ?? []
    this.versions.set(`${bucket}/${key}`, known)
    return known
  }

  versioningOf(bucket: string): 'enabled' | 'suspended' | undefined {
    return bucket === 'locked' ? 'enabled' : this.versioning
  }

  newRefs(count: number): readonly DataRef[] {
    const refs = Array.from({ length: count }, () => this.scene.ref(1 + this.random.below(2)))
    this.allRefs.push(...refs)
    return refs
  }

  /** Puts a version on top as the bucket's versioning says. */
  push(bucket: string, key: string, version: Omit<Version, 'versioned'>): void {
    const versions = this.of(bucket, key)
    const versioning = this.versioningOf(bucket)
    const goes = versioning === 'enabled' ? -1 : versions.findIndex(({ versioned }) => !versioned)
    if (goes >= 0) versions.splice(goes, 1)
    versions.unshift({ ...version, versioned: versioning === 'enabled' })
  }

  /** Runs a command, and remembers it with its answer for a repeat; `undefined` where it was refused with `refusal`. */
  async issue<T>(
    run: () => Promise<T>,
    refusal: ErrorCode | undefined,
    shown: (answer: T) => unknown,
  ): Promise<boolean> {
    try {
      const answer = await run()
      assert.equal(refusal, undefined, 'the command should have been refused')
      this.#issued.push({ run: async () => shown(await run()), answer: shown(answer) })
      return true
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      assert.equal(errorCode(error), refusal)
      return false
    }
  }

  async repeat(): Promise<void> {
    const recent = Math.min(this.#issued.length, this.random.below(4) === 0 ? 200 : 10)
    if (recent === 0) return
    const { run, answer } = present(this.#issued.at(-1 - this.random.below(recent)))
    try {
      assert.deepEqual(await run(), answer)
    } catch (error) {
      const code = errorCode(error)
      if (code !== 'upload-expired' && code !== 'upload-not-found') throw error
    }
  }
}
