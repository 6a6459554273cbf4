// Which files of the benchmark a server holds, by size and client process: uploads add at the end, deletions take
// from the beginning, reads go over what lies between.

import type { Job } from './job.ts'

export interface FileSpan {
  readonly firstFile: number
  readonly endFile: number
}

export class FilesOnServer {
  readonly #runPrefix: string
  readonly #spans = new Map<string, FileSpan>()

  /** `runPrefix` keeps the files of one run apart from everything else on the server; it may hold slashes. */
  constructor(runPrefix: string) {
    this.#runPrefix = runPrefix
  }

  get prefix(): string {
    return `${this.#runPrefix}/`
  }

  prefixOf(sizeBytes: number, processIndex: number): string {
    return `${this.#runPrefix}/${sizeBytes}/${processIndex}/`
  }

  span(sizeBytes: number, processIndex: number): FileSpan {
    return this.#spans.get(this.prefixOf(sizeBytes, processIndex)) ?? { firstFile: 0, endFile: 0 }
  }

  uploaded(sizeBytes: number, processIndex: number, count: number): void {
    const { firstFile, endFile } = this.span(sizeBytes, processIndex)
    this.#spans.set(this.prefixOf(sizeBytes, processIndex), { firstFile, endFile: endFile + count })
  }

  deleted(sizeBytes: number, processIndex: number, count: number): void {
    const { firstFile, endFile } = this.span(sizeBytes, processIndex)
    this.#spans.set(this.prefixOf(sizeBytes, processIndex), {
      firstFile: Math.min(firstFile + count, endFile),
      endFile,
    })
  }

  count(sizeBytes: number, processCount: number): number {
    let count = 0
    for (let index = 0; index < processCount; index++) {
      const { firstFile, endFile } = this.span(sizeBytes, index)
      count += endFile - firstFile
    }
    return count
  }
}

/** The newest `countMax` of them: what is read again and again must fit every cache that is meant to hold it. */
export function newestFiles(span: FileSpan, countMax: number): Pick<Job, 'firstFile' | 'endFile'> {
  return { firstFile: Math.max(span.firstFile, span.endFile - countMax), endFile: span.endFile }
}
