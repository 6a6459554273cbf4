import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { Command } from 'commander'
import fc from 'fast-check'

import { FrostError } from '../../base/errors.ts'
import { parseConfigFile } from './file.ts'
import { addConfigFlags, flagsGiven, toFlags } from './flags.ts'
import { nearest } from './nearest.ts'
import { defaultText, roles, variableOf } from './option.ts'
import type { AnyOption, Role } from './option.ts'
import { options } from './options.ts'
import { resolveConfig } from './resolve.ts'
import type { Given } from './resolve.ts'
import { formatDuration, formatSize, parseDuration, parseSize } from './units.ts'
import { parseVariables } from './variables.ts'

const table = Object.values<AnyOption>(options)

/** Holds an error to naming what is wrong, and what to do. */
function refusal(message: RegExp, remedy: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof FrostError)
    assert.equal(error.code, 'config-invalid')
    assert.match(error.message, message)
    assert.match(error.remedy ?? '', remedy)
    return true
  }
}

function fromFlags(values: Readonly<Record<string, string>>): Given {
  const named = Object.entries(values).map(([name, text]) => [name, { text, place: `--${name}` }] as const)
  return { source: 'flag', values: new Map(named), directory: '/here' }
}

function fromVariables(variables: Readonly<Record<string, string>>): Given {
  return { source: 'variable', values: parseVariables(variables), directory: '/here' }
}

function fromFile(text: string): Given {
  return { source: 'file', values: parseConfigFile(text, 'frostbyte.yaml'), directory: '/etc/frost' }
}

describe('a size', () => {
  test('is read strictly', () => {
    for (const [text, bytes] of [
      ['10KiB', 10_240],
      ['1GiB', 2 ** 30],
      ['0B', 0],
      ['10240', 10_240],
    ] as const) {
      assert.equal(parseSize(text), bytes)
    }
    for (const text of ['', '10KB', '10kib', '1.5GiB', '-1B', '1 KiB', 'KiB', '9999999999TiB', '0x10', '1e3']) {
      assert.equal(parseSize(text), undefined, text)
    }
  })

  test('is written so that it reads back', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), fc.constantFrom(0, 10, 20), (number, shift) => {
        const bytes = number * 2 ** shift
        assert.equal(parseSize(formatSize(bytes)), bytes)
      }),
    )
    assert.equal(formatSize(10_240), '10KiB')
    assert.equal(formatSize(10_241), '10241B')
  })
})

describe('a duration', () => {
  test('is read strictly', () => {
    for (const [text, milliseconds] of [
      ['30s', 30_000],
      ['500ms', 500],
      ['5m', 300_000],
      ['2h', 7_200_000],
    ] as const) {
      assert.equal(parseDuration(text), milliseconds)
    }
    for (const text of ['', '30', '30 s', '1.5s', '-1s', '1d', 's']) assert.equal(parseDuration(text), undefined, text)
  })

  test('is written so that it reads back', () => {
    fc.assert(
      fc.property(fc.nat(), (milliseconds) => assert.equal(parseDuration(formatDuration(milliseconds)), milliseconds)),
    )
  })
})

describe('the table of options', () => {
  test('has each name once, in lower case with hyphens', () => {
    const names = table.map(({ name }) => name)
    assert.deepEqual(names, [...new Set(names)])
    for (const name of names) assert.match(name, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
  })

  test('has defaults that are legal, and written as they would be written back', () => {
    for (const option of table) {
      for (const role of option.roles) {
        const text = defaultText(option, role)
        const value = text === undefined ? undefined : option.kind.parse(text)
        if (text !== undefined)
          assert.equal(value === undefined ? undefined : option.kind.format(value), text, option.name)
      }
    }
  })

  test('reads any text without throwing, and what it takes it writes so that it reads back', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^\d{1,17}(B|KiB|MiB|GiB|TiB|ms|s|m|h)?$/),
      fc.stringMatching(/^\d{1,2}\+\d{1,2}$/),
      fc.stringMatching(/^[a-z0-9.:[\]-]{1,20}(:\d{1,6})?(,[a-z0-9.]{1,9}:\d{1,5})?$/),
    )
    fc.assert(
      fc.property(fc.constantFrom(...table), text, (option, given) => {
        const value = option.kind.parse(given)
        if (value !== undefined) assert.deepEqual(option.kind.parse(option.kind.format(value)), value)
        assert.ok(option.kind.hint?.(given) !== '')
      }),
      { numRuns: 3000 },
    )
  })
})

