import type { Counter } from '@opentelemetry/api';
import { sleep } from '../component/clock.ts';
import type { Component, Intake } from '../component/component.ts';
import { HEALTH_LOCATION } from '../component/health-event.ts';
import type { Host, Settings } from '../component/host.ts';
import { SilenceWatch } from '../component/silence-watch.ts';
import type { Change } from '../component/state-store.ts';
import { createReceiverTelemetry } from '../component/telemetry.ts';
import {
  type Checkpoint,
  deleteCheckpoint,
  deleteFormer,
  loadCheckpoints,
  putCheckpoint,
  putFormer,
  putPatterns,
} from './checkpoint.ts';
import type { TailConfig } from './config.ts';
import { Delivery } from './delivery.ts';
import { FileSet } from './file-set.ts';
import { digest } from './fingerprint.ts';
import { Glob } from './glob.ts';
import { KnownFiles } from './known-files.ts';
import { LineReader, type LineSink, type RawLine } from './line-reader.ts';
import type { MultilinePatterns } from './multiline.ts';
import { MovedError } from './open-file.ts';
import { BatchBuilder, createControlRecord, rotationMessage } from './records.ts';
import { isShortage } from './shortage.ts';
import { SourceReports } from './source-reports.ts';
import type { TailFile } from './tail-file.ts';

/** What a receiver makes of lines. It is called from one reading loop, never twice at a time. */
export interface LineHandler {
  /** The line's buffer is used again after the call. */
  line(file: TailFile, line: RawLine): void;
  /** All that was there has been read, so that what waits for time may be let go; called again at every look. */
  caughtUp(): void;
  /**
   * Lines of the file that were given but have not led to a record yet: offsets of start and end, in turn. They belong
   * to the given content of the file, as counted by its `generation`.
   */
  pending(file: TailFile, generation: number): number[];
  /** Such lines are found in a copy now, at the same offsets. */
  moved(from: TailFile, generation: number, to: TailFile): void;
  /** What `admitted` wants to know when reading goes on after a restart. */
  state(file: TailFile): string;
  /** `state` is empty for a file that was not read before. */
  admitted(file: TailFile, state: string): void;
}

export interface TailerOptions {
  settings: Settings;
  config: TailConfig;
  next: Intake;
  /** The handler adds its records to `out`, which hands them over with the offsets they cover. */
  createHandler(out: BatchBuilder): LineHandler;
  /** Milliseconds after which an unfinished last line is handed over; 0 (default) for never. */
  forceFlushPeriod?: number;
  multiline?: MultilinePatterns | undefined;
}

/** Most bytes of one file in one turn, so that many files share the reader fairly and renames are seen in time. */
const TURN_BYTES = 4 * 1024 * 1024;
const EXPIRE_INTERVAL_MS = 3_600_000;

/**
 * Reads files as they grow and hands their records over together with the offsets: an offset is stored only with the
 * batch that holds the lines before it.
 */
export class Tailer implements Component {
  readonly #settings: Settings;
  readonly #config: TailConfig;
  readonly #out: BatchBuilder;
  readonly #handler: LineHandler;
  readonly #reader: LineReader;
  readonly #delivery: Delivery;
  readonly #stop = new AbortController();
  readonly #identityPrefix: string;
  readonly #nulBytes: Counter;
  readonly #rotations: Counter;
  readonly #lost: Counter;
  readonly #sink: LineSink;
  readonly #reread: { file: TailFile; pending: readonly number[] }[] = [];
  /** Content that was replaced while lines of it had not led to a record; in this run, so that they are still known. */
  readonly #formers = new Map<Checkpoint, TailFile>();
  #changes: Change[] = [];
  #reports: SourceReports | undefined;
  #silence: SilenceWatch | undefined;
  #set: FileSet | undefined;
  #known: KnownFiles;
  #running: Promise<void> | undefined;
  #expireAt = 0;
  /** A batch was given up at shutdown: nothing after it may be stored, or it would be lost. */
  #gaveUp = false;
  /** A batch had to wait, and what was looked at before may have been rotated meanwhile. */
  #outdated = false;
  #controls = 0;

