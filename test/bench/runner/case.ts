/** Something to measure. A case runs in a process of its own, so that none warms another up or fills its memory. */
export interface BenchCase {
  /** Unique; says what goes in and how large one item is. */
  readonly name: string;
  /** Plural of what is counted: `events`, `records`, `lines`. */
  readonly unit: string;
  /** Items per CPU second that we want to reach. */
  readonly target?: number;
  /** Undefined, with the reason printed, where its data are not there. */
  prepare(): Promise<Workload | undefined> | Workload | undefined;
}

export interface Workload {
  /** Bytes of one item on average. */
  readonly bytes?: number;
  /** Milliseconds and megabytes that being ready took, where that is part of the case. */
  readonly startMs?: number;
  readonly startCpuMs?: number;
  /** Handles about `items` items more and returns how many it did. Time outside of `run` is not measured. */
  run(items: number): number | Promise<number>;
  /** Handles one item: for the distribution of times. */
  readonly one?: () => void;
  close?(): Promise<void> | void;
}

/** Median and the extremes of several runs. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export interface CaseResult {
  readonly name: string;
  readonly unit: string;
  readonly target: number | undefined;
  readonly bytes: number | undefined;
  /** Items per CPU second, user and system, all threads. */
  readonly rate: Spread;
  /** The same by rounds of the calibration loop: items per round, free of how fast the machine was. */
  readonly ratio: Spread;
  readonly startMs: number | undefined;
  readonly startCpuMs: number | undefined;
  /** Resident memory after the runs. */
  readonly rssMb: number;
  /** Microseconds for one item. */
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  /** Bytes allocated for one item. */
  readonly allocated: number | undefined;
}