describe('a configuration', () => {
  test('takes the defaults where nothing is said', () => {
    const config = resolveConfig('up', [], '/here')
    assert.equal(config.workers, 5)
    assert.equal(config.dataDirectory, '/here/frostbyte-data')
    assert.deepEqual(config.scheme, { dataColumns: 3, parityColumns: 2 })
    assert.equal(config.chunkSizeBytes, 10_240)
    assert.equal(config.memoryBytes, 96 * 2 ** 20)
    assert.equal(config.capacityBytes, undefined)
    assert.equal(config.openAccess, false)
  })

  test('takes a flag over a variable, a variable over the file, and the file over the default', () => {
    const file = fromFile('workers: 7\nchunk-size: 20KiB\nrest-port: 81\nhost: ::1\n')
    const variables = fromVariables({ FROSTBYTE_WORKERS: '8', FROSTBYTE_CHUNK_SIZE: '30KiB', FROSTBYTE_REST_PORT: '' })
    const config = resolveConfig('up', [fromFlags({ workers: '9' }), variables, file], '/here')
    assert.deepEqual([config.workers, config.chunkSizeBytes, config.restPort, config.host], [9, 30 * 1024, 81, '::1'])
  })

  test('means relative paths from where they are written', () => {
    assert.equal(resolveConfig('master', [fromFile('data: store')], '/here').dataDirectory, '/etc/frost/store')
    assert.equal(resolveConfig('master', [fromFlags({ data: 'store' })], '/here').dataDirectory, '/here/store')
    assert.equal(resolveConfig('master', [fromFile('data: /store')], '/here').dataDirectory, '/store')
  })

  test('cannot be changed', () => {
    const config = resolveConfig('up', [], '/here')
    assert.throws(() => Reflect.set(config, 'workers', 1) || assert.fail('unchanged'))
    assert.ok(Object.isFrozen(config))
  })

  test('leaves alone what is for other roles', () => {
    const file = fromFile('workers: 7\nurl: http://host\nsecret-file: s\nmaster: [a:1, b:2]\n')
    const config = resolveConfig('worker', [file], '/here')
    assert.equal('workers' in config, false)
    assert.deepEqual(config.masters, ['a:1', 'b:2'])
    assert.equal(config.secretFile, '/etc/frost/s')
  })

  test('names a key that is no option, where it stands, and the nearest one', () => {
    assert.throws(
      () => fromFile('workers: 5\nchunk-sise: 10KiB\n'),
      refusal(/"chunk-sise" in frostbyte\.yaml:2 is no option/, /Did you mean chunk-size\?/),
    )
    assert.throws(() => fromFile('chunkSize: 1KiB'), refusal(/"chunkSize"/, /Did you mean chunk-size\?/))
    assert.throws(() => fromFile('quux: 1'), refusal(/"quux"/, /config\.md/))
    assert.throws(
      () => fromVariables({ FROSTBYTE_WORKER: '5' }),
      refusal(/FROSTBYTE_WORKER is no option/, /Did you mean FROSTBYTE_WORKERS\?/),
    )
  })

  test('names a value that is none, where it stands, and what would be one', () => {
    const cases: readonly (readonly [Given, RegExp, RegExp])[] = [
      [fromFlags({ workers: '0' }), /^--workers: "0" must be a whole number from 1 to 64/, /for 5/],
      [fromFlags({ 'chunk-size': '10KB' }), /^--chunk-size: "10KB" must be a size/, /Write 10KiB/],
      [fromVariables({ FROSTBYTE_UPLOAD_STALL_TIMEOUT: '30' }), /^FROSTBYTE_UPLOAD_STALL_TIMEOUT: "30"/, /30s/],
      [fromFile('scheme: 15+2'), /^"scheme" in frostbyte\.yaml:1: "15\+2" must be/, /3\+2/],
      [fromFile('log-level: loud'), /one of debug, info/, /info/],
      [fromFile('open-access: yes'), /"yes" must be true or false/, /false/],
      [fromFile('host: a b'), /IP address or a host name/, /127/],
      [fromFlags({ 'rest-port': '65536' }), /from 0 to 65,535/, /8080/],
    ]
    for (const [given, message, remedy] of cases) {
      assert.throws(() => resolveConfig('up', [given], '/here'), refusal(message, remedy))
    }
  })

  test('keeps a secret to itself, even one that is wrong', () => {
    const given = fromVariables({ FROSTBYTE_SECRET: 'hunter2' })
    assert.throws(
      () => resolveConfig('worker', [given], '/here'),
      (error: unknown) => {
        assert.ok(error instanceof FrostError)
        assert.doesNotMatch(error.message, /hunter2/)
        return true
      },
    )
    assert.throws(
      () => fromFile('secret: 00'),
      refusal(/"secret" in frostbyte\.yaml:1 is not read here/, /Set FROSTBYTE_SECRET/),
    )
  })

  test('sees to what belongs together', () => {
    assert.throws(
      () => resolveConfig('up', [fromFlags({ workers: '4' })], '/here'),
      refusal(/--workers: 4 workers/, /at least 5/),
    )
    assert.equal(resolveConfig('up', [fromFlags({ workers: '3', scheme: '2+1' })], '/here').workers, 3)
    assert.throws(() => resolveConfig('worker', [], '/here'), refusal(/secret/, /--secret-file/))
  })

  test('that others could not dial is refused, unless it says where they can', () => {
    const everywhere = { host: '0.0.0.0' }
    const worker = { ...everywhere, 'secret-file': 's' }
    const inMongodb = fromVariables({ FROSTBYTE_METADATA_URL: 'mongodb://host/' })
    const refused = refusal(/^--host: 0\.0\.0\.0 is no address/, /--advertise/)
    assert.throws(() => resolveConfig('worker', [fromFlags(worker)], '/here'), refused)
    assert.throws(() => resolveConfig('master', [fromFlags(everywhere), inMongodb], '/here'), refused)
    const told = resolveConfig('worker', [fromFlags({ ...worker, advertise: 'a:7001' })], '/here')
    assert.equal(told.advertisedAddress, 'a:7001')
    // A master on its own is found at the address that workers were given.
    assert.equal(resolveConfig('master', [fromFlags(everywhere)], '/here').host, '0.0.0.0')
    assert.equal(resolveConfig('up', [fromFlags(everywhere)], '/here').host, '0.0.0.0')
  })

  test('of healing has the rates and times of the design, and holds them to their bounds', () => {
    const { workerOutAfterMs, compareEveryMs, repairBytesPerSecondMin, repairBytesPerSecondMax } = resolveConfig(
      'master',
      [],
      '/here',
    )
    assert.deepEqual([workerOutAfterMs, compareEveryMs], [15 * 60_000, 5 * 60_000])
    assert.deepEqual([repairBytesPerSecondMin, repairBytesPerSecondMax], [16 * 2 ** 20, 512 * 2 ** 20])
    for (const [name, text] of [
      ['worker-out-after', '999ms'],
      ['worker-out-after', '169h'],
      ['compare-every', '0s'],
      ['repair-rate-min', '0B'],
      ['repair-rate-max', '16MB'],
    ] as const) {
      const refused = refusal(new RegExp(`^--${name}: "${text}" must be`), /./)
      assert.throws(() => resolveConfig('master', [fromFlags({ [name]: text })], '/here'), refused)
    }
  })

  test('cannot have a lowest rate of repair above the highest', () => {
    assert.throws(
      () => resolveConfig('master', [fromVariables({ FROSTBYTE_REPAIR_RATE_MAX: '1MiB' })], '/here'),
      refusal(
        /^FROSTBYTE_REPAIR_RATE_MAX: repair-rate-min, 16MiB, is above repair-rate-max, 1MiB/,
        /Lower repair-rate-min/,
      ),
    )
    assert.throws(
      () => resolveConfig('up', [fromFlags({ 'repair-rate-min': '1GiB' })], '/here'),
      /^FrostError: --repair/,
    )
    const equal = fromFlags({ 'repair-rate-min': '1MiB', 'repair-rate-max': '1MiB' })
    assert.equal(resolveConfig('up', [equal], '/here').repairBytesPerSecondMin, 2 ** 20)
  })

  test('is not disturbed by what container platforms set for a service called frostbyte', () => {
    const variables = {
      FROSTBYTE_SERVICE_HOST: '10.0.0.1',
      FROSTBYTE_SERVICE_PORT: '8080',
      FROSTBYTE_SERVICE_PORT_REST: '8080',
      FROSTBYTE_PORT: 'tcp://10.0.0.1:8080',
      FROSTBYTE_PORT_8080_TCP: 'tcp://10.0.0.1:8080',
      FROSTBYTE_PORT_8080_TCP_ADDR: '10.0.0.1',
      FROSTBYTE_WORKER_PORT: 'tcp://10.0.0.1:7001',
      FROSTBYTE_CONFIG: 'x.yaml',
      PATH: '/bin',
    }
    assert.equal(parseVariables(variables).size, 0)
  })
})

