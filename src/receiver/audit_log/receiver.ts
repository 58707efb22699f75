import type { Intake, Receiver } from '../../component/component.ts';
import { formatHealthEvent, HEALTH_LOCATION } from '../../component/health-event.ts';
import type { Settings } from '../../component/host.ts';
import { createLogRecord } from '../../pdata/logs.ts';
import { digest } from '../../tail/fingerprint.ts';
import { type BatchBuilder, createAttributes, createControlRecord, decodeLine } from '../../tail/records.ts';
import type { TailFile } from '../../tail/tail-file.ts';
import { type LineHandler, Tailer } from '../../tail/tailer.ts';
import type { AuditLogConfig } from './config.ts';
import type { EventPart } from './event.ts';
import { type Oddity, Reassembler } from './reassemble.ts';
import type { Gap } from './sequence.ts';

export function createAuditLogReceiver(settings: Settings, config: AuditLogConfig, next: Intake): Receiver {
  return new Tailer({ settings, config, next, createHandler: (out) => new AuditRecords(settings, config, out) });
}

const UNITS: Record<Oddity, string> = {
  invalid: 'hids_audit_records_invalid',
  late: 'hids_audit_records_late',
  expired: 'hids_audit_events_expired',
  evicted: 'hids_audit_events_evicted',
  split: 'hids_audit_events_split',
};

/** Joins lines to events; files that continue each other by rotation are one log. */
class AuditRecords implements LineHandler {
  readonly #settings: Settings;
  readonly #config: AuditLogConfig;
  readonly #out: BatchBuilder;
  readonly #attributesOf: ReturnType<typeof createAttributes>;
  readonly #logs = new Map<string, Reassembler<TailFile>>();
  /** Of each log, the file that is read. */
  readonly #current = new Map<string, TailFile>();
  readonly #count: (what: Oddity, amount?: number) => void;
  readonly #lost: (events: number) => void;

  constructor(settings: Settings, config: AuditLogConfig, out: BatchBuilder) {
    this.#settings = settings;
    this.#config = config;
    this.#out = out;
    this.#attributesOf = createAttributes(config);
    const { meter, id } = settings;
    const counters = new Map(
      Object.entries(UNITS).map(([what, name]) => {
        const unit = name.includes('_records_') ? '{record}' : '{event}';
        return [what as Oddity, meter.createCounter(name, { unit })] as const;
      }),
    );
    this.#count = (what, amount = 1) => counters.get(what)?.add(amount, { receiver: id });
    const lost = meter.createCounter('hids_audit_records_lost', { unit: '{record}' });
    this.#lost = (events) => lost.add(events, { receiver: id });
  }

  line(file: TailFile, line: Parameters<LineHandler['line']>[1]): void {
    const text = decodeLine(line, this.#config.encoding);
    this.#current.set(file.lineage, file);
    const place = { source: file, generation: file.generation, start: line.offset, end: line.next };
    this.#log(file).push(text, line.end - line.start, line.cut, place);
  }

  caughtUp(): void {
    for (const log of this.#logs.values()) log.caughtUp();
  }

  pending(file: TailFile, generation: number): number[] {
    const pending: number[] = [];
    for (const place of this.#logs.get(file.lineage)?.openPlaces() ?? []) {
      if (place.source === file && place.generation === generation) pending.push(place.start, place.end);
    }
    return pending;
  }

  moved(from: TailFile, generation: number, to: TailFile): void {
    for (const place of this.#logs.get(from.lineage)?.openPlaces() ?? []) {
      if (place.source !== from || place.generation !== generation) continue;
      place.source = to;
      place.generation = to.generation;
    }
    if (this.#current.get(from.lineage) === from) this.#current.set(to.lineage, to);
  }

  state(file: TailFile): string {
    return this.#logs.get(file.lineage)?.save() ?? '';
  }

  admitted(file: TailFile, state: string): void {
    this.#current.set(file.lineage, file);
    this.#log(file).restore(state);
  }

  #log(file: TailFile): Reassembler<TailFile> {
    const { lineage } = file;
    let log = this.#logs.get(lineage);
    if (!log) {
      const { linger, max_open_events, max_open_bytes } = this.#config;
      log = new Reassembler({
        clock: this.#settings.clock,
        linger,
        maxOpenEvents: max_open_events,
        maxOpenBytes: max_open_bytes,
        emit: (part) => this.#emit(part),
        count: this.#count,
        gap: (node, gap, logTime) => this.#reportGap(lineage, node, gap, logTime),
      });
      this.#logs.set(lineage, log);
    }
    return log;
  }

  #emit(part: EventPart<TailFile>): void {
    const { source, generation, start, end } = part.places[0];
    for (const place of part.places) place.source.dirty = true;
    const common = this.#attributesOf(source);
    const attributes = part.cut ? new Map(common).set('hids.truncated', true) : common;
    // After a truncation the file does not know any more how the identity began; generation and place still tell it apart.
    const identity =
      generation === source.generation ? source.identityAt(start, end) : `${source.key}:${generation}:${start}`;
    this.#out.add(createLogRecord({ body: part.text, attributes, identity }), part.bytes);
  }

  #reportGap(path: string, node: string, { first, last }: Gap, logTime: number): void {
    const lost = last - first + 1;
    this.#lost(lost);
    // What is reported is stored with the report.
    const file = this.#current.get(path);
    if (file) file.dirty = true;
    const { logger, id, localHost } = this.#settings;
    logger.warn({ path, node, first, last, lost }, 'Audit events are missing');
    const nodeName = node.startsWith('node=') ? node.slice(5).trim() : undefined;
    const body = formatHealthEvent('audit gap', path, { reason: 'sequence', lost, first, last, node: nodeName });
    const record = createControlRecord(body, HEALTH_LOCATION);
    // The kernel begins to count anew with each start of the machine, and may lose the same numbers.
    record.identity = digest(`${localHost.id || localHost.name}\0${id}\0${logTime}\0`, body);
    this.#out.add(record, body.length, true);
  }
}
