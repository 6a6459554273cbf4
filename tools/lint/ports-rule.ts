// frostbyte/ports: below main, nothing names a global that tells time, chance or the world (the list: globals.ts).
// It follows scopes: a parameter or import called `process` is fine, and so is a type (`Date` as a type does nothing).

import { relative, sep } from 'node:path'

import { bansByKind } from './globals.ts'
import { findLayer, isTestCode, layerOf } from './layers.ts'
import type { Reference, Rule, RuleContext, SyntaxNode } from './rule-types.ts'

const globalObjects = ['globalThis', 'global', 'self', 'window']

export function createPortsRule(): Rule {
  return { meta: { type: 'problem' }, create: createVisitors }
}

function createVisitors(context: RuleContext): Readonly<Record<string, (node: SyntaxNode) => void>> {
  const path = relative(context.cwd, context.filename).split(sep).join('/')
  const name = layerOf(path)
  if (name === undefined || isTestCode(path) || path === 'src/sdk/node.ts') return {}
  const kind = findLayer(name)?.globals ?? 'any'
  if (kind === 'any') return {}
  const bans = bansByKind[kind]
  return {
    Program: () => {
      for (const scope of context.sourceCode.scopeManager.scopes) {
        for (const reference of scope.references) {
          const banned = bannedName(reference, bans)
          if (banned === undefined) continue
          const remedy = `Remedy: ${bans[banned] ?? ''} (rule: frostbyte/ports, list: tools/lint/globals.ts)`
          context.report({ node: reference.identifier, message: `${name} may not use ${banned}. ${remedy}` })
        }
      }
    },
  }
}

/** The name under which `bans` lists what the reference does; `undefined` where it does no harm. */
function bannedName(reference: Reference, bans: Readonly<Record<string, string>>): string | undefined {
  const { identifier } = reference
  const isGlobal = (reference.resolved?.defs.length ?? 0) === 0
  if (!isGlobal || reference.isTypeReference === true || identifier.name === undefined) return undefined
  const path = pathFrom(identifier)
  return path === 'Date' && isHarmlessDate(identifier) ? undefined : longestBan(path, bans)
}

/** `Math.random` for the `Math` of it; the global object in front is left out. */
function pathFrom(identifier: SyntaxNode): string {
  const names: string[] = []
  let node: SyntaxNode | undefined = identifier
  if (!globalObjects.includes(identifier.name ?? '')) names.push(identifier.name ?? '')
  while (names.length < 2) {
    const member: SyntaxNode | undefined = node?.parent
    if (member?.type !== 'MemberExpression' || member.object !== node) break
    const name = propertyName(member)
    if (name === undefined) break
    names.push(name)
    node = member
  }
  return names.length === 0 ? (identifier.name ?? '') : names.join('.')
}

function propertyName(member: SyntaxNode): string | undefined {
  const { property } = member
  if (member.computed !== true) return property?.name
  return typeof property?.value === 'string' ? property.value : undefined
}

function longestBan(path: string, bans: Readonly<Record<string, string>>): string | undefined {
  if (path === 'Date.UTC' || path === 'Date.parse') return undefined
  if (Object.hasOwn(bans, path)) return path
  const first = path.split('.')[0] ?? path
  return Object.hasOwn(bans, first) ? first : undefined
}

/** `new Date(milliseconds)` and `x instanceof Date` read no clock. */
function isHarmlessDate(identifier: SyntaxNode): boolean {
  const { parent } = identifier
  if (parent?.type === 'NewExpression') return parent.callee === identifier && (parent.arguments?.length ?? 0) > 0
  return parent?.type === 'BinaryExpression'
}
