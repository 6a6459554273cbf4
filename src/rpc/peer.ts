// The internal protocol as its users see it: one `RpcPeer` for each connection, symmetric once the handshake has
// ended, whoever dialled. docs/design/protocol.md holds the bytes, the limits and the failure behaviour.
//
// Who owns which memory:
// - Headers are copied: the caller may reuse a request's or reply's header as soon as the call returned, and a received
//   header is the receiver's to keep.
// - Bodies that are sent are kept until `sent` is called (always, exactly once), and must not change before.
// - A received request body is valid until the handler's promise settles; a handler that needs it for longer (also: to
//   send it back in its reply) takes it with `takeBody`.
// - A received response body is the caller's until `release`.
//
// No deadlock by memory: responses never wait for memory, because the requester gives it with the request (`into`, `onBody`),
// or accepts `overloaded` where the pool is empty on arrival. Only request bodies of 64 KiB and more wait for the pool, by
// stopping the connection they come over. So a handler that holds such a body must not wait for the answer to a request of
// its own, or two nodes could wait for each other.

import type { ClusterId, ProcessId, WorkerId } from '../base/ids.ts'
import type { FrostError } from '../base/errors.ts'
import type { BodyMemory } from './body-pool.ts'
import type { RpcExtension } from './extension.ts'

/** Who a node is; proved in the handshake together with the cluster's secret. */
export type NodeIdentity =
  | { readonly kind: 'master'; readonly id: ProcessId }
  | { readonly kind: 'worker'; readonly id: WorkerId }
  | { readonly kind: 'tool'; readonly id: ProcessId }

/** What the other side said of itself, after it proved the cluster's secret. */
export interface PeerInfo {
  readonly identity: NodeIdentity
  /** `undefined`: a node that has not joined a cluster yet. */
  readonly clusterId: ClusterId | undefined
  readonly remoteAddress: string
  readonly protocolVersion: number
}

export interface RequestOptions {
  /** From now, 1 to 3,600,000. Past it the request rejects with `deadline-exceeded`, and its handler is told. */
  readonly deadlineMs: number
  /** Sent as one body after the other. At most 2 MiB altogether. Must not change before `sent`. */
  readonly body?: readonly Uint8Array[]
  /** The body carries checks that its receiver looks at (a record, its chunks): the frame computes none over it. */
  readonly bodyHasOwnChecks?: boolean
  /** Called exactly once, when `body` is not referenced any more: from inside `request`, or later, before or after it settles. */
  readonly sent?: () => void
  /** An abort rejects with `cancelled` and aborts the handler's signal. */
  readonly signal?: AbortSignal
  /** As it is, or encoded already. */
  readonly extension?: RpcExtension | Uint8Array
  /**
   * Memory for the response's body, the peer's from here on: on success it comes back in the response (`body` is the
   * filled start of it), otherwise the peer calls its `release` as soon as nothing writes to it any more, which can be after the
   * rejection. A body that is longer rejects with `protocol-error`. Directly filled where this side dialled.
   */
  readonly into?: BodyMemory
  /**
   * Gets each slice of the response's body as it arrives, in order, while the request is open; the slice is valid during the call
   * only. Where the frame has a check over the body, it is known to be right only when the request resolves.
   * `response.body` is undefined then. Must not throw. Not together with `into`.
   */
  readonly onBody?: (slice: Uint8Array, offset: number, bodyLength: number) => void
}

export interface RpcResponse {
  readonly header: Uint8Array
  /** `undefined` where there is none, or where it went to `onBody`. */
  readonly body: Uint8Array<ArrayBuffer> | undefined
  /** Gives `body` back. Exactly once, where there is a body; harmless where there is none. */
  release(): void
}

/** A request as its handler sees it. */
export interface RpcRequest {
  readonly method: number
  readonly peer: RpcPeer
  readonly header: Uint8Array
  /** Valid until the handler's promise settles. */
  readonly body: Uint8Array<ArrayBuffer> | undefined
  readonly extension: RpcExtension
  /** Aborts when the requester cancelled or gave up, or the connection broke. Made at the first look at it. */
  readonly signal: AbortSignal
  /** On this process's monotonic clock: when the requester gives up. */
  readonly deadlineMonotonicMs: number
  /** Takes the body over: the caller releases it. `undefined` where there is none. At most once. */
  takeBody(): BodyMemory | undefined
}

export interface RpcReply {
  readonly header: Uint8Array
  /** At most 2 MiB altogether. Must not change before `sent`. */
  readonly body?: readonly Uint8Array[]
  /** As of a request's body. */
  readonly bodyHasOwnChecks?: boolean
  /** Called exactly once, when `body` is not referenced any more: it was sent, or nobody wants it now. */
  readonly sent?: () => void
}

/**
 * Answers one request. A rejection with a FrostError travels with its code, message and remedy; everything else becomes
 * `internal` there and is logged here; an AssertionError is thrown on, and ends the process.
 */
export type RpcHandler = (request: RpcRequest) => Promise<RpcReply>

/** By method number, 1 to 65,535. A request for another method is answered with `bad-request`. */
export type RpcHandlers = ReadonlyMap<number, RpcHandler>

export interface RpcPeer {
  readonly info: PeerInfo
  /** False once the connection broke, or either side began to close it; requests then reject with `peer-unreachable`. */
  readonly open: boolean
  /** Resolves, once, to why the connection ended. Every request has settled by then. */
  readonly closed: Promise<FrostError>
  /**
   * Sends a request and waits for its response. Waits in order where the peer's limits (requests in flight, bytes of their
   * bodies) are reached. Header: at most 32 KiB.
   * @throws FrostError the handler's; `deadline-exceeded`, `cancelled`, `peer-unreachable` (nobody knows whether it was handled),
   * `overloaded` (too many wait; or a body of 64 KiB or more found no memory).
   */
  request(method: number, header: Uint8Array, options: RequestOptions): Promise<RpcResponse>
  readonly stats: PeerStats
  /** The peer's requests that are not answered yet. */
  handled(): Iterable<HandledRequest>
  /** Says goodbye: no new requests either way, waits for those in flight, at most `timeoutMs`, then ends the connection. */
  close(timeoutMs: number): Promise<void>
  /** Ends the connection at once; open requests reject with `peer-unreachable`. Can be called twice. */
  destroy(reason: string): void
}

export interface HandledRequest {
  readonly method: number
  /** On the monotonic clock: when its head came. */
  readonly arrivedMonotonicMs: number
  readonly bodyLength: number
  readonly extension: RpcExtension
}

export interface PeerStats {
  /** Requests sent and not answered yet. */
  readonly inFlight: number
  /** Requests that wait for the peer's limits. */
  readonly waiting: number
  /** Handlers at work for the peer. */
  readonly handling: number
  /** Bytes written and not yet with the kernel. */
  readonly queuedBytes: number
}
