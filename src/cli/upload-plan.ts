// Which local files are uploaded under which names. Decided before the first byte goes, so that a wrong argument stores nothing.

import { readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'

import { UsageError } from './failure.ts'

export interface PlannedUpload {
  /** Absolute, or `-`: standard input. */
  readonly path: string
  readonly name: string
  /** `undefined` where it cannot be known before. */
  readonly sizeBytes: number | undefined
}

export interface PlanOptions {
  readonly name?: string | undefined
  readonly prefix?: string | undefined
  readonly recursive: boolean
  /** Absolute; what relative paths are meant from. */
  readonly directory: string
}

/** More in one go would be a list that nobody wants to hold in memory. */
const filesMax = 1_000_000

/** @throws UsageError. */
export async function planUploads(paths: readonly string[], options: PlanOptions): Promise<readonly PlannedUpload[]> {
  const { name, prefix = '', directory } = options
  if (name !== undefined && paths.length > 1)
    throw new UsageError('--name is for one file.', 'Use --prefix for several.')
  const planned = new Map<string, PlannedUpload>()
  const add = (upload: PlannedUpload): void => {
    const other = planned.get(upload.name)
    if (other !== undefined) {
      const both = `"${other.path}" and "${upload.path}"`
      throw new UsageError(`${both} would both be stored as "${upload.name}".`, 'Upload them one by one, with --name.')
    }
    if (planned.size === filesMax) throw new UsageError('These are more than a million files.', 'Upload them in parts.')
    planned.set(upload.name, upload)
  }
  for (const given of paths) {
    if (given === '-') {
      if (name === undefined) throw new UsageError('Standard input (-) has no name.', 'Give one with --name.')
      add({ path: '-', name: prefix + name, sizeBytes: undefined })
      continue
    }
    const path = resolve(directory, given)
    const found = await look(path, given)
    if (found.isDirectory) {
      if (!options.recursive) throw new UsageError(`"${given}" is a directory.`, 'Use --recursive for what it holds.')
      if (name !== undefined) throw new UsageError('--name is for a file, not a directory.', 'Use --prefix.')
      for await (const upload of walk(path, `${prefix}${basename(path)}/`)) add(upload)
    } else {
      add({ path, name: prefix + (name ?? basename(path)), sizeBytes: found.sizeBytes })
    }
  }
  return [...planned.values()]
}

/** Files below a directory, sorted within each. Links to files count as files; links to directories are left out: they may lead back. */
async function* walk(directory: string, namePrefix: string): AsyncGenerator<PlannedUpload> {
  const entries = await readdir(directory, { withFileTypes: true })
  entries.sort((left, right) => (left.name < right.name ? -1 : 1))
  for (const entry of entries) {
    const path = join(directory, entry.name)
    const name = namePrefix + entry.name
    if (entry.isDirectory()) {
      yield* walk(path, `${name}/`)
      continue
    }
    const found = entry.isFile() || entry.isSymbolicLink() ? await look(path, path) : undefined
    if (found?.sizeBytes !== undefined) yield { path, name, sizeBytes: found.sizeBytes }
  }
}

async function look(
  path: string,
  given: string,
): Promise<{ readonly isDirectory: boolean; readonly sizeBytes: number | undefined }> {
  try {
    const found = await stat(path)
    return { isDirectory: found.isDirectory(), sizeBytes: found.isFile() ? found.size : undefined }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'permission denied' : String(code)
    throw new UsageError(`"${given}" cannot be read: ${reason}.`)
  }
}
