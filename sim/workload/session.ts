// A client's connection to one process of a master: what it asks happens on that process, waits while it is paused, and breaks off when it
// dies. So a client learns what a real one would: an answer, or that there is none.

import type { FileService } from '../../src/master/file-service.ts'
import type { ObjectService } from '../../src/master/object-service.ts'
import type { MasterNode } from '../master-node.ts'
import type { Life } from '../mortal.ts'
import type { VirtualClock, VirtualTime } from '../ports/clock.ts'

export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

export class Session {
  readonly #files: FileService
  readonly #objects: ObjectService
  readonly #life: Life
  readonly #clock: VirtualClock

  constructor(time: VirtualTime, node: MasterNode) {
    this.#files = node.files
    this.#objects = node.objects
    this.#life = node.life
    this.#clock = time.createClock({ node: node.host, kind: 'client' })
  }

  /** @throws ConnectionLost; whatever `work` throws. */
  async call<T>(work: (files: FileService) => Promise<T> | T): Promise<T> {
    return await this.#run(work, this.#files)
  }

  /** As `call`. */
  async ask<T>(work: (objects: ObjectService) => Promise<T> | T): Promise<T> {
    return await this.#run(work, this.#objects)
  }

  async #run<Service, T>(work: (service: Service) => Promise<T> | T, service: Service): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const lost = (): void => reject(new ConnectionLost('the process has ended'))
    if (this.#life.isOver) lost()
    this.#life.ended.then(lost, reject)
    this.#clock.startTimer(0, () => {
      if (this.#life.isOver) return
      Promise.try(work, service).then(resolve, reject)
    })
    return await promise
  }
}
