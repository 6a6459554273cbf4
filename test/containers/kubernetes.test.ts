// deploy/kubernetes against Kubernetes' own schema, in strict mode: an unknown field is an error. The schema comes with
// `kubernetes-validate`, a Python package, which is installed into a folder of its own for the run.

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before, describe, test } from 'node:test'

import { listManifestFiles, manifestFolder } from '../harness/kubernetes-manifests.ts'
import { missing, runProgram } from '../harness/programs.ts'

const validator = 'kubernetes-validate==1.37.0'
/** The oldest that is still maintained by anybody, and the newest that the validator knows. */
const versions = ['1.30.0', '1.37.0']

describe('the schema of Kubernetes', { skip: missing('python3', ['-m', 'venv', '--help']) }, () => {
  let folder: string
  let program: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'frostbyte-kubernetes-'))
    program = join(folder, 'bin', 'kubernetes-validate')
    for (const [name, args] of [
      ['python3', ['-m', 'venv', folder]],
      [join(folder, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', validator]],
    ] as const) {
      const { status, stderr } = await runProgram(name, args)
      assert.equal(status, 0, stderr)
    }
  })

  after(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  async function validate(version: string, files: readonly string[]): Promise<{ status: number | null; text: string }> {
    const { status, stdout, stderr } = await runProgram(program, ['-k', version, '--strict', '--no-warn', ...files])
    return { status, text: stdout + stderr }
  }

  test('accepts every manifest', async () => {
    const names = (await listManifestFiles()).filter((name) => name !== 'kustomization.yaml')
    const files = names.map((name) => fileURLToPath(new URL(name, manifestFolder)))
    for (const version of versions) {
      const { status, text } = await validate(version, files)
      assert.equal(status, 0, text)
      assert.equal([...text.matchAll(/ passed for resource /g)].length, 11, text)
    }
  })

  test('refuses one with a field that is misspelt', async () => {
    const wrong = join(folder, 'wrong.yaml')
    const lines = [
      'apiVersion: v1',
      'kind: Service',
      'metadata: { name: a }',
      'spec: { publishNotReadyAdresses: true }',
    ]
    await writeFile(wrong, lines.join('\n'))
    const { status, text } = await validate('1.37.0', [wrong])
    assert.notEqual(status, 0, text)
  })
})
