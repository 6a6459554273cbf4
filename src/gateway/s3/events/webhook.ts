// A webhook: where events go. Only the administrator says which there are; a bucket's configuration can do no more than name one.

export interface Webhook {
  readonly name: string
  /** http: or https:. */
  readonly url: string
  /** Sent as a bearer token. */
  readonly token?: string | undefined
  /** Signs what is sent. */
  readonly secret?: string | undefined
}

const followerPrefix = 'webhook '

/** Under which name the change log is followed for it. */
export function followerOf(name: string): string {
  return `${followerPrefix}${name}`
}

/** `undefined`: that follower is none of a webhook. */
export function webhookOfFollower(follower: string): string | undefined {
  return follower.startsWith(followerPrefix) ? follower.slice(followerPrefix.length) : undefined
}