describe('frostbyte.yaml', () => {
  test('may be empty, or hold comments alone', () => {
    for (const text of ['', '\n', '# nothing yet\n', '---\n']) assert.equal(parseConfigFile(text, 'f').size, 0)
  })

  test('is refused where it is not one map of values', () => {
    for (const text of [
      '[1, 2]',
      'workers',
      'workers: {a: 1}',
      'workers:',
      'data: *x',
      'a: &b c',
      '? [x]\n: y',
      'workers: [a: b]',
      'data: "\\q"',
    ]) {
      assert.throws(
        () => parseConfigFile(text, 'f.yaml'),
        (error: unknown) => error instanceof FrostError,
        text,
      )
    }
  })

  test('is refused where a key stands twice', () => {
    assert.throws(
      () => parseConfigFile('workers: 5\nworkers: 6\n', 'f.yaml'),
      refusal(/f\.yaml:2: .*unique/, /one option a line/),
    )
  })

  test('gives texts as they are written, without guesses about their type', () => {
    const values = parseConfigFile('workers: 0x10\nscheme: 3+2\nopen-access: no\nzone: 1e3\n', 'f')
    assert.deepEqual(
      [...values.values()].map(({ text }) => text),
      ['0x10', '3+2', 'no', '1e3'],
    )
  })

  test('ends with a configuration or with a FrostError, whatever it holds', () => {
    const line = fc.tuple(fc.constantFrom(...table.map(({ name }) => name), 'x'), fc.string())
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(line).map((lines) => lines.map(([name, value]) => `${name}: ${value}`).join('\n')),
    )
    fc.assert(
      fc.property(text, (given) => {
        try {
          parseConfigFile(given, 'f.yaml')
        } catch (error) {
          assert.ok(error instanceof FrostError && error.code === 'config-invalid')
        }
      }),
    )
  })
})

