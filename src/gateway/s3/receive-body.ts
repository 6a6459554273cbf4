// Receives the body of a request: into an upload, or into memory where it is a document. The upload is opened before the body is read (and
// before a client that waits with Expect: 100-continue is told to send), and committed only after the body's proper end and with
// every check passed; on every other way out it is aborted, so that nothing of a broken body stays.

import type { ObjectUpload, Sealing } from '../../master/object-service.ts'
import { BodyPump } from '../http/body-pump.ts'
import type { ByteSink } from '../http/body-pump.ts'
import type { Exchange } from '../http/exchange.ts'
import type { StallWatch, Transfer } from '../http/stall-watch.ts'
import { clientGone, uploadStalled } from '../http/upload-body.ts'
import { planBody } from './body/body-plan.ts'
import type { BodyPlan } from './body/body-plan.ts'
import type { BodyDigests, CheckOptions } from './body/body-checks.ts'
import { S3Body } from './body/s3-body.ts'
import type { S3Call, S3Parts } from './s3-call.ts'
import { S3Error } from './s3-error.ts'
import { collectHeaders } from './signature/wire-headers.ts'
import type { WireHeaders } from './signature/wire-headers.ts'

/** What is known of a body that has come to its end and passed its checks. */
export interface ReceivedBody extends BodyDigests {
  readonly sizeBytes: number
}

/** @throws S3Error what is wrong with what the headers say of the body. */
export function bodyPlanOf({ exchange, sender, operation }: S3Call): BodyPlan {
  const headers = collectHeaders(exchange.request.rawHeaders)
  return planBody(operation === 'CompleteMultipartUpload' ? withoutChecksums(headers) : headers, sender.payload)
}

/** Those of a request that completes an upload are of the object, not of the list of parts that is its body. */
function withoutChecksums(headers: WireHeaders): WireHeaders {
  return new Map(Array.from(headers).filter(([name]) => !name.startsWith('x-amz-checksum-')))
}

export interface ReceiveOptions extends CheckOptions {
  readonly plan: BodyPlan
  readonly sizeBytesMax: number
}

/** Resolves when all of it was handed to the sink. @throws S3Error, FrostError: the body, the client or the sink failed. */
async function receiveBody(
  call: S3Call,
  parts: S3Parts,
  sink: ByteSink,
  options: ReceiveOptions,
): Promise<ReceivedBody> {
  const { exchange, sender } = call
  const { compute, clock, uploadWatch } = parts
  const body = new S3Body({ compute, clock, sink }, { ...options, chain: sender.chunks })
  await new Receipt(exchange, uploadWatch, body).run()
  const digests = body.finish()
  return { ...digests, sizeBytes: body.sizeBytes }
}

/** Receives a body into an upload and finishes that; what goes wrong aborts it. */
export async function receiveInto<Result>(
  call: S3Call,
  parts: S3Parts,
  upload: ObjectUpload<Result>,
  options: ReceiveOptions & { readonly seal: (body: ReceivedBody) => Sealing },
): Promise<Result> {
  try {
    const body = await receiveBody(call, parts, upload, options)
    return await upload.finish(options.seal(body))
  } catch (error) {
    upload.abort(error)
    throw error
  }
}

/** A whole body in memory: a document. @throws S3Error `MaxMessageLengthExceeded`, and as `receiveBody`. */
export async function receiveDocument(call: S3Call, parts: S3Parts, bytesMax: number): Promise<Uint8Array> {
  const plan = bodyPlanOf(call)
  if (plan.sizeBytes !== undefined && plan.sizeBytes > bytesMax) throw tooLong()
  const gathering = new Gathering(bytesMax)
  await receiveBody(call, parts, gathering, { plan, etag: false, sizeBytesMax: Number.MAX_SAFE_INTEGER })
  return gathering.bytes()
}

class Gathering implements ByteSink {
  readonly #bytesMax: number
  readonly #slices: Uint8Array[] = []
  #length = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  write(slice: Uint8Array): undefined {
    this.#length += slice.length
    if (this.#length > this.#bytesMax) throw tooLong()
    this.#slices.push(new Uint8Array(slice))
  }

  bytes(): Uint8Array {
    const [first] = this.#slices
    return this.#slices.length === 1 && first !== undefined ? first : Buffer.concat(this.#slices)
  }
}

function tooLong(): S3Error {
  return new S3Error('MaxMessageLengthExceeded')
}

/** One body on its way: ends when the client has sent all of it, has gone, or stands still. */
class Receipt implements Transfer {
  readonly #exchange: Exchange
  readonly #watch: StallWatch
  readonly #pump: BodyPump

  constructor(exchange: Exchange, watch: StallWatch, sink: ByteSink) {
    this.#exchange = exchange
    this.#watch = watch
    this.#pump = new BodyPump(exchange.request, sink, { announcedBytes: undefined, sharesMemory: false })
  }

  async run(): Promise<void> {
    const exchange = this.#exchange
    if (!exchange.hasBody) {
      this.#pump.endEmpty()
      return
    }
    try {
      exchange.onClose(() => {
        if (!this.#pump.isSettled) this.#pump.fail(clientGone())
      })
      exchange.acceptBody()
      this.#watch.add(this)
      await this.#pump.run()
    } finally {
      this.#watch.remove(this)
      exchange.bytesReceived = this.#pump.receivedBytes
    }
  }

  progress(): number {
    return this.#pump.receivedBytes
  }

  isPeerTurn(): boolean {
    return !this.#pump.isHeldBack
  }

  onStall(): void {
    this.#pump.fail(uploadStalled(this.#watch.timeoutMs))
  }
}

/** @throws S3Error `EntityTooLarge`, `MissingContentLength`. */
export function checkedSize(plan: BodyPlan, bytesMax: number): number {
  const { sizeBytes } = plan
  if (sizeBytes === undefined) throw new S3Error('MissingContentLength')
  if (sizeBytes <= bytesMax) return sizeBytes
  throw new S3Error('EntityTooLarge', undefined, {
    fields: { ProposedSize: String(sizeBytes), MaxSizeAllowed: String(bytesMax) },
  })
}