  constructor({ settings, config, next, createHandler, forceFlushPeriod = 0, multiline }: TailerOptions) {
    const { meter, clock, logger, localHost, id } = settings;
    this.#settings = settings;
    this.#config = config;
    this.#out = new BatchBuilder(localHost, config.resource, clock);
    this.#handler = createHandler(this.#out);
    this.#known = new KnownFiles(config.fingerprint_size);
    this.#identityPrefix = `${localHost.id || localHost.name}\0${id}`;
    this.#nulBytes = meter.createCounter('hids_tail_nul_bytes_skipped', { unit: 'By' });
    this.#rotations = meter.createCounter('hids_tail_rotations', { unit: '{rotation}' });
    this.#lost = meter.createCounter('hids_tail_files_lost', { unit: '{file}' });
    this.#reader = new LineReader({
      maxLogSize: config.max_log_size,
      behavior: config.max_log_size_behavior,
      fingerprintSize: config.fingerprint_size,
      forceFlushPeriod,
      multiline,
      clock,
      onNulBytes: (_file, count) => this.#nulBytes.add(count, { receiver: id }),
    });
    this.#delivery = new Delivery({
      next,
      clock,
      logger,
      telemetry: createReceiverTelemetry(meter, id),
      retry: config.retry_on_failure,
      onWaiting: (reason) => this.#reports?.waiting(reason),
    });
    this.#sink = this.#createSink();
  }

  /** Looks once at what is there; what is written after `start` has resolved is read also with `start_at: end`. */
  async start(host: Host): Promise<void> {
    const { id, logger, baseDir, clock } = this.#settings;
    const config = this.#config;
    this.#reports = new SourceReports(this.#settings, host, config.max_log_size, (body) =>
      this.#control(body, HEALTH_LOCATION),
    );
    if (config.expect_every) this.#silence = new SilenceWatch(this.#settings, host, config.expect_every);
    this.#silence?.seen(id);
    const store = host.store(config.storage);
    const { checkpoints, formers, patterns, damaged } = loadCheckpoints(store, id);
    for (const key of damaged) logger.error({ key }, 'Stored offset is damaged; the file counts as unknown');
    for (const key of damaged) this.#changes.push(deleteCheckpoint(id, key));
    const current = JSON.stringify([config.include, config.exclude, config.fingerprint_size]);
    if (patterns !== current) this.#changes.push(putPatterns(id, current));
    for (const checkpoint of checkpoints) this.#known.add(checkpoint);
    for (const former of formers) {
      for (const dropped of this.#known.addFormer(former)) this.#changes.push(deleteFormer(id, dropped));
    }
    const identity = { prefix: this.#identityPrefix, fingerprintSize: config.fingerprint_size };
    this.#set = new FileSet({
      glob: new Glob(config.include, config.exclude, baseDir),
      known: this.#known,
      clock,
      identity,
      startAt: config.start_at,
      maxLogSize: config.max_log_size,
      maxOpenFiles: config.max_concurrent_files,
      symlinks: config.follow_symlinks,
      ignoreBinaries: config.ignore_binaries,
      samePatterns: patterns === current,
      rotateWait: config.rotate_wait,
      pending: (file) => this.#handler.pending(file, file.generation),
      events: {
        admitted: (file, checkpoint) => this.#admitted(file, checkpoint),
        rotated: (kind, path) => this.#rotated(kind, path),
        unreadable: (path, reason) => this.#reports?.unreadable(path, reason),
        readable: (path, exists) => this.#reports?.readable(path, exists),
        ignored: (path, reason) => this.#reports?.ignored(path, reason),
        forgotten: (key) => this.#changes.push(deleteCheckpoint(id, key)),
        moved: (checkpoint) => this.#changes.push(putCheckpoint(id, checkpoint)),
        formerKept: (former, file) => {
          this.#changes.push(putFormer(id, former));
          if (file && former.pending.length > 0) this.#formers.set(former, file);
        },
        formerForgotten: (former) => {
          this.#changes.push(deleteFormer(id, former));
          this.#formers.delete(former);
        },
      },
    });
    await this.#set.discover();
    if (this.#set.files.size === 0) logger.warn({ include: config.include }, 'No file matches yet');
    this.#reports.status();
    this.#running = this.#run(this.#set);
  }

  async shutdown(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(set: FileSet): Promise<void> {
    const { clock, logger } = this.#settings;
    const { signal } = this.#stop;
    for (let first = true; !signal.aborted; first = false) {
      let again = false;
      try {
        if (!first) await set.discover();
        again = await this.#pass(set);
      } catch (error) {
        // Nothing is lost by it: what was collected goes out with the next batch.
        logger.error({ error }, 'Reading failed; trying again');
      }
      if (!again) await sleep(clock, this.#config.poll_interval, signal);
    }
    await this.#flush();
    this.#silence?.close();
    await set.close();
  }

  /** Reads what is there; true when there is more than one turn allows. */
  async #pass(set: FileSet): Promise<boolean> {
    let again = false;
    this.#outdated = false;
    if (!(await this.#readPending(set))) return false;
    // A file that continues another one has to wait until that one is read to its end.
    const blocked = new Set<string>();
    for (const file of set.unread()) {
      if (this.#stop.signal.aborted) return false;
      if (blocked.has(file.lineage)) continue;
      // What was moved or copied away meanwhile comes before what stands in its place now.
      if (this.#outdated) return true;
      const outcome = await this.#readFile(set, file);
      if (outcome === 'more') again = true;
      if (outcome !== 'done') blocked.add(file.lineage);
    }
    if (!again) this.#handler.caughtUp();
    await this.#leaveMissing(set);
    this.#expire();
    this.#silence?.check();
    this.#reports?.endOfPass();
    await this.#flush();
    return again;
  }

  async #readFile(set: FileSet, file: TailFile): Promise<'done' | 'more' | 'later'> {
    if (file.partialSince !== undefined && file.partialSize === file.size && !this.#reader.isFlushDue(file))
      return 'done';
    try {
      await set.handles.ensureOpen(file);
      const result = await this.#reader.read(file, TURN_BYTES, this.#sink);
      if (result === 'rewritten') await set.replaced(file);
      this.#reports?.readable(file.currentPath, true);
      return result === 'rewritten' || file.more ? 'more' : 'done';
    } catch (error) {
      await set.handles.close(file);
      // A file that is gone is noticed at the next look.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' && !(error instanceof MovedError)) {
        this.#reports?.unreadable(file.currentPath, error instanceof Error ? error.message : String(error));
      }
      return isShortage(error) ? 'later' : 'done';
    }
  }

  /** Lines that were read before a restart and had not led to a record by then; false when that must be tried again. */
  async #readPending(set: FileSet): Promise<boolean> {
    const { logger } = this.#settings;
    while (this.#reread.length > 0) {
      const { file, pending } = this.#reread[0];
      let missing = pending.length / 2;
      try {
        await set.handles.ensureOpen(file);
        for (let i = 0; i + 1 < pending.length; i += 2) {
          if (await this.#reader.readOne(file, pending[i], pending[i + 1], this.#sink)) missing--;
        }
      } catch (error) {
        if (isShortage(error)) return false;
        logger.error({ path: file.path, error }, 'Lines that waited for their event cannot be read');
      }
      if (missing > 0) logger.warn({ path: file.path, missing }, 'Lines that waited for their event are gone');
      this.#reread.shift();
    }
    return true;
  }

  async #leaveMissing(set: FileSet): Promise<void> {
    const { clock, logger } = this.#settings;
    for (const file of [...set.files.values()]) {
      if (file.missingSince === undefined) continue;
      if (!file.handle && !file.gone) continue;
      if (!file.handle) {
        logger.warn({ path: file.path, unread: file.size - file.position }, 'File is gone, what was unread is lost');
        if (file.size > file.position) this.#lost.add(1, { receiver: this.#settings.id });
        await this.#leave(set, file);
        continue;
      }
      const quiet = clock.now() - Math.max(file.lastGrowth, file.missingSince);
      if (quiet < this.#config.rotate_wait || file.more || set.isHeld(file)) continue;
      if (file.position < file.size) {
        await this.#reader.flushPartial(file, this.#sink).catch(() => {});
        file.dirty = true;
      }
      if (this.#handler.pending(file, file.generation).length === 0) await this.#leave(set, file);
    }
  }

  async #leave(set: FileSet, file: TailFile): Promise<void> {
    const checkpoint = { ...this.#checkpoint(file), left: true };
    this.#changes.push(putCheckpoint(this.#settings.id, checkpoint));
    await set.leave(file, checkpoint);
  }

  #checkpoint(file: TailFile): Checkpoint {
    return file.checkpoint(
      this.#handler.pending(file, file.generation),
      this.#handler.state(file),
      this.#settings.clock.now(),
    );
  }

  #expire(): void {
    const now = this.#settings.clock.now();
    if (now < this.#expireAt) return;
    this.#expireAt = now + EXPIRE_INTERVAL_MS;
    const { keys, formers } = this.#known.expire(now);
    for (const key of keys) this.#changes.push(deleteCheckpoint(this.#settings.id, key));
    for (const former of formers) {
      this.#changes.push(deleteFormer(this.#settings.id, former));
      this.#formers.delete(former);
    }
  }

  #createSink(): LineSink {
    const { max_batch_size, max_batch_bytes } = this.#config;
    const handler = this.#handler;
    const out = this.#out;
    const reports = () => this.#reports;
    const silence = () => this.#silence;
    const { id } = this.#settings;
    return {
      line(file, line) {
        if (line.cut) reports()?.lineCut(file.path);
        silence()?.seen(id);
        handler.line(file, line);
      },
      get full() {
        return out.count >= max_batch_size || out.bytes >= max_batch_bytes;
      },
      flush: () => this.#flush(),
    };
  }

  /** Hands over what was collected, with the offsets it reaches to; false when reading should stop. */
  async #flush(): Promise<boolean> {
    if (this.#gaveUp) return false;
    const { clock } = this.#settings;
    const { signal } = this.#stop;
    const progress = this.#changes;
    this.#changes = [];
    for (const file of this.#set?.files.values() ?? []) {
      if (!file.dirty) continue;
      file.dirty = false;
      progress.push(putCheckpoint(this.#settings.id, this.#checkpoint(file)));
    }
    for (const [former, file] of this.#formers) {
      const pending = this.#handler.pending(file, former.generation);
      if (pending.length === former.pending.length) continue;
      former.pending = pending;
      if (pending.length === 0) this.#formers.delete(former);
      progress.push(putFormer(this.#settings.id, former));
    }
    if (this.#out.count === 0 && progress.length === 0) return !signal.aborted;
    const started = clock.now();
    this.#gaveUp = !(await this.#delivery.deliver(this.#out.take(), progress, signal));
    if (Math.abs(clock.now() - started) >= this.#config.poll_interval) this.#outdated = true;
    return !this.#gaveUp && !signal.aborted;
  }

  #admitted(file: TailFile, checkpoint: Checkpoint | undefined): void {
    const { logger } = this.#settings;
    logger.info({ path: file.path, offset: file.position, resumed: checkpoint !== undefined }, 'Reading file');
    this.#handler.admitted(file, checkpoint?.state ?? '');
    const origin = checkpoint && this.#formers.get(checkpoint);
    if (checkpoint && origin) this.#handler.moved(origin, checkpoint.generation, file);
    else if (checkpoint && checkpoint.pending.length > 0) this.#reread.push({ file, pending: checkpoint.pending });
  }

  #rotated(kind: 'renamed' | 'truncated', path: string): void {
    this.#rotations.add(1, { receiver: this.#settings.id, kind });
    this.#settings.logger.info({ path, kind }, 'File rotated');
    if (this.#config.report_rotation) this.#control(rotationMessage(kind, path), 'logcollector');
  }

  /** Adds a message of our own, which counts as trusted. */
  #control(body: string, location: 'logcollector' | typeof HEALTH_LOCATION): void {
    const record = createControlRecord(body, location);
    const now = this.#settings.clock.now();
    record.identity = digest(`${this.#identityPrefix}\0${now}\0${this.#controls++}\0`, body);
    this.#out.add(record, body.length, true);
  }
}
