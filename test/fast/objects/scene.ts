// A simulated cluster for tests of the object service: whole objects in, whole objects out.

import { defined } from '../../../src/base/assert.ts'
import type {
  ObjectInfo,
  ObjectName,
  ObjectService,
  ObjectUpload,
  PutObject,
  PutPartRequest,
  Sealing,
} from '../../../src/master/object-service.ts'
import type { PartRow } from '../../../src/meta/contract/multipart-metadata.ts'
import { takeInventory } from '../../../sim/checkers/inventory.ts'
import { checkOwners } from '../../../sim/checkers/owners.ts'
import type { OwnerVerdict } from '../../../sim/checkers/owners.ts'
import { SimulatedCluster } from '../../../sim/cluster.ts'
import type { SimulatedClusterOptions } from '../../../sim/cluster.ts'

export const bucket = 'default'
/** Bytes of a whole block. */
export const block = 19_200

export class ObjectScene {
  readonly cluster: SimulatedCluster

  private constructor(cluster: SimulatedCluster) {
    this.cluster = cluster
  }

  static async start(options: SimulatedClusterOptions = {}): Promise<ObjectScene> {
    return new ObjectScene(await SimulatedCluster.start({ orphansEveryMs: 3000, ...options }))
  }

  /** Runs until it settles. */
  async ask<T>(work: (objects: ObjectService) => Promise<T>): Promise<T> {
    return await this.cluster.run(work(this.cluster.objects))
  }

  async put(
    key: string,
    bytes: Uint8Array,
    options: { readonly request?: Partial<PutObject>; readonly sealing?: Sealing } = {},
  ): Promise<ObjectInfo> {
    return await this.ask(async (objects) => {
      const upload = await objects.put({ bucket, key, ...options.request })
      return await send(upload, bytes, options.sealing)
    })
  }

  async putPart(request: PutPartRequest, bytes: Uint8Array, sealing?: Sealing): Promise<PartRow> {
    return await this.ask(async (objects) => await send(await objects.putPart(request), bytes, sealing))
  }

  async keepVersions(): Promise<void> {
    await this.ask(async (objects) => await objects.changeBucket({ bucket, versioning: 'enabled' }))
  }

  async find(name: Partial<ObjectName>): Promise<ObjectInfo | undefined> {
    return await this.ask(async (objects) => await objects.find({ bucket, key: 'object', ...name }))
  }

  /** The stored bytes, or a range of them. */
  async read(
    name: Partial<ObjectName>,
    range?: { readonly offset: number; readonly length: number },
  ): Promise<Uint8Array> {
    return await this.ask(async (objects) => {
      const reader = defined(await objects.open({ bucket, key: 'object', ...name }), 'an object to read')
      const { offset, length } = range ?? { offset: 0, length: reader.info.storedSizeBytes }
      const body = reader.read(offset, length)
      const slices: Uint8Array[] = []
      for (let slice = await body.next(); slice !== undefined; slice = await body.next()) {
        slices.push(slice.bytes.slice())
        slice.release()
      }
      reader.close()
      return new Uint8Array(Buffer.concat(slices))
    })
  }

  /** Who refers to which data: contradictions are defects at any time, leftovers once what is collected in the background is. */
  async owners(): Promise<OwnerVerdict> {
    return checkOwners(await takeInventory(this.cluster, this.cluster.master().metadata), { deadRowsMayStay: true })
  }
}

export async function send<Result>(
  upload: ObjectUpload<Result>,
  bytes: Uint8Array,
  sealing: Sealing = {},
): Promise<Result> {
  try {
    for (let at = 0; at < bytes.length; at += 5000) await upload.write(bytes.slice(at, at + 5000))
    return await upload.finish(sealing)
  } catch (error) {
    upload.abort(error)
    throw error
  }
}
