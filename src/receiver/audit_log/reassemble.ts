import type { Clock } from '../../component/clock.ts';
import { EventPart, type Place } from './event.ts';
import { createHeader, isDaemonType, isSingleRecordType, parseHeader, secondsOf, serialOf } from './record.ts';
import { type Gap, Sequence } from './sequence.ts';

export interface ReassemblerOptions<Source> {
  clock: Clock;
  /** Milliseconds that an event waits for its next record. */
  linger: number;
  maxOpenEvents: number;
  maxOpenBytes: number;
  /** An event is done, or a part of one that is too large for one message. */
  emit(part: EventPart<Source>): void;
  count(what: Oddity, amount?: number): void;
  /** Event numbers that were not seen; `node` as in the records, mostly empty; `logTime` as in its newest record, in seconds. */
  gap(node: string, gap: Gap, logTime: number): void;
}

/**
 * `invalid`: a line that is no record; `late`: a record whose event was already done; `expired`: an event that was done
 * because nothing more came; `evicted`: one that had to make room; `split`: a part beyond the first of an event.
 */
export type Oddity = 'invalid' | 'late' | 'expired' | 'evicted' | 'split';

interface OpenEvent<Source> {
  key: string;
  node: Node;
  id: string;
  parts: EventPart<Source>[];
  bytes: number;
  /** It has all its records, but for an EOE. */
  closing: boolean;
  /** Elapsed time at which all was read after the newest record. */
  at: number | undefined;
  /** Number of records and time of the log when the newest record came. */
  count: number;
  logTime: number;
}

/** What is known of the records of one machine within a log. */
interface Node {
  name: string;
  /**
   * Whether events end with an EOE record. auditd does not write them to its file, others do; until it is known, an
   * event that has its PROCTITLE, the kernel's last record, waits for one.
   */
  eoe: 'unknown' | 'yes' | 'no';
  /** Newest time in the records, in seconds. */
  logTime: number;
  sequence: Sequence;
}

/** So many records later, and the time of the log gone on by the linger too, nothing more belongs to an event. */
const PASSED_RECORDS = 256;
const MAX_PARTS = 8;
const MAX_NODES = 1024;
const RECENT = 1024;

/**
 * Groups the records of one audit log into events, by node and id. Events may interleave, come in pieces and lack their
 * end; the text of an event is what Wazuh's `audit` format makes of its records where they stand together.
 */
export class Reassembler<Source> {
  readonly #options: ReassemblerOptions<Source>;
  readonly #header = createHeader();
  /** Oldest first. */
  readonly #open = new Map<string, OpenEvent<Source>>();
  readonly #nodes = new Map<string, Node>();
  readonly #recent = new Set<string>();
  /** An event that is done unless the next record belongs to it too. */
  #done: OpenEvent<Source> | undefined;
  #last: OpenEvent<Source> | undefined;
  #openBytes = 0;
  #count = 0;
  #now: number;
  /** Milliseconds that all looks together have seen pass. */
  #elapsed = 0;
  /** Number of the newest state that was given or taken. */
  #saved = 0;

  constructor(options: ReassemblerOptions<Source>) {
    this.#options = options;
    this.#now = options.clock.now();
  }

