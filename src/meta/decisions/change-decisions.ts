import { trimMax } from '../contract/change-metadata.ts'
import { afterPrefix } from '../encoding/key-parts.ts'
import { changeKey, tables } from '../encoding/keys.ts'
import type { Draft } from './draft.ts'

/** Leaves no record of its own. */
export function trimChanges(draft: Draft, { through }: { readonly through: number }): number {
  const to = afterPrefix(changeKey(through))
  const old = draft.range({ from: tables.change, to, limit: trimMax })
  for (const [key] of old) draft.remove(key)
  return old.length
}
