// The power of one simulated machine. Every step of its disks goes through `step`, so a test can cut the power at any of
// them: nothing that was waiting is ever answered, as if the process were gone. The medium (medium.ts) decides what is left.

export class PowerSwitch {
  /** Steps done so far, over all disks of the machine. */
  steps = 0
  #cutAtStep: number
  readonly #delay: (() => Promise<void>) | undefined
  #isOn = true
  #announce: () => void = () => {}
  /** Resolves when the power is cut. */
  readonly off: Promise<void>

  /** Cuts the power at step `cutAtStep` (from 1), before it is done. `delay`: how long a step takes; default: no time. */
  constructor(options: { readonly cutAtStep?: number; readonly delay?: () => Promise<void> } = {}) {
    this.#cutAtStep = options.cutAtStep ?? Number.POSITIVE_INFINITY
    this.#delay = options.delay
    this.off = new Promise((resolve) => {
      this.#announce = resolve
    })
  }

  get isOn(): boolean {
    return this.#isOn
  }

  /** Cuts the power at the `count`-th step from now. */
  cutIn(count: number): void {
    this.#cutAtStep = this.steps + count
  }

  cut(): void {
    this.#isOn = false
    this.#announce()
  }

  /** Resolves when the next step may be done; never, once the power is off. */
  async step(): Promise<void> {
    if (this.#delay !== undefined && this.#isOn) await this.#delay()
    if (!this.#isOn) return darkness()
    this.steps++
    if (this.steps >= this.#cutAtStep) {
      this.cut()
      return darkness()
    }
    // A step is never done within the call that asks for it.
    await Promise.resolve()
    return this.#isOn ? undefined : darkness()
  }
}

function darkness(): Promise<never> {
  return new Promise(() => {})
}
