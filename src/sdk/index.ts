// What the client library offers, in Node.js and in browsers. `node.ts` adds files on the local disk.

export { AccessClient } from './access-client.ts'
export type { NewAccessKey, NewShareLink, NewToken, NewUser, UserChange } from './access-client.ts'
export { FrostByteClient } from './client.ts'
export type { BucketChange, FileOptions, LayoutOptions, ListOptions, RebuildOptions, VerifyOptions } from './client.ts'
export type { Download, DownloadOptions } from './download.ts'
export { EncryptionClient } from './encryption-client.ts'
export type { EncryptionKeyInfo } from './encryption-client.ts'
export { FrostByteError } from './errors.ts'
export type { ClientErrorCode } from './errors.ts'
export { parseByteRange } from './range.ts'
export type { ByteRange } from './range.ts'
export type { RemoveOptions } from './remove.ts'
export type { RetryOptions } from './retry.ts'
export type { ReplayableSource, UploadSource } from './source.ts'
export type { ClientOptions, RequestOptions } from './transport.ts'
export type { UploadOptions } from './upload.ts'
export type { OnProgress, Progress } from './upload-body.ts'
export type { BucketInfo, FileInfo, LayoutPage, LayoutPiece, RebuildStatus, VerifyPage, VerifyProblem } from './wire.ts'
export type {
  AccessKeyInfo,
  AccessLevel,
  GrantInfo,
  SelfInfo,
  ShareLinkInfo,
  TokenInfo,
  UserInfo,
  UserRole,
} from './wire-access.ts'
export type {
  ClusterStatus,
  GroupStatus,
  HealingStatus,
  LostFile,
  RedundancyStatus,
  ScrubStatus,
  SlotMove,
  WorkerStatus,
} from './wire-cluster.ts'
