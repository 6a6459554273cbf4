// Texts of a policy with wildcards (`*` any characters, `?` one) and variables (`${aws:username}`, `${aws:PrincipalTag/team, 'none'}`;
// `${*}`, `${?}` and `${$}` stand for the characters themselves), and how they are matched.
//
// What a variable stands for is text: a `*` in it is no wildcard. There is no regular expression: a pattern is cut at its stars, and each
// piece is looked for once, leftmost, so that matching takes at most (length of the pattern) × (length of the text) steps, whatever
// both say.
//
// Source: AWS IAM User Guide, "IAM policy elements: Variables and tags", "IAM JSON policy elements: Resource" (wildcards).

const one = Symbol('one character')
const many = Symbol('any characters')

type Token = string | typeof one | typeof many

/** What a variable stands for; `undefined`: nothing is known. */
export type VariableOf = (name: string) => string | undefined

export interface TemplateOptions {
  /** Whether `*` and `?` are wildcards. */
  readonly wildcards: boolean
  /** Whether `${…}` is a variable: in policies of version 2012-10-17. */
  readonly variables: boolean
}

interface Variable {
  /** In lower case: names of condition keys have no case. */
  readonly name: string
  readonly fallback: string | undefined
}

/** A text of a policy, ready to be matched. */
export class Template {
  readonly #parts: readonly (Token | Variable)[]
  /** Of a text without variables, which is most of them. */
  readonly #fixed: Pattern | undefined

  constructor(text: string, options: TemplateOptions) {
    this.#parts = parseParts(text, options)
    this.#fixed = this.#parts.every(isToken) ? new Pattern(this.#parts) : undefined
  }

  /** The pattern for one request; `undefined` where a variable stands for nothing: then the text matches nothing. */
  pattern(variableOf: VariableOf): Pattern | undefined {
    if (this.#fixed !== undefined) return this.#fixed
    const tokens: Token[] = []
    for (const part of this.#parts) {
      const token = isToken(part) ? part : (variableOf(part.name) ?? part.fallback)
      if (token === undefined) return undefined
      tokens.push(token)
    }
    return new Pattern(tokens)
  }

  matches(text: string, variableOf: VariableOf): boolean {
    return this.pattern(variableOf)?.matches(text) ?? false
  }
}

/** Texts and wildcards, one after the other. */
export class Pattern {
  /** The text, if there are no wildcards. */
  readonly literal: string | undefined
  /** What stands between the stars. */
  readonly #pieces: readonly Piece[]

  constructor(tokens: readonly Token[]) {
    this.literal = tokens.every((token) => typeof token === 'string') ? tokens.join('') : undefined
    this.#pieces = this.literal === undefined ? cutAtStars(tokens) : []
  }

  matches(text: string): boolean {
    return this.literal === undefined ? matchPieces(this.#pieces, text) : this.literal === text
  }
}

/** Texts with one character, whichever it is, between each two. */
type Piece = readonly [string, ...(readonly string[])]

function cutAtStars(tokens: readonly Token[]): readonly Piece[] {
  const pieces: [string, ...string[]][] = []
  let piece: [string, ...string[]] = ['']
  for (const token of tokens) {
    if (token === one) piece.push('')
    else if (token === many) {
      pieces.push(piece)
      piece = ['']
    } else piece.push((piece.pop() ?? '') + token)
  }
  return [...pieces, piece]
}

function matchPieces(pieces: readonly Piece[], text: string): boolean {
  const [first, ...others] = pieces
  const last = others.pop()
  if (first === undefined) return text === ''
  let at = endAt(first, text, 0)
  if (last === undefined) return at === text.length
  for (const piece of others) {
    if (at === undefined) return false
    at = find(piece, text, at)
  }
  return at !== undefined && endsWith(last, text, at)
}

/** Where the piece ends that begins at `at`; `undefined`: it does not stand there. */
function endAt([first, ...others]: Piece, text: string, at: number): number | undefined {
  if (!text.startsWith(first, at)) return undefined
  let end = at + first.length
  for (const other of others) {
    if (end >= text.length) return undefined
    end += characterUnits(text, end)
    if (!text.startsWith(other, end)) return undefined
    end += other.length
  }
  return end
}

/** The end of the leftmost place of the piece from `from` on. */
function find(piece: Piece, text: string, from: number): number | undefined {
  const [first, ...others] = piece
  if (others.length === 0) {
    const found = text.indexOf(first, from)
    return found < 0 ? undefined : found + first.length
  }
  for (let at = from; at <= text.length; at += characterUnits(text, at)) {
    const end = endAt(piece, text, at)
    if (end !== undefined) return end
  }
  return undefined
}

/** Whether the text ends with the piece, which begins at `from` or later. */
function endsWith(piece: Piece, text: string, from: number): boolean {
  // As many characters from the end as the piece has: what `?` stands for may be one unit or two.
  let at = text.length
  for (const [index, part] of piece.toReversed().entries()) {
    if (index > 0) at -= unitsBefore(text, at)
    at -= part.length
  }
  return at >= from && endAt(piece, text, at) === text.length
}

function characterUnits(text: string, at: number): 1 | 2 {
  return isPair(text, at) ? 2 : 1
}

function unitsBefore(text: string, end: number): 1 | 2 {
  return isPair(text, end - 2) ? 2 : 1
}

function isPair(text: string, at: number): boolean {
  const [high, low] = [text.charCodeAt(at), text.charCodeAt(at + 1)]
  return high >= 0xd800 && high <= 0xdbff && low >= 0xdc00 && low <= 0xdfff
}

function parseParts(text: string, { wildcards, variables }: TemplateOptions): readonly (Token | Variable)[] {
  const parts: (Token | Variable)[] = []
  let literal = ''
  const push = (part: Token | Variable): void => {
    if (literal !== '') parts.push(literal)
    literal = ''
    parts.push(part)
  }
  let at = 0
  while (at < text.length) {
    const close = variables && text.startsWith('${', at) ? text.indexOf('}', at) : -1
    const character = text.charAt(at)
    if (close >= 0) {
      const inside = text.slice(at + 2, close)
      if (inside === '*' || inside === '?' || inside === '$') literal += inside
      else push(parseVariable(inside))
    } else if (wildcards && (character === '*' || character === '?')) push(character === '*' ? many : one)
    else literal += character
    at = close >= 0 ? close + 1 : at + 1
  }
  if (literal !== '') parts.push(literal)
  return parts
}

function isToken(part: Token | Variable): part is Token {
  return typeof part !== 'object'
}

function parseVariable(inside: string): Variable {
  const comma = inside.indexOf(',')
  const name = (comma < 0 ? inside : inside.slice(0, comma)).trim().toLowerCase()
  const [, fallback] = comma < 0 ? [] : (/^\s*'(.*)'\s*$/s.exec(inside.slice(comma + 1)) ?? [])
  return { name, fallback }
}
