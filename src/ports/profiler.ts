/** What a profile is taken over. */
export interface ProfileWindow {
  readonly seconds: number
  /** An abort ends the profile at once: it rejects with the signal's reason. */
  readonly signal: AbortSignal
}

/** One thing that is under way. */
export interface Activity {
  /** What it is, the most special last: `['http', 'GET download']`. */
  readonly stack: readonly string[]
  readonly ageMs: number
  /** What tells it from others like it. */
  readonly labels: Readonly<Record<string, string>>
}

/**
 * Looks into this process. Every profile is in pprof's format (profile.proto, compressed with gzip), names functions as
 * `folder/file.function` and files by their whole path, and can be read by `go tool pprof`.
 */
export interface Profiler {
  /**
   * Where processor time goes. Sample types: samples, cpu (nanoseconds).
   * @throws FrostError `profile-running`: one profile over a time is taken at once.
   */
  cpu(window: ProfileWindow): Promise<Uint8Array>
  /**
   * What was allocated on the JavaScript heap since the sampling began, and had not been given up at the last garbage collection.
   * `collect`: one is made now; everything waits for it. Sample types: inuse_objects, inuse_space.
   * @throws FrostError `profile-running`: allocations are being looked at.
   */
  heap(options: { readonly collect: boolean }): Promise<Uint8Array>
  /**
   * What is allocated on the JavaScript heap meanwhile, also what is given up again. Sample types: alloc_objects, alloc_space. Afterwards
   * `heap` knows only of what was allocated since. @throws FrostError `profile-running`.
   */
  allocations(window: ProfileWindow): Promise<Uint8Array>
  /** What is under way, as stacks with a count and an age. Sample types: requests, age (nanoseconds). */
  activities(activities: readonly Activity[]): Promise<Uint8Array>
}
