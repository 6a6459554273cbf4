import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { exitCodeOf } from './exit-codes.ts'
import { describeAge, describeBytes, describeTimeLeft } from './figures.ts'
import { NoteLine } from './note-line.ts'
import { ProgressDisplay, RateMeter, renderProgress } from './progress.ts'
import { cutText, escapeText, fitText, formatTable, textWidth } from './terminal-text.ts'
import { FakeEnvironment } from './testing/fake-environment.ts'

const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string())

describe('text on a terminal', () => {
  test('has no character that a terminal obeys', () => {
    fc.assert(
      fc.property(anyText, (text) =>
        assert.doesNotMatch(escapeText(text), /[\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069]/u),
      ),
    )
  })

  test('is left alone where it is harmless', () => {
    for (const text of ['a b', 'snö', '日本語', '👩‍👩‍👧', 'c:\\x', '%41', '<script>']) assert.equal(escapeText(text), text)
  })

  test('is cut in its middle to the room that there is', () => {
    assert.equal(fitText('abcdefgh', 8), 'abcdefgh')
    assert.equal(fitText('abcdefgh', 5), 'ab…gh')
    assert.equal(fitText('日本語日本語', 7), '日…語')
    fc.assert(fc.property(anyText, fc.nat(40), (text, cells) => assert.ok(textWidth(fitText(text, cells)) <= cells)))
  })

  test('of a table is cut at its end', () => {
    assert.equal(cutText('abcdefgh', 8), 'abcdefgh')
    assert.equal(cutText('abcdefgh', 5), 'abcd…')
    assert.equal(cutText('日本語日本語', 7), '日本語…')
    fc.assert(fc.property(anyText, fc.nat(40), (text, cells) => assert.ok(textWidth(cutText(text, cells)) <= cells)))
  })

  test('stands in columns, figures at the right', () => {
    const columns = [{ heading: 'NAME' }, { heading: 'SIZE', align: 'right' }] as const
    assert.equal(
      formatTable(columns, [
        ['a', '1'],
        ['日本語', '1000'],
      ]),
      'NAME    SIZE\na          1\n日本語  1000\n',
    )
  })
})

describe('figures', () => {
  test('have three digits at most', () => {
    const cases = [
      [0, '0 B'],
      [999, '999 B'],
      [1000, '0.98 KiB'],
      [10_240, '10.0 KiB'],
      [1_048_576, '1.00 MiB'],
      [5e15, '4.44 PiB'],
    ] as const
    for (const [bytes, text] of cases) assert.equal(describeBytes(bytes), text)
  })

  test('of time are told as a clock, or as an age', () => {
    assert.deepEqual([0, 7, 750, 11_100, 200_000].map(describeTimeLeft), [
      '0:00',
      '0:07',
      '12:30',
      '3:05:00',
      '2.3 days',
    ])
    assert.equal(describeTimeLeft(Number.POSITIVE_INFINITY), 'very long')
    assert.deepEqual([5e3, 3e5, 2e7, 5e8].map(describeAge), ['5 s ago', '5 min ago', '5 h ago', '5 days ago'])
  })
})

describe('the rate', () => {
  test('is that of the last seconds', () => {
    const meter = new RateMeter()
    for (let second = 0; second <= 10; second++) meter.record({ atMs: second * 1000, bytes: second * 100 })
    for (let second = 11; second <= 20; second++)
      meter.record({ atMs: second * 1000, bytes: 1000 + (second - 10) * 500 })
    assert.equal(meter.rate(20_000), 500)
  })

  test('begins anew where a transfer does', () => {
    const meter = new RateMeter()
    meter.record({ atMs: 0, bytes: 0 })
    meter.record({ atMs: 1000, bytes: 1000 })
    meter.record({ atMs: 1100, bytes: 10 })
    assert.equal(meter.rate(1200), undefined)
  })
})

