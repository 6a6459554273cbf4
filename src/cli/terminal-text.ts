// Text on a terminal. Names come from anybody, so whatever could move the cursor, change colours or turn the direction of writing
// is shown as an escape instead of being obeyed.

/** Control characters, separators of lines, marks of direction, and halves of surrogate pairs. */
const dangerous = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu

/** Harmless on a terminal, and on one line. */
export function escapeText(text: string): string {
  return text.replaceAll(dangerous, (character) => {
    if (character === '\n') return '\\n'
    if (character === '\t') return '\\t'
    if (character === '\r') return '\\r'
    const code = character.codePointAt(0) ?? 0
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
  })
}

/** Cells that a character takes, near enough: East Asian wide forms and emoji take two, combining marks none. */
function cellsOf(character: string): number {
  if (/\p{Mn}|\p{Me}|\p{Cf}/u.test(character)) return 0
  const code = character.codePointAt(0) ?? 0
  const isWide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd)
  return isWide ? 2 : 1
}

export function textWidth(text: string): number {
  let cells = 0
  for (const character of text) cells += cellsOf(character)
  return cells
}

/** At most `cells` wide; what is too long loses its middle. */
export function fitText(text: string, cells: number): string {
  if (textWidth(text) <= cells) return text
  const tailCells = Math.floor((cells - 1) / 2)
  const head = takeCells(Array.from(text), cells - 1 - tailCells)
  const tail = takeCells(Array.from(text).toReversed(), tailCells).toReversed()
  return cells <= 0 ? '' : [...head, '…', ...tail].join('')
}

/** At most `cells` wide; what is too long loses its end, as lines of a table should. */
export function cutText(text: string, cells: number): string {
  if (textWidth(text) <= cells) return text
  return cells <= 0 ? '' : `${takeCells(Array.from(text), cells - 1).join('')}…`
}

function takeCells(characters: readonly string[], cells: number): readonly string[] {
  let left = cells
  const taken: string[] = []
  for (const character of characters) {
    left -= cellsOf(character)
    if (left < 0) break
    taken.push(character)
  }
  return taken
}

export interface Column {
  readonly heading: string
  /** Figures stand at the right. */
  readonly align?: 'right'
}

/** Lines without trailing blanks, the headings first. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const all = [columns.map(({ heading }) => heading), ...rows]
  const widths = columns.map((_, index) => Math.max(...all.map((row) => textWidth(row[index] ?? ''))))
  const lines = all.map((row) =>
    columns
      .map(({ align }, index) => {
        const cell = row[index] ?? ''
        const blanks = ' '.repeat((widths[index] ?? 0) - textWidth(cell))
        return align === 'right' ? blanks + cell : cell + blanks
      })
      .join('  ')
      .trimEnd(),
  )
  return lines.map((line) => `${line}\n`).join('')
}