  /** `text` is the record, `size` its bytes; `cut`: it was longer than a line may be. */
  push(text: string | Uint8Array, size: number, cut: boolean, place: Place<Source>): void {
    const header = this.#header;
    const start = typeof text === 'string' ? text : Buffer.from(text.subarray(0, 512)).toString('latin1');
    if (++this.#count % PASSED_RECORDS === 0) this.#sweep(undefined);
    if (!parseHeader(start, header)) {
      this.#options.count('invalid');
      if (size > 0) this.#emitAlone(text, size, cut, place);
      return;
    }
    const event = this.#find(header.id, header.node);
    this.#add(event, text, size, cut, place);
    const { type } = header;
    if (type === 'EOE') {
      event.node.eoe = 'yes';
      this.#close(event);
    } else if (type === 'PROCTITLE') {
      event.closing = true;
      if (event.node.eoe === 'no') this.#setDone(event);
    } else if (event.parts.length === 1 && event.parts[0].places.length === 1 && isSingleRecordType(type)) {
      if (isDaemonType(type)) event.node.sequence.reset();
      this.#setDone(event);
    }
    if (this.#open.size > this.#options.maxOpenEvents || this.#openBytes > this.#options.maxOpenBytes) this.#evict();
  }

  /** Called when nothing more can be read for now, again and again: what has waited long enough is done. */
  caughtUp(): void {
    const { clock, linger } = this.#options;
    const now = clock.now();
    // A clock that was set must not end events that are just being written.
    this.#elapsed += Math.min(Math.max(0, now - this.#now), linger / 2);
    this.#now = now;
    this.#releaseDone();
    this.#sweep(this.#elapsed);
  }

  get openEvents(): number {
    return this.#open.size;
  }

  /** Where the records of open events were read. */
  *openPlaces(): Iterable<Place<Source>> {
    for (const event of this.#open.values()) for (const part of event.parts) yield* part.places;
  }

  /** What a new reassembler wants to know to go on, besides the records of open events. */
  save(): string {
    const nodes = [...this.#nodes.values()].map(({ name, eoe, sequence }) => [name, eoe, sequence.save()]);
    // Not the time alone, which stands still while much is read and can be set back.
    this.#saved = Math.max(this.#saved + 1, this.#now);
    return JSON.stringify({ time: this.#saved, nodes });
  }

  /** Takes what `save` gave; where several files of one log have it, the newest. Damaged text is ignored. */
  restore(saved: string): void {
    const state = this.#count === 0 ? decodeState(saved) : undefined;
    if (!state || state.time <= this.#saved) return;
    this.#saved = state.time;
    this.#nodes.clear();
    for (const [name, eoe, serials] of state.nodes) {
      const node = this.#node(name);
      node.eoe = eoe;
      node.sequence.restore(serials, this.#count);
    }
  }

  #find(id: string, nodeName: string): OpenEvent<Source> {
    const last = this.#last;
    if (last !== undefined && last.id === id && last.node.name === nodeName) return last;
    const key = nodeName + id;
    this.#releaseDone(key);
    let event = this.#open.get(key);
    if (!event) {
      event = this.#begin(key, id, nodeName);
      this.#open.set(key, event);
    }
    this.#last = event;
    return event;
  }

  #begin(key: string, id: string, nodeName: string): OpenEvent<Source> {
    const node = this.#node(nodeName);
    if (this.#recent.has(key)) {
      this.#options.count('late');
    } else {
      const serial = serialOf(id);
      if (serial !== undefined && !isDaemonType(this.#header.type)) node.sequence.see(serial, this.#count);
    }
    const seconds = secondsOf(id);
    if (seconds > node.logTime) node.logTime = seconds;
    const parts = [new EventPart<Source>()];
    return { key, node, id, parts, bytes: 0, closing: false, at: undefined, count: 0, logTime: 0 };
  }

  #node(name: string): Node {
    let node = this.#nodes.get(name);
    if (!node) {
      // A part of a line would keep the line.
      name = Buffer.from(name).toString();
      node = { name, eoe: 'unknown', logTime: 0, sequence: new Sequence() };
      this.#nodes.set(name, node);
      if (this.#nodes.size > MAX_NODES) this.#nodes.delete(this.#nodes.keys().next().value as string);
    }
    return node;
  }

  #add(event: OpenEvent<Source>, text: string | Uint8Array, size: number, cut: boolean, place: Place<Source>): void {
    let index = 0;
    while (index < event.parts.length && !event.parts[index].fits(size)) index++;
    if (index === MAX_PARTS) {
      this.#emitParts(event);
      index = 0;
    }
    if (index === event.parts.length) event.parts.push(new EventPart());
    event.parts[index].add(text, size, cut, place);
    event.bytes += size;
    event.at = undefined;
    event.count = this.#count;
    event.logTime = event.node.logTime;
    this.#openBytes += size;
  }

  #emitAlone(text: string | Uint8Array, size: number, cut: boolean, place: Place<Source>): void {
    const part = new EventPart<Source>();
    part.add(text, size, cut, place);
    this.#options.emit(part);
  }

  #setDone(event: OpenEvent<Source>): void {
    if (this.#done && this.#done !== event) this.#close(this.#done);
    this.#done = event;
  }

  #releaseDone(unless?: string): void {
    if (this.#done && this.#done.key !== unless) this.#close(this.#done);
  }

  #close(event: OpenEvent<Source>): void {
    if (this.#done === event) this.#done = undefined;
    if (this.#last === event) this.#last = undefined;
    this.#open.delete(event.key);
    this.#recent.add(event.key);
    if (this.#recent.size > RECENT) this.#recent.delete(this.#recent.values().next().value as string);
    this.#emitParts(event);
  }

  #emitParts(event: OpenEvent<Source>): void {
    const { parts } = event;
    if (parts.length > 1) this.#options.count('split', parts.length - 1);
    this.#openBytes -= event.bytes;
    event.bytes = 0;
    event.parts = [];
    for (const part of parts) this.#options.emit(part);
  }

  #evict(): void {
    for (const event of this.#open.values()) {
      if (this.#open.size <= this.#options.maxOpenEvents && this.#openBytes <= this.#options.maxOpenBytes) return;
      if (!event.closing) this.#options.count('evicted');
      this.#close(event);
    }
  }

  /** Lets go what nothing more belongs to; by elapsed time only when all that can be read has been read. */
  #sweep(now: number | undefined): void {
    const { linger } = this.#options;
    const seconds = Math.ceil(linger / 1000) + 1;
    for (const event of this.#open.values()) {
      const { node } = event;
      if (now !== undefined) event.at ??= now;
      const passed = this.#count - event.count >= PASSED_RECORDS;
      const waited = now !== undefined && event.at !== undefined && now - event.at >= linger;
      if (event.closing && (node.eoe === 'no' || ((passed || waited) && node.eoe === 'unknown'))) {
        node.eoe = 'no';
        this.#close(event);
      } else if (waited || (passed && node.logTime - event.logTime >= seconds)) {
        this.#options.count('expired');
        if (event.closing) node.eoe = 'unknown';
        this.#close(event);
      }
    }
    for (const node of this.#nodes.values()) {
      for (;;) {
        const gap = node.sequence.sweep(now, this.#count, linger, PASSED_RECORDS);
        if (!gap) break;
        this.#options.gap(node.name, gap, node.logTime);
      }
    }
  }
}

interface SavedState {
  time: number;
  nodes: [name: string, eoe: Node['eoe'], serials: number[]][];
}

function decodeState(text: string): SavedState | undefined {
  if (text === '') return undefined;
  try {
    const { time, nodes } = JSON.parse(text) as SavedState;
    const sound = nodes.every(
      ([name, eoe, serials]) =>
        typeof name === 'string' && ['unknown', 'yes', 'no'].includes(eoe) && serials.every(Number.isSafeInteger),
    );
    return sound && Number.isFinite(time) ? { time, nodes } : undefined;
  } catch {
    return undefined;
  }
}