describe('progress', () => {
  const state = { label: 'video.mp4', transferredBytes: 5_242_880, totalBytes: 10_485_760, rate: 1_048_576 }

  test('has name, bar, share, sizes, rate and time left', () => {
    const line = renderProgress(state, 100)
    assert.match(line, /^video\.mp4 {2}\[=+> +\] {3}50 % {2}5\.00 MiB of 10\.0 MiB {2}1\.00 MiB\/s {2}0:05 left$/)
  })

  test('fits into any width, whatever the name', () => {
    fc.assert(
      fc.property(
        anyText,
        fc.nat(200),
        fc.option(fc.nat(), { nil: undefined }),
        fc.nat(),
        (label, columns, totalBytes, transferredBytes) => {
          const line = renderProgress({ label, totalBytes, transferredBytes, rate: 1 }, columns)
          assert.ok(textWidth(line) <= Math.max(0, columns - 1))
          assert.doesNotMatch(line, /\p{Cc}/u)
        },
      ),
    )
  })

  test('tells what went and how fast where the total is not known', () => {
    assert.equal(renderProgress({ ...state, totalBytes: undefined }, 80), 'video.mp4  5.00 MiB  1.00 MiB/s')
  })

  test('is drawn on a terminal from the second second on, and taken away at the end', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const world = new FakeEnvironment({ isTerminal: true })
    const display = new ProgressDisplay(world, { label: 'a', totalBytes: 1000 })
    const pass = (ms: number): void => {
      for (let passed = 0; passed < ms; passed += 200) {
        world.nowMs += 200
        t.mock.timers.tick(200)
      }
    }
    display.update('a', 100)
    pass(800)
    assert.equal(world.stderr.text, '')
    display.update('a', 500)
    pass(400)
    assert.match(world.stderr.text, /\ra {2}\[.*50 %/)
    await display.close()
    assert.ok(world.stderr.text.endsWith('\r\u001b[K'))
    const drawn = world.stderr.text.length
    pass(1000)
    assert.equal(world.stderr.text.length, drawn)
  })

  test('is silent where the output is no terminal', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const world = new FakeEnvironment({ isTerminal: false })
    const display = new ProgressDisplay(world, { label: 'a', totalBytes: 1000 })
    display.update('a', 500)
    world.nowMs = 10_000
    t.mock.timers.tick(10_000)
    await display.close()
    assert.equal(world.stderr.text, '')
  })
})

describe('exit codes', () => {
  test('tell apart what scripts have to', () => {
    const cases = [
      ['file-not-found', 3],
      ['bucket-not-found', 3],
      ['precondition-failed', 4],
      ['not-enough-workers', 5],
      ['overloaded', 5],
      ['network-failed', 5],
      ['http-502', 5],
      ['insufficient-storage', 1],
      ['size-mismatch', 1],
      ['config-invalid', 2],
      ['something-new', 1],
    ] as const
    for (const [error, code] of cases) assert.equal(exitCodeOf(error), code, error)
  })
})

describe('a note', () => {
  test('is one line in place on a terminal, harmless and not too long, and goes away', async () => {
    const world = new FakeEnvironment({ isTerminal: true })
    const line = new NoteLine(world)
    await line.show('waiting: a\u001b[2J')
    await line.show('waiting: a\u001b[2J')
    await line.show('x'.repeat(200))
    await line.clear()
    await line.clear()
    const [start, first, second, end] = world.stderr.text.split('\r')
    assert.deepEqual([start, first, end], ['', 'waiting: a\\x1b[2J\u001b[K', '\u001b[K'])
    assert.equal(second?.length, 99 + '\u001b[K'.length)
  })

  test('is a line of a log elsewhere: when it is new, and not all the time', async () => {
    const world = new FakeEnvironment()
    const line = new NoteLine(world)
    for (const text of ['a', 'a', 'b', 'c']) {
      await line.show(text)
      world.nowMs += 4000
    }
    await line.clear()
    assert.equal(world.stderr.text, 'a\nc\n')
    await new NoteLine(world, { terminalOnly: true }).show('never')
    assert.equal(world.stderr.text, 'a\nc\n')
  })
})
