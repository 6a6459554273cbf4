// Texts of a policy with wildcards (`*` any characters, `?` one) and variables (`${aws:username}`, `${aws:PrincipalTag/team, 'none'}`;
// `${*}`, `${?}` and `${$}` stand for the characters themselves), and how they are matched.
//
// What a variable stands for is text: a `*` in it is no wildcard. So wildcards are marked by halves of surrogate pairs that stand alone,
// which no well-formed text has. There is no regular expression: a pattern is cut at its stars, and each piece is looked for once,
// leftmost, so that matching takes at most (length of the pattern) × (length of the text) steps, whatever both say.
//
// Source: AWS IAM User Guide, "IAM policy elements: Variables and tags", "IAM JSON policy elements: Resource" (wildcards).

const one = '\ud800'
const many = '\ud801'

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
  readonly #parts: readonly (string | Variable)[]
  /** Of a text without variables, which is most of them. */
  readonly #fixed: Pattern | undefined

  constructor(text: string, options: TemplateOptions) {
    this.#parts = parseParts(text, options)
    const [only = ''] = this.#parts
    this.#fixed = this.#parts.length <= 1 && typeof only === 'string' ? new Pattern(only) : undefined
  }

  get hasVariables(): boolean {
    return this.#fixed === undefined
  }

  /** The pattern for one request; `undefined` where a variable stands for nothing: then the text matches nothing. */
  pattern(variableOf: VariableOf): Pattern | undefined {
    if (this.#fixed !== undefined) return this.#fixed
    let text = ''
    for (const part of this.#parts) {
      const value = typeof part === 'string' ? part : (variableOf(part.name)?.toWellFormed() ?? part.fallback)
      if (value === undefined) return undefined
      text += value
    }
    return new Pattern(text)
  }

  matches(text: string, variableOf: VariableOf): boolean {
    return this.pattern(variableOf)?.matches(text) ?? false
  }
}

/** A text whose wildcards are marked. */
export class Pattern {
  readonly #text: string
  /** The pieces between the stars; absent: there is no wildcard. */
  readonly #pieces: readonly Piece[] | undefined

  constructor(text: string) {
    this.#text = text
    const hasWildcard = text.includes(many) || text.includes(one)
    this.#pieces = hasWildcard
      ? text.split(many).map((piece) => ({ text: piece, hasOne: piece.includes(one) }))
      : undefined
  }

  /** The text, if it has no wildcards. */
  get literal(): string | undefined {
    return this.#pieces === undefined ? this.#text : undefined
  }

  matches(text: string): boolean {
    return this.#pieces === undefined ? this.#text === text : matchPieces(this.#pieces, text)
  }
}

interface Piece {
  readonly text: string
  readonly hasOne: boolean
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
function endAt({ text: piece, hasOne }: Piece, text: string, at: number): number | undefined {
  if (!hasOne) return text.startsWith(piece, at) ? at + piece.length : undefined
  let end = at
  for (let index = 0; index < piece.length; index++) {
    if (end >= text.length) return undefined
    if (piece[index] !== one) {
      if (piece.charCodeAt(index) !== text.charCodeAt(end)) return undefined
      end += 1
    } else end += characterUnits(text, end)
  }
  return end
}

/** The end of the leftmost place of the piece from `from` on. */
function find(piece: Piece, text: string, from: number): number | undefined {
  if (!piece.hasOne) {
    const found = text.indexOf(piece.text, from)
    return found < 0 ? undefined : found + piece.text.length
  }
  for (let at = from; at <= text.length; at += characterUnits(text, at)) {
    const end = endAt(piece, text, at)
    if (end !== undefined) return end
  }
  return undefined
}

/** Whether the text ends with the piece, which begins at `from` or later. */
function endsWith(piece: Piece, text: string, from: number): boolean {
  if (!piece.hasOne) return text.length - piece.text.length >= from && text.endsWith(piece.text)
  // As many characters from the end as the piece has: what `?` stands for may be one unit or two.
  let at = text.length
  for (let index = piece.text.length; index > 0; index -= unitsBefore(piece.text, index))
    at -= at > 0 ? unitsBefore(text, at) : 1
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

function parseParts(text: string, { wildcards, variables }: TemplateOptions): readonly (string | Variable)[] {
  const parts: (string | Variable)[] = []
  let literal = ''
  let at = 0
  while (at < text.length) {
    const close = variables && text.startsWith('${', at) ? text.indexOf('}', at) : -1
    if (close < 0) {
      literal += wildcards ? marked(text.charAt(at)) : text.charAt(at)
      at += 1
      continue
    }
    const inside = text.slice(at + 2, close)
    if (inside === '*' || inside === '?' || inside === '$') literal += inside
    else {
      parts.push(literal, parseVariable(inside))
      literal = ''
    }
    at = close + 1
  }
  if (literal !== '') parts.push(literal)
  return parts.filter((part) => part !== '')
}

function marked(character: string): string {
  return character === '*' ? many : character === '?' ? one : character
}

function parseVariable(inside: string): Variable {
  const comma = inside.indexOf(',')
  const name = (comma < 0 ? inside : inside.slice(0, comma)).trim().toLowerCase()
  const [, fallback] = comma < 0 ? [] : (/^\s*'(.*)'\s*$/s.exec(inside.slice(comma + 1)) ?? [])
  return { name, fallback }
}
