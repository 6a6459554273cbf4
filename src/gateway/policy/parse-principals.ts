// The element Principal: `"*"`, or an object of types with one value or several. Whether who is named exists is not known here.
//
// Source: AWS IAM User Guide, "AWS JSON policy elements: Principal".

import type { PrincipalName, PrincipalType } from './policy-document.ts'
import { PolicyError } from './policy-error.ts'

const types: readonly PrincipalType[] = ['AWS', 'Federated', 'Service', 'CanonicalUser']

/** @throws PolicyError `Invalid principal in policy`. */
export function parsePrincipals(given: unknown): readonly PrincipalName[] {
  if (given === '*') return [{ type: '*', value: '*' }]
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw invalid()
  const names = Object.entries(given).flatMap(([name, value]) => {
    const type = types.find((known) => known === name)
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    if (type === undefined) throw invalid()
    return values.map((each) => ({ type, value: checkName(type, each) }))
  })
  if (names.length === 0) throw invalid()
  return names
}

function checkName(type: PrincipalType, value: unknown): string {
  if (typeof value !== 'string' || !isName(type, value)) throw invalid()
  return value
}

function isName(type: PrincipalType, value: string): boolean {
  switch (type) {
    case 'AWS':
      return (
        value === '*' ||
        /^\d{12}$/.test(value) ||
        /^arn:aws:iam::\d{12}:(root|(user|role)\/[\w+=,.@/-]{1,576})$/.test(value) ||
        /^arn:aws:sts::\d{12}:(assumed-role\/[\w+=,.@-]{1,64}|federated-user)\/[\w+=,.@-]{1,64}$/.test(value)
      )
    case 'CanonicalUser':
      return /^[0-9a-f]{64}$/.test(value)
    case 'Service':
      return /^[a-z0-9.-]{1,128}$/.test(value)
    case 'Federated':
      return /^[\w.:/-]{1,256}$/.test(value)
  }
}

function invalid(): PolicyError {
  return new PolicyError('Invalid principal in policy')
}
