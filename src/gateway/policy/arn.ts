// Amazon Resource Names as FrostByte uses them: one account, no regions. Source: AWS General Reference, "ARNs"; ADR 0088.

/** The account of every cluster: ARNs have one, and FrostByte has nothing that it could tell apart (ADR 0088). */
export const accountId = '000000000000'

export const rootArn = `arn:aws:iam::${accountId}:root`

/** `path` begins and ends with a slash. */
export function userArn(name: string, path = '/'): string {
  return `arn:aws:iam::${accountId}:user${path}${name}`
}

export function userGroupArn(name: string, path = '/'): string {
  return `arn:aws:iam::${accountId}:group${path}${name}`
}

export function roleArn(name: string, path = '/'): string {
  return `arn:aws:iam::${accountId}:role${path}${name}`
}

export function policyArn(name: string, path = '/'): string {
  return `arn:aws:iam::${accountId}:policy${path}${name}`
}

/** Of who has taken a role. */
export function assumedRoleArn(role: string, session: string): string {
  return `arn:aws:sts::${accountId}:assumed-role/${role}/${session}`
}

/** The last part of the resource of an ARN: the name of a user, role, policy or group. */
export function nameOfArn(arn: string): string {
  return arn.slice(Math.max(arn.lastIndexOf('/'), arn.lastIndexOf(':')) + 1)
}

/** Of a bucket or an object in it. */
export function s3Arn(bucket: string, key?: string): string {
  return key === undefined ? `arn:aws:s3:::${bucket}` : `arn:aws:s3:::${bucket}/${key}`
}
