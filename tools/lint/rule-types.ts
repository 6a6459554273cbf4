// The part of ESLint's rule interface, as oxlint implements it, that our rules use.

export interface SyntaxNode {
  readonly type: string
  readonly parent?: SyntaxNode
  readonly name?: string
  readonly value?: unknown
  readonly source?: SyntaxNode | null
  readonly callee?: SyntaxNode
  readonly arguments?: readonly SyntaxNode[]
  readonly object?: SyntaxNode
  readonly property?: SyntaxNode
  readonly computed?: boolean
}

export interface Reference {
  readonly identifier: SyntaxNode
  readonly isTypeReference?: boolean
  /** Absent or without definitions: a global. */
  readonly resolved?: { readonly defs: readonly unknown[] } | null
}

export interface RuleContext {
  readonly filename: string
  readonly cwd: string
  readonly sourceCode: {
    readonly scopeManager: { readonly scopes: readonly { readonly references: readonly Reference[] }[] }
  }
  report(problem: { readonly node: SyntaxNode; readonly message: string }): void
}

export interface Rule {
  readonly meta: { readonly type: 'problem' }
  create(context: RuleContext): Readonly<Record<string, (node: SyntaxNode) => void>>
}
