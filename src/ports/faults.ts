/**
 * Places where tests plant faults in the real code (a slow disk, a lost sync). Production code asks at a named point;
 * the real implementation answers from the `FROSTBYTE_FAULTS` setting, which is empty unless a test sets it.
 */
export interface Faults {
  /** Whether the fault `name` is planted. Cheap: called on hot paths. */
  has(name: FaultName): boolean
  /** Milliseconds by which to delay at the point `name`; 0 where nothing is planted. */
  delayMs(name: FaultName): number
}

/** Every fault that can be planted, and where it is asked. */
export type FaultName =
  /** Disk: report durable without `fdatasync`. */
  | 'disk.skip-sync'
  /** Disk: report a new file's name durable without syncing its directory. */
  | 'disk.skip-directory-sync'
  /** Disk: delay each read and write. */
  | 'disk.slow'
  /** Disk: fail each append with ENOSPC. */
  | 'disk.full'
