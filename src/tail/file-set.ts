import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../component/clock.ts';
import { findEnd, isCopy, openFound, readAt, startingPoint, whyNotText } from './admission.ts';
import { compareAge } from './age.ts';
import type { Checkpoint } from './checkpoint.ts';
import { TAIL_SIZE } from './fingerprint.ts';
import { indexFolder } from './folder-index.ts';
import type { Glob } from './glob.ts';
import { Handles, keyOf } from './handles.ts';
import { continues, type FoundFile, type KnownFiles } from './known-files.ts';
import { MovedError, type SymlinkPolicy } from './open-file.ts';
import { Sight } from './sight.ts';
import { type IdentityBase, TailFile } from './tail-file.ts';

export interface FileSetOptions {
  glob: Glob;
  known: KnownFiles;
  clock: Clock;
  identity: IdentityBase;
  /** What to do with unknown files of the first look; those that come later are read from their beginning. */
  startAt: 'beginning' | 'end';
  maxLogSize: number;
  maxOpenFiles: number;
  symlinks: SymlinkPolicy;
  ignoreBinaries: boolean;
  /** The checkpoints were made with the same patterns: what is unknown now came while nobody looked. */
  samePatterns: boolean;
  /** Milliseconds that what replaced a file's content waits at most for a look that could find a copy of the old one. */
  rotateWait: number;
  /** Lines of the file that have not led to a record yet, as in its checkpoint. */
  pending(file: TailFile): number[];
  events: FileSetEvents;
}

export interface FileSetEvents {
  /** A file is read from now on, where `checkpoint` says if it continues one. */
  admitted(file: TailFile, checkpoint: Checkpoint | undefined): void;
  rotated(kind: 'renamed' | 'truncated', path: string): void;
  /** Called at every look while it lasts. */
  unreadable(path: string, reason: string): void;
  /** It could be opened, or is gone. */
  readable(path: string, exists: boolean): void;
  /** It holds no lines; called again after a minute. */
  ignored(path: string, reason: string): void;
  /** The checkpoint of this key is of no use any more. */
  forgotten(key: string): void;
  /** What was read there goes on in a copy. */
  moved(checkpoint: Checkpoint): void;
  /** Content was replaced that was read up to here, by `file` where it was open; a copy may continue it. */
  formerKept(former: Checkpoint, file: TailFile | undefined): void;
  /** A copy continues it now, or it had to make room. */
  formerForgotten(former: Checkpoint): void;
}

/** A file whose content is, so far, that of another one: read only from where it becomes more than a copy. */
interface Copy {
  origin: TailFile;
  generation: number;
  verified: number;
}

interface Candidate {
  key: string;
  currentPath: string;
  size: number;
  mtimeNs: bigint;
  birthtimeNs: bigint;
}

const LOOK_AGAIN_MS = 60_000;
const PARALLEL = 64;
const MAX_ROUNDS = 4;

/**
 * The files that match, recognised over renames, truncations, copies and restarts. `discover` looks what has changed
 * on disk; reading is done by others.
 */
export class FileSet {
  readonly handles: Handles;
  /** By key. */
  readonly files = new Map<string, TailFile>();
  readonly #options: FileSetOptions;
  readonly #byPath = new Map<string, TailFile>();
  readonly #copies = new Map<string, Copy>();
  /** Files that hold no lines, and when to look again. */
  readonly #ignored = new Map<string, number>();
  #first = true;
  readonly #sight: Sight;
  /** Files that came, went or were replaced so far. */
  #moves = 0;

  constructor(options: FileSetOptions) {
    this.#options = options;
    this.#sight = new Sight(options.rotateWait);
    this.handles = new Handles(options.maxOpenFiles, options.symlinks);
  }

