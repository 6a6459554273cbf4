// frostbyte/layers: each import of a file in src/ is held to the table in layers.ts. It sees static imports,
// re-exports, `import()`, types named as `import('…').T`, and files named as `new URL('./…', import.meta.url)`.

import { posix, relative, sep } from 'node:path'

import { findLayer, isTestCode, layerNames, layerOf, nativePackages } from './layers.ts'
import type { Layer } from './layers.ts'
import type { Rule, RuleContext, SyntaxNode } from './rule-types.ts'

interface Importer {
  readonly path: string
  readonly name: string
  readonly layer: Layer
}

const rule = '(rule: frostbyte/layers, table: tools/lint/layers.ts)'

export function createLayersRule(): Rule {
  return { meta: { type: 'problem' }, create: createVisitors }
}

function createVisitors(context: RuleContext): Readonly<Record<string, (node: SyntaxNode) => void>> {
  const path = relative(context.cwd, context.filename).split(sep).join('/')
  const name = layerOf(path)
  if (name === undefined || isTestCode(path)) return {}
  const layer = findLayer(name)
  const check = (node: SyntaxNode, specifier: unknown): void => {
    if (typeof specifier !== 'string' || layer === undefined) return
    const message = faultOf({ path, name, layer }, specifier)
    if (message !== undefined) context.report({ node, message: `${message} ${rule}` })
  }
  const checkSource = (node: SyntaxNode): void => check(node, node.source?.value)
  return {
    Program: (node) => {
      if (layer !== undefined) return
      context.report({
        node,
        message: `src/${name} is no layer. Remedy: move the file into one of ${layerNames().join(', ')} ${rule}`,
      })
    },
    ImportDeclaration: checkSource,
    ExportNamedDeclaration: checkSource,
    ExportAllDeclaration: checkSource,
    ImportExpression: checkSource,
    TSImportType: checkSource,
    NewExpression: (node) => {
      const specifier = node.arguments?.[0]?.value
      if (node.callee?.name === 'URL' && typeof specifier === 'string' && /^\.\.?\/.*\.ts$/.test(specifier)) {
        check(node, specifier)
      }
    },
  }
}

/** What is wrong with `importer` importing `specifier`, and the remedy. */
function faultOf(importer: Importer, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return faultOfFile(importer, specifier)
  if (specifier.startsWith('node:')) return faultOfNodeModule(importer, specifier)
  return faultOfPackage(importer, specifier)
}

function faultOfFile(importer: Importer, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(importer.path), specifier)
  if (isTestCode(target)) return `${target} is test code, which is not published. Remedy: move what is needed out of it`
  const targetLayer = layerOf(target)
  if (targetLayer === undefined) {
    return target === 'package.json' && importer.layer.nodeModules === 'any'
      ? undefined
      : `src/ may not import ${target}: what runs lies in src/. Remedy: move it into a layer`
  }
  if (targetLayer === importer.name || importer.layer.imports.includes(targetLayer)) return undefined
  if (importer.name === 'cli' && /^src\/main-[a-z-]+\.ts$/.test(target)) return undefined
  const allowed = importer.layer.imports.length === 0 ? 'nothing' : importer.layer.imports.join(', ')
  return (
    `${importer.name} may not import ${targetLayer}; it may import ${allowed}. ` +
    'Remedy: declare an interface here and let src/main.ts pass the implementation, or move the shared part down'
  )
}

function faultOfNodeModule(importer: Importer, specifier: string): string | undefined {
  if (/^node:assert(\/|$)/.test(specifier)) {
    return 'node:assert is for tests. Remedy: assert from src/base/assert.ts'
  }
  const allowed = importer.layer.nodeModules
  if (allowed === 'any' || allowed.includes(specifier) || importer.path === 'src/sdk/node.ts') return undefined
  const remedy =
    importer.name === 'sdk' ? 'put it into src/sdk/node.ts: the rest runs in browsers' : 'take a port from src/ports'
  return `${importer.name} may not import ${specifier}. Remedy: ${remedy}`
}

function faultOfPackage(importer: Importer, specifier: string): string | undefined {
  const parts = specifier.split('/')
  const name = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier)
  if (nativePackages.includes(name)) {
    return importer.name === 'node' ? undefined : `only src/node may import ${name}. Remedy: take a port from src/ports`
  }
  const allowed = importer.layer.packages
  if (allowed === 'any' || allowed.includes(name)) return undefined
  return `${importer.name} may not import the package ${name}. Remedy: take a port, or add it to the table with a reason`
}