describe('flags', () => {
  function parse(role: Role, args: readonly string[]): ReadonlyMap<string, string> {
    const command = addConfigFlags(new Command().exitOverride(), role)
    command.parse(args, { from: 'user' })
    return flagsGiven(command, role)
  }

  test('give what the command line says and nothing else', () => {
    assert.deepEqual([...parse('up', [])], [])
    const given = parse('up', ['--workers', '6', '--open-access', '--config', 'x.yaml', '--allowed-hosts', 'a,b'])
    assert.deepEqual(Object.fromEntries(given), {
      'workers': '6',
      'open-access': 'true',
      'config': 'x.yaml',
      'allowed-hosts': 'a,b',
    })
    assert.deepEqual(Object.fromEntries(parse('master', ['--no-open-access'])), { 'open-access': 'false' })
  })

  test('have a short name for the port, which means another port on a worker', () => {
    assert.deepEqual(Object.fromEntries(parse('up', ['--port', '81'])), { 'rest-port': '81' })
    assert.deepEqual(Object.fromEntries(parse('worker', ['--port', '0'])), { 'worker-port': '0' })
  })

  test('hand a configuration on to another process unchanged', () => {
    const given = fromFlags({
      'scheme': '4+2',
      'workers': '6',
      'chunk-size': '64KiB',
      'memory': '64MiB',
      'open-access': 'true',
      'allowed-hosts': 'a.example,b.example',
      'upload-stall-timeout': '90s',
      'worker-out-after': '1h',
      'compare-every': '30s',
      'repair-rate-min': '1MiB',
      'repair-rate-max': '2MiB',
      'data': '/some where',
      'capacity': '1GiB',
    })
    const up = resolveConfig('up', [given], '/here')
    const flags = toFlags('master', up)
    const handed = {
      source: 'flag',
      directory: '/',
      values: fromFlags(Object.fromEntries(parse('master', flags))).values,
    } as const
    const master = resolveConfig('master', [handed], '/elsewhere')
    for (const key of [
      'scheme',
      'chunkSizeBytes',
      'memoryBytes',
      'openAccess',
      'allowedHosts',
      'uploadStallTimeoutMs',
      'workerOutAfterMs',
      'compareEveryMs',
      'repairBytesPerSecondMin',
      'repairBytesPerSecondMax',
      'dataDirectory',
    ] as const) {
      assert.deepEqual(master[key], up[key], key)
    }
  })

  test('exist for every option that can be one', () => {
    for (const role of roles) {
      const command = addConfigFlags(new Command(), role)
      const names = command.options.map(({ long }) => long)
      for (const option of table) {
        const isFlag = option.roles.includes(role) && option.sources.includes('flag')
        assert.equal(names.includes(`--${option.name}`), isFlag, `${role} ${option.name}`)
      }
    }
  })

  test('have variables of the same name', () => {
    assert.equal(variableOf(options.uploadStallTimeoutMs), 'FROSTBYTE_UPLOAD_STALL_TIMEOUT')
  })
})

describe('the nearest name', () => {
  const known = table.map(({ name }) => name)

  test('is found for slips of the keyboard and other spellings', () => {
    for (const [wrong, meant] of [
      ['wrokers', 'workers'],
      ['chunk_size', 'chunk-size'],
      ['logLevel', 'log-level'],
      ['dta', 'data'],
      ['SCHEME', 'scheme'],
    ] as const) {
      assert.equal(nearest(wrong, known), meant)
    }
  })

  test('is not found for something else', () => {
    for (const wrong of ['', 'x', 'encryption-at-rest', 'replicas'])
      assert.equal(nearest(wrong, known), undefined, wrong)
  })

  test('is itself for each that is known', () => {
    for (const name of known) assert.equal(nearest(name, known), name)
  })
})
