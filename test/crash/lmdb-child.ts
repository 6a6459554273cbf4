// A process with an LMDB map, driven by lines on its standard input and answering on its standard output, each line written
// with one synchronous call, so that a trace shows when it was written:
//   claim · put KEY VALUE · count N (puts 1 to N under the key `count`, one after the other, each with a line) · get KEY

import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'

import { errorCode } from '../../src/base/errors.ts'
import { LmdbKeyValue } from '../../src/node/lmdb-key-value.ts'

const file = process.argv[2] ?? ''
const say = (line: string): void => {
  writeSync(1, `${line}\n`)
}
const map = await LmdbKeyValue.open({ file, onFailure: () => say('failure') })

async function put(key: string, value: string): Promise<void> {
  await map.decide(() => ({ changes: [[key, Buffer.from(value)]], result: undefined }))
}

async function obey(verb: string | undefined, key: string, value: string): Promise<string> {
  if (verb === 'claim') await map.claim()
  else if (verb === 'put') await put(key, value)
  else if (verb === 'count') {
    for (let index = 1; index <= Number(key); index++) {
      await put('count', String(index))
      say(`counted ${index}`)
    }
  } else if (verb === 'get') return `got ${Buffer.from(map.view().get(key) ?? 'nothing').toString()}`
  return 'done'
}

say('ready')
for await (const line of createInterface(process.stdin)) {
  const [verb, key = '', value = ''] = line.split(' ')
  try {
    say(await obey(verb, key, value))
  } catch (error) {
    say(`failed ${errorCode(error)}`)
  }
}
await map.close()
