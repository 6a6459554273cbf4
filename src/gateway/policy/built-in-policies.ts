// Policies that every cluster has, as AWS has them in every account: `arn:aws:iam::aws:policy/NAME`. Nothing of them is stored.
//
// Source: AWS Managed Policy Reference; of each what concerns services that FrostByte has.

const statements: Readonly<Record<string, readonly object[]>> = {
  AdministratorAccess: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
  AmazonS3FullAccess: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }],
  AmazonS3ReadOnlyAccess: [{ Effect: 'Allow', Action: ['s3:Get*', 's3:List*', 's3:Describe*'], Resource: '*' }],
  IAMFullAccess: [{ Effect: 'Allow', Action: 'iam:*', Resource: '*' }],
  IAMReadOnlyAccess: [{ Effect: 'Allow', Action: ['iam:Get*', 'iam:List*', 'iam:Simulate*'], Resource: '*' }],
  ReadOnlyAccess: [{ Effect: 'Allow', Action: ['s3:Get*', 's3:List*', 'iam:Get*', 'iam:List*'], Resource: '*' }],
}

const texts: ReadonlyMap<string, string> = new Map(
  Object.entries(statements).map(([name, list]) => [name, JSON.stringify({ Version: '2012-10-17', Statement: list })]),
)

/** The text; `undefined`: there is none of that name. */
export function builtInPolicy(name: string): string | undefined {
  return texts.get(name)
}

export const builtInPolicyNames: readonly string[] = [...texts.keys()]
