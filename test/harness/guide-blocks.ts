// The fenced blocks of docs/guide. What a test does with one stands behind its language:
//
//   ```sh                      run, line by line, in one shell for the whole guide
//   ```sh background           the same, but its last line serves until the guide ends
//   ```sh elsewhere: REASON    not run, because it needs what a test machine has not; its words are checked all the same
//   ```yaml                    a file; the first line says which, as `# /etc/frostbyte/master.yaml: …`

import { readdir, readFile } from 'node:fs/promises'

const guideFolder = new URL('../../docs/guide/', import.meta.url)

export interface GuideBlock {
  readonly guide: string
  /** Of its first line, from 1. */
  readonly line: number
  readonly language: string
  readonly use: 'run' | 'background' | 'elsewhere'
  /** Why it is not run. */
  readonly reason: string
  readonly text: string
}

export async function listGuides(): Promise<readonly string[]> {
  return (await readdir(guideFolder)).filter((name) => name.endsWith('.md')).toSorted()
}

export async function readGuide(guide: string): Promise<string> {
  return await readFile(new URL(guide, guideFolder), 'utf8')
}

export async function readBlocks(guide: string): Promise<readonly GuideBlock[]> {
  return parseBlocks(guide, await readGuide(guide))
}

export function parseBlocks(guide: string, document: string): readonly GuideBlock[] {
  const blocks: GuideBlock[] = []
  let open: { readonly info: string; readonly line: number; readonly lines: string[] } | undefined
  document.split('\n').forEach((text, index) => {
    const fence = /^```(.*)$/.exec(text)?.[1]
    if (open === undefined && fence !== undefined) open = { info: fence.trim(), line: index + 2, lines: [] }
    else if (open !== undefined && fence !== undefined) {
      blocks.push({ guide, line: open.line, ...readInfo(open.info, guide), text: open.lines.join('\n') })
      open = undefined
    } else open?.lines.push(text)
  })
  return blocks
}

function readInfo(info: string, guide: string): Pick<GuideBlock, 'language' | 'use' | 'reason'> {
  const [language = '', rest = ''] = info.split(/ (.*)/)
  const reason = /^elsewhere: (\S.*)$/.exec(rest)?.[1]
  if (reason !== undefined) return { language, use: 'elsewhere', reason }
  if (rest === 'background') return { language, use: 'background', reason: '' }
  if (rest === '') return { language, use: 'run', reason: '' }
  throw new Error(`${guide}: a block says "${info}"`)
}

export interface ShellCommand {
  readonly words: readonly string[]
  readonly line: string
}

/**
 * The simple commands of a block, without redirections, variables before them, `sudo` and its flags, and words of control. Good for the
 * plain lines of a guide, not for all of a shell's grammar.
 */
export function listCommands(text: string): readonly ShellCommand[] {
  return (
    text
      .replaceAll('\\\n', ' ')
      .replaceAll(/^\s*#.*$/gm, '')
      // What a here-document holds, and line ends within quotes, are no commands.
      .replaceAll(/<<'(\w+)'\n[\s\S]*?\n\1$/gm, '')
      .replaceAll(/'[^']*'/g, (quoted) => quoted.replaceAll('\n', ' '))
      .split('\n')
      .flatMap((line) => splitLine(line).map((words) => ({ words: strip(words), line: line.trim() })))
      .filter(({ words }) => words.length > 0)
  )
}

function splitLine(line: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]]
  // Quoted parts, operators, redirections, then everything else up to a space.
  const pattern = /\s*(#.*$|\$\(|\)|\d?>>?\s*\S+|<\s*\S+|\|\||&&|[|;&]|(?:"[^"]*"|'[^']*'|[^\s"'|;&()<>])+)/y
  let match = pattern.exec(line)
  while (match !== null) {
    const [, token = ''] = match
    if (token.startsWith('#')) break
    if (['||', '&&', '|', ';', '&', '$(', ')'].includes(token)) commands.push([])
    else if (!/^(?:\d?>|<)/.test(token)) commands.at(-1)?.push(token.replaceAll(/^(["'])(.*)\1$/g, '$2'))
    match = pattern.exec(line)
  }
  return commands
}

const control = new Set(['do', 'then', 'done', 'fi', 'else'])

function strip(words: readonly string[]): readonly string[] {
  let rest = words
  for (;;) {
    const [first = ''] = rest
    if (first === 'for' || first === 'export') return []
    if (first === 'sudo' || first === 'env') rest = rest.slice(1)
    else if (first === '-u') rest = rest.slice(2)
    else if (control.has(first) || first === 'until' || first === 'while' || /^[A-Za-z_]+=/.test(first))
      rest = rest.slice(1)
    else return rest
  }
}
