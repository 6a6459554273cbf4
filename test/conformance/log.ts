// What every Log must do. Run against the real one and the collecting one.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { FrostError } from '../../src/base/errors.ts'
import type { Log } from '../../src/ports/log.ts'

interface Line {
  readonly level: string
  readonly message: string
  /** All fields, and of an error its code and message under `code` and `error`. */
  readonly values: Readonly<Record<string, unknown>>
}

interface LogUnderTest {
  readonly log: Log
  /** What was logged so far. */
  readonly lines: () => readonly Line[]
}

export function logConformance(name: string, create: () => LogUnderTest): void {
  describe(`${name} as a Log`, () => {
    test('each level writes a line with its message and fields', () => {
      const { log, lines } = create()
      log.debug('one', { number: 1 })
      log.info('two', { text: 'a "quoted" line\nand another' })
      log.warn('three', { flag: true, absent: undefined })
      log.error('four')
      assert.deepEqual(
        lines().map(({ level, message }) => [level, message]),
        [
          ['debug', 'one'],
          ['info', 'two'],
          ['warn', 'three'],
          ['error', 'four'],
        ],
      )
      assert.equal(lines()[0]?.values['number'], 1)
      assert.equal(lines()[1]?.values['text'], 'a "quoted" line\nand another')
      assert.equal(lines()[2]?.values['flag'], true)
      assert.equal(lines()[2]?.values['absent'], undefined)
    })

    test('an error is written with its code and message', () => {
      const { log, lines } = create()
      log.error('A disk failed.', new FrostError('disk-failed', 'no more', { cause: new Error('EIO') }), { name: 'x' })
      assert.equal(lines()[0]?.values['code'], 'disk-failed')
      assert.equal(lines()[0]?.values['error'], 'no more')
      assert.equal(lines()[0]?.values['name'], 'x')
    })

    test('what is thrown may be anything', () => {
      const { log, lines } = create()
      const loop: { cause?: unknown } & Error = new Error('turns around')
      loop.cause = loop
      for (const thrown of ['text', undefined, null, 7, loop, Object.create(null)]) log.error('odd', thrown)
      assert.equal(lines().length, 6)
    })

    test('a child adds its fields to each line, and its own children theirs', () => {
      const { log, lines } = create()
      const child = log.with({ worker: 'w1' }).with({ group: 7 })
      child.info('hello', { epoch: 2 })
      log.info('bare')
      assert.deepEqual(
        ['worker', 'group', 'epoch'].map((field) => lines()[0]?.values[field]),
        ['w1', 7, 2],
      )
      assert.equal(lines()[1]?.values['worker'], undefined)
    })
  })
}
