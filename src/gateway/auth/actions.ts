// Every action that a face asks leave for, and what it takes. A face maps each of its calls to one of them; nothing else decides.

import type { AccessLevel } from '../../meta/contract/access-rows.ts'

export type Requirement =
  /** A level in the bucket that the call names: by role, or by grant. */
  | { readonly in: 'bucket'; readonly level: AccessLevel; readonly isUnscoped?: true }
  /** A level by role, in the cluster as a whole. */
  | { readonly in: 'cluster'; readonly level: AccessLevel }
  /** Any user. `isUnscoped`: a credential that is not limited, so that a limited one cannot make an unlimited one. */
  | { readonly in: 'own'; readonly isUnscoped?: true }

interface ActionKind {
  readonly needs: Requirement
  /** Whether it changes something: those are always in the audit log. */
  readonly isChange: boolean
}

const table = {
  'file:list': { needs: { in: 'bucket', level: 'read' }, isChange: false },
  'file:read': { needs: { in: 'bucket', level: 'read' }, isChange: false },
  'file:write': { needs: { in: 'bucket', level: 'write' }, isChange: true },
  'file:delete': { needs: { in: 'bucket', level: 'write' }, isChange: true },
  'file:share': { needs: { in: 'bucket', level: 'read', isUnscoped: true }, isChange: true },
  'bucket:list': { needs: { in: 'own' }, isChange: false },
  'bucket:create': { needs: { in: 'cluster', level: 'admin' }, isChange: true },
  'bucket:change': { needs: { in: 'bucket', level: 'admin' }, isChange: true },
  'bucket:remove': { needs: { in: 'bucket', level: 'admin' }, isChange: true },
  'grant:list': { needs: { in: 'bucket', level: 'admin', isUnscoped: true }, isChange: false },
  'grant:change': { needs: { in: 'bucket', level: 'admin', isUnscoped: true }, isChange: true },
  'cluster:read': { needs: { in: 'cluster', level: 'read' }, isChange: false },
  'cluster:change': { needs: { in: 'cluster', level: 'admin' }, isChange: true },
  'encryption-key:read': { needs: { in: 'cluster', level: 'admin' }, isChange: false },
  'encryption-key:change': { needs: { in: 'cluster', level: 'admin' }, isChange: true },
  /** Limits, and whose they are. */
  'quota:change': { needs: { in: 'cluster', level: 'admin' }, isChange: true },
  'own:read': { needs: { in: 'own' }, isChange: false },
  'own:list': { needs: { in: 'own', isUnscoped: true }, isChange: false },
  'own:change': { needs: { in: 'own', isUnscoped: true }, isChange: true },
  'user:read': { needs: { in: 'cluster', level: 'admin' }, isChange: false },
  'user:change': { needs: { in: 'cluster', level: 'admin' }, isChange: true },
} as const satisfies Record<string, ActionKind>

export type Action = keyof typeof table

export const actions: Readonly<Record<Action, ActionKind>> = table

export function isAction(name: string): name is Action {
  return Object.hasOwn(table, name)
}