  /**
   * Looks again where files came or were replaced: what was renamed or copied at the same moment may have been missed
   * under either name, and comes before what was written since.
   */
  async discover(): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const before = this.#moves;
      await this.#look();
      if (this.#moves !== before) continue;
      const isAnythingUnread = [...this.files.values()].some((file) => file.position < file.size);
      if (!isAnythingUnread || !(await this.#options.glob.isOutdated())) return;
    }
  }

  async #look(): Promise<void> {
    const { glob, clock, events } = this.#options;
    const { paths, errors } = await glob.expand();
    for (const folder of this.#sight.begin(errors)) events.readable(folder, true);
    for (const { path, error } of errors) events.unreadable(path, error.message);
    const seen = new Set<string>();
    const candidates: Candidate[] = [];
    for (let from = 0; from < paths.length; from += PARALLEL) {
      const some = paths.slice(from, from + PARALLEL);
      const results = await Promise.allSettled(some.map((path) => stat(path, { bigint: true })));
      for (const [index, result] of results.entries()) {
        const path = some[index];
        if (result.status === 'rejected') this.#statFailed(path, result.reason, seen);
        else if (result.value.isFile()) await this.#found(path, result.value, seen, candidates);
        else if (!result.value.isDirectory()) events.unreadable(path, 'is not a regular file');
      }
    }
    for (const file of this.files.values()) if (!seen.has(file.key)) await this.#missing(file, clock.now());
    candidates.sort(compareAge);
    for (const candidate of candidates) {
      if (this.#sight.mustWait(clock.now())) break;
      await this.#consider(candidate);
    }
    this.#sight.end(this.files.values());
    for (const key of this.#copies.keys()) if (!seen.has(key)) this.#copies.delete(key);
    for (const key of this.#ignored.keys()) if (!seen.has(key)) this.#ignored.delete(key);
    if (this.#first) await this.#adoptMoved();
    if (!this.#sight.isShort) this.#first = false;
  }

  /** Files with something to read, older ones first: a log that was rotated is read in its order. */
  unread(): TailFile[] {
    return [...this.files.values()].filter((file) => file.position < file.size && !this.isHeld(file)).sort(compareAge);
  }

  /** What is in the file must wait for a look that could find a copy of what was there before. */
  isHeld(file: TailFile): boolean {
    return this.#sight.isHeld(file, this.#options.clock.now());
  }

  /** The content behind what was read is not what it was: start over. */
  async replaced(file: TailFile): Promise<void> {
    const { clock, events, pending } = this.#options;
    const former = file.checkpoint(pending(file), '', clock.now());
    file.restart();
    this.#keepFormer(former, file);
    this.#sight.hold(file, clock.now());
    await this.#loadHead(file);
    this.#moves += 1;
    events.rotated('truncated', file.path);
  }

  /** Where a copy of it could be recognised. */
  #keepFormer(former: Checkpoint, file?: TailFile): void {
    const { known, events, identity } = this.#options;
    if (former.offset === 0 || former.fingerprint.head.size < identity.fingerprintSize) return;
    events.formerKept(former, file);
    for (const dropped of known.addFormer(former)) events.formerForgotten(dropped);
  }

  /** Stops reading a file; its checkpoint is kept in case it comes back. */
  async leave(file: TailFile, checkpoint: Checkpoint): Promise<void> {
    await this.handles.close(file);
    this.files.delete(file.key);
    for (const path of [file.path, file.currentPath]) if (this.#byPath.get(path) === file) this.#byPath.delete(path);
    this.#options.known.add(checkpoint);
  }

  async close(): Promise<void> {
    await this.handles.closeAll();
  }

  /** What cannot be looked at now is not taken for deleted. */
  #statFailed(path: string, error: NodeJS.ErrnoException, seen: Set<string>): void {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') {
      this.#options.events.readable(path, false);
      return;
    }
    this.#options.events.unreadable(path, error.message);
    const file = this.#byPath.get(path);
    if (file) seen.add(file.key);
  }

  async #found(path: string, stats: BigIntStats, seen: Set<string>, candidates: Candidate[]): Promise<void> {
    const key = keyOf(stats);
    // The same file by another name, by a hard or symbolic link: the first name counts.
    if (seen.has(key)) return;
    seen.add(key);
    const file = this.files.get(key);
    if (!file) {
      const { mtimeNs, birthtimeNs } = stats;
      candidates.push({ key, currentPath: path, size: Number(stats.size), mtimeNs, birthtimeNs });
      return;
    }
    if (file.currentPath !== path && file.currentPath !== file.path) this.#byPath.delete(file.currentPath);
    this.#byPath.set(path, file);
    file.currentPath = path;
    file.missingSince = undefined;
    file.gone = false;
    await this.#changed(file, Number(stats.size), stats.mtimeNs);
  }

  async #changed(file: TailFile, size: number, mtimeNs: bigint): Promise<void> {
    const touched = mtimeNs !== file.mtimeNs;
    if (!touched && size === file.size) return;
    const sameSize = size === file.size;
    file.size = size;
    file.mtimeNs = mtimeNs;
    file.lastGrowth = this.#options.clock.now();
    if (size < file.position) {
      await this.replaced(file);
    } else if (file.position === 0) {
      await this.#loadHead(file);
      // It may have been filled and copied away before: nothing was read that would tell.
      if (this.#sight.isBlindTo(file.currentPath)) this.#sight.hold(file, this.#options.clock.now());
    } else if (sameSize && file.handle && file.tail.length > 0) {
      const tail = await readAt(file.handle, file.position - file.tail.length, file.tail.length);
      if (!tail.equals(file.tail)) await this.replaced(file);
    }
  }

  /** Before it is read a file may be truncated once more, which its first bytes tell even if nothing of it was read. */
  async #loadHead(file: TailFile): Promise<void> {
    const { fingerprintSize } = this.#options.identity;
    if (!file.handle || file.head.length >= fingerprintSize) return;
    const head = await readAt(file.handle, 0, fingerprintSize);
    const known = file.head.subarray(0, head.length);
    // Other bytes than before are noticed when it is read.
    if (known.equals(head.subarray(0, known.length)) && head.length > known.length) file.head = head;
  }

  /** No path leads to the file: it is read on through its handle until it stays as it is. */
  async #missing(file: TailFile, now: number): Promise<void> {
    if (!this.#sight.isBlindTo(file.currentPath)) {
      file.missingSince ??= now;
      if (!file.handle) await this.#searchMissing(file);
    }
    const stats = await file.handle?.stat({ bigint: true });
    if (stats) await this.#changed(file, Number(stats.size), stats.mtimeNs);
  }

  async #searchMissing(file: TailFile): Promise<void> {
    try {
      const path = (await indexFolder(dirname(file.currentPath))).get(file.key);
      file.gone = path === undefined;
      if (path === undefined) return;
      file.currentPath = path;
      await this.handles.ensureOpen(file);
    } catch (error) {
      if (!this.#sight.note(error)) file.gone = !(error instanceof MovedError);
    }
  }

  async #consider(candidate: Candidate): Promise<void> {
    const { events, clock, ignoreBinaries, identity, symlinks } = this.#options;
    const { key, currentPath: path } = candidate;
    if ((this.#ignored.get(key) ?? 0) > clock.now()) return;
    const copy = this.#copies.get(key);
    if (copy && this.#staysCopy(copy, candidate.size)) return;
    let found: FoundFile | undefined;
    let kept = false;
    try {
      found = await openFound(path, identity.fingerprintSize, symlinks);
      events.readable(path, true);
      if (found.key !== key) {
        // Renamed since it was looked at: what is here now has another age.
        this.#moves += 1;
        return;
      }
      const reason = whyNotText(found.head.bytes, ignoreBinaries);
      if (reason !== undefined) {
        events.ignored(path, reason);
        this.#ignored.set(key, clock.now() + LOOK_AGAIN_MS);
      } else {
        kept = await this.#admit(found, candidate);
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      this.#sight.note(error);
      if (code !== 'ENOENT' && !(error instanceof MovedError))
        events.unreadable(path, error instanceof Error ? error.message : String(error));
    } finally {
      if (!kept) await found?.handle.close();
    }
  }

  #staysCopy(copy: Copy, size: number): boolean {
    const { origin } = copy;
    return this.files.get(origin.key) === origin && origin.generation === copy.generation && size === copy.verified;
  }

  /** False where the file is only a copy of another one so far. */
  async #admit(found: FoundFile, times: { mtimeNs: bigint; birthtimeNs: bigint }): Promise<boolean> {
    const { known, events, identity } = this.#options;
    if (this.files.has(found.key)) return false;
    let checkpoint = await known.find(found);
    const isReplaced = await this.#isReplaced(found, checkpoint);
    let start = checkpoint ?? (isReplaced ? undefined : await this.#findCopyStart(found));
    if (start === undefined && (await this.#noticeTruncation(found))) {
      checkpoint = await known.find(found);
      start = checkpoint;
    }
    if (start === 'copy') return false;
    this.#copies.delete(found.key);
    const former = known.get(found.key);
    const point = start ?? (await this.#findStart(found, former));
    if (former) {
      known.remove(former.key);
      if (former !== checkpoint && !former.moved) this.#keepFormer(former);
    }
    const wasFormer = checkpoint !== undefined && known.removeFormer(checkpoint);
    if (checkpoint && known.get(checkpoint.key) === checkpoint) this.#leaveOrigin(checkpoint, found.key);
    const now = this.#options.clock.now();
    const file = new TailFile(found.key, checkpoint?.path ?? found.path, identity, found.size, times.mtimeNs, now);
    file.birthtimeNs = times.birthtimeNs;
    file.currentPath = found.path;
    file.handle = found.handle;
    file.head = found.head.bytes;
    file.resume(point);
    if (former && former !== checkpoint) this.#sight.hold(file, now);
    const tailSize = Math.min(TAIL_SIZE, file.position);
    file.tail = await readAt(found.handle, file.position - tailSize, tailSize);
    this.files.set(file.key, file);
    this.#byPath.set(found.path, file);
    await this.handles.keep(file);
    this.#moves += 1;
    events.admitted(file, checkpoint);
    if (wasFormer) events.formerForgotten(checkpoint as Checkpoint);
    return true;
  }

  /** A file continues the checkpoint of another key: what lies under that key now must not be taken for it. */
  #leaveOrigin(checkpoint: Checkpoint, key: string): void {
    const { known, events } = this.#options;
    const inodeOf = (text: string) => text.slice(text.indexOf(':'));
    if (inodeOf(checkpoint.key) === inodeOf(key)) {
      known.remove(checkpoint.key);
      events.forgotten(checkpoint.key);
    } else {
      const moved = { ...checkpoint, moved: true, pending: [], state: '' };
      known.add(moved);
      events.moved(moved);
    }
  }

  /** The file is known and holds something else now: no copy, also where it begins with the same lines as before. */
  async #isReplaced(found: FoundFile, checkpoint: Checkpoint | undefined): Promise<boolean> {
    const former = this.#options.known.get(found.key);
    if (!former || former.left || former === checkpoint) return false;
    return !(await continues(found, { ...former, moved: false }));
  }

  /** Where to begin in a file that continues none. */
  async #findStart(found: FoundFile, former: Checkpoint | undefined): Promise<Checkpoint> {
    const { events, startAt, maxLogSize, samePatterns } = this.#options;
    const generation = former ? former.generation + 1 : 0;
    if (former && !former.left) {
      if (former.path === found.path) events.rotated('truncated', found.path);
      return startingPoint(found, 0, generation);
    }
    const follows = this.#byPath.has(found.path) || (this.#first && this.#wasRead(found.path));
    if (follows) events.rotated('renamed', found.path);
    if (follows || startAt === 'beginning' || !this.#first || samePatterns) return startingPoint(found, 0, generation);
    const { position, skipping } = await findEnd(found, maxLogSize);
    return startingPoint(found, position, generation, skipping);
  }

  #wasRead(path: string): boolean {
    if (this.#options.known.withPath(path)) return true;
    for (const file of this.files.values()) if (file.path === path) return true;
    return false;
  }

  async #findCopyStart(found: FoundFile): Promise<Checkpoint | 'copy' | undefined> {
    const before = this.#copies.get(found.key);
    const { fingerprintSize } = this.#options.identity;
    if (found.head.bytes.length < fingerprintSize) return undefined;
    for (const origin of this.files.values()) {
      if (before && before.origin !== origin) continue;
      if (!(await isCopy(found, origin, fingerprintSize))) continue;
      this.#copies.set(found.key, { origin, generation: origin.generation, verified: found.size });
      return 'copy';
    }
    // More than a copy: only what follows is new. Where it went another way before that, it merely began alike.
    const end = before?.origin.position ?? 0;
    if (!before || found.size < end || !(await isCopy(found, before.origin, fingerprintSize, true))) return undefined;
    return startingPoint(found, end);
  }

  /**
   * Whether a file that begins as this one has been truncated and has grown again beyond where it was read, which its
   * size does not tell. Must be known before its copy is looked at, or that would be read from the beginning.
   */
  async #noticeTruncation(found: FoundFile): Promise<boolean> {
    let noticed = false;
    for (const origin of this.files.values()) {
      const { handle, head, position, tail } = origin;
      if (!handle || head.length < this.#options.identity.fingerprintSize || !head.equals(found.head.bytes)) continue;
      if (tail.equals(await readAt(handle, position - tail.length, tail.length))) continue;
      await this.replaced(origin);
      noticed = true;
    }
    return noticed;
  }

  /** Files that were renamed out of the patterns while nobody looked still hold lines nobody has seen. */
  async #adoptMoved(): Promise<void> {
    const { known, clock, samePatterns, identity, symlinks } = this.#options;
    if (!samePatterns) return;
    const folders = new Map<string, Map<string, string>>();
    for (const checkpoint of [...known.values()]) {
      const folder = dirname(checkpoint.path);
      const index = folders.get(folder) ?? (await indexFolder(folder).catch((error) => this.#unless(error)));
      folders.set(folder, index);
      const path = index.get(checkpoint.key);
      if (path === undefined) continue;
      const found = await openFound(path, identity.fingerprintSize, symlinks).catch(
        (error) => void this.#unless(error),
      );
      if (!found) continue;
      const unread = found.size > checkpoint.offset || checkpoint.pending.length > 0;
      if (unread && found.key === checkpoint.key && (await continues(found, checkpoint))) {
        await this.#admit(found, await found.handle.stat({ bigint: true }));
        const file = this.files.get(found.key);
        if (file) file.missingSince = clock.now();
      } else {
        await found.handle.close();
      }
    }
  }

  /** No paths; where the system is short of something, it is tried again at the next look. */
  #unless(error: unknown): Map<string, string> {
    this.#sight.note(error);
    return new Map();
  }
}
