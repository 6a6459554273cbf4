// Verifies one file to its end, page by page. Each page is of the version that is the newest at that moment: where that changes on the way,
// what was found is of no version at all, so it begins again, a few times.

import { FrostByteError } from '../../sdk/index.ts'
import type { FrostByteClient, VerifyPage, VerifyProblem } from '../../sdk/index.ts'

export interface FileVerdict {
  readonly version: string
  readonly sizeBytes: number
  readonly blocks: number
  /** Pieces that passed every check. */
  readonly good: number
  /** At most `problemsMax` of them. */
  readonly problems: readonly VerifyProblem[]
  readonly problemCount: number
}

/** A lost worker has a problem for each of its blocks: the first ones say who it is. */
const problemsMax = 1000
const restartsMax = 5

export interface VerifyWatcher {
  /** Told after each page: pieces read of this file so far, and how many of them are problems. */
  onPage(pieces: number, problems: number): Promise<void>
}

/** `undefined`: there is no such file (any more). @throws FrostByteError, also `file-changed`. */
export async function verifyFile(
  client: FrostByteClient,
  name: string,
  options: { readonly signal: AbortSignal; readonly watcher: VerifyWatcher },
): Promise<FileVerdict | undefined> {
  for (let restart = 0; restart < restartsMax; restart++) {
    const verdict = await verifyVersion(client, name, options)
    if (verdict !== 'changed') return verdict
  }
  throw new FrostByteError('file-changed', `"${name}" was replaced ${restartsMax} times while it was verified`, {
    remedy: 'Verify it again when it is at rest.',
  })
}

async function verifyVersion(
  client: FrostByteClient,
  name: string,
  { signal, watcher }: { readonly signal: AbortSignal; readonly watcher: VerifyWatcher },
): Promise<FileVerdict | 'changed' | undefined> {
  let verdict: FileVerdict | undefined
  let after: number | undefined
  do {
    const page = await fetchPage(client, name, { after, signal })
    if (page === undefined) return undefined
    if (verdict !== undefined && verdict.version !== page.version) return 'changed'
    verdict = addPage(verdict, page)
    await watcher.onPage(verdict.good + verdict.problemCount, verdict.problemCount)
    after = page.next
  } while (after !== undefined)
  return verdict
}

async function fetchPage(
  client: FrostByteClient,
  name: string,
  options: { readonly after: number | undefined; readonly signal: AbortSignal },
): Promise<VerifyPage | undefined> {
  try {
    return await client.verify(name, options)
  } catch (error) {
    if (error instanceof FrostByteError && error.code === 'file-not-found') return undefined
    throw error
  }
}

function addPage(verdict: FileVerdict | undefined, page: VerifyPage): FileVerdict {
  const problems = verdict?.problems ?? []
  return {
    version: page.version,
    sizeBytes: page.sizeBytes,
    blocks: (verdict?.blocks ?? 0) + page.blocks,
    good: (verdict?.good ?? 0) + page.good,
    problems: [...problems, ...page.problems.slice(0, problemsMax - problems.length)],
    problemCount: (verdict?.problemCount ?? 0) + page.problems.length,
  }
}
