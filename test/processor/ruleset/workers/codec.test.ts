import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLogsRequest } from '../../../../src/otlp/decode.ts';
import { encodeLogsRequest } from '../../../../src/otlp/encode.ts';
import type { Alert } from '../../../../src/pdata/alert.ts';
import type { AnyValue, Attributes } from '../../../../src/pdata/any-value.ts';
import { cloneRecord } from '../../../../src/pdata/clone.ts';
import { createLogRecord, type LogRecord } from '../../../../src/pdata/logs.ts';
import { OutcomeReader, OutcomeWriter } from '../../../../src/processor/ruleset/workers/outcome-codec.ts';
import {
  Item,
  readRecord,
  readSource,
  writeRecord,
  writeSource,
} from '../../../../src/processor/ruleset/workers/record-codec.ts';
import { WireReader } from '../../../../src/processor/ruleset/workers/wire-reader.ts';
import { WireWriter } from '../../../../src/processor/ruleset/workers/wire-writer.ts';

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary-ascii', maxLength: 300 }),
  // Around the lengths at which texts are written another way.
  fc.constantFrom('', 'x'.repeat(23), 'x'.repeat(24), `${'x'.repeat(22)}é`, 'é'.repeat(25), '\u0000', '￿'),
);

const value: fc.Arbitrary<AnyValue> = fc.letrec<{ value: AnyValue; map: Attributes }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.double(),
    fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 50 }),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('map'),
  ),
  map: fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
})).value;

const attributes = fc.array(fc.tuple(text, value), { maxLength: 6 }).map((entries): Attributes => new Map(entries));
const nanos = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });

const record: fc.Arbitrary<LogRecord> = fc
  .record({
    timeUnixNano: nanos,
    observedTimeUnixNano: nanos,
    body: value,
    attributes,
    identity: text,
    traceId: fc.constantFrom('', '0af7651916cd43dd8448eb211c80319c'),
    flags: fc.constantFrom(0, 1, 2 ** 32 - 1),
  })
  .map(createLogRecord);

/** Bytes come as views on a buffer: another class of the same content. */
function plain(item: unknown): unknown {
  if (item instanceof Uint8Array) return ['bytes', ...item];
  if (Array.isArray(item)) return item.map(plain);
  if (item instanceof Map) return ['map', ...[...item].map(plain)];
  if (typeof item === 'object' && item !== null) {
    return Object.fromEntries(Object.entries(item).map(([key, member]) => [key, plain(member)]));
  }
  return item;
}

describe('records on their way to a worker', () => {
  it('arrive as they were, message after message over one channel, also after a message that was given up', () => {
    const source = fc.record({
      host: fc.record({
        agentId: text,
        shownAgentId: text,
        name: text,
        key: text,
        local: fc.boolean(),
        missing: fc.boolean(),
      }),
      resource: fc.record({ attributes }),
      trusted: fc.boolean(),
    });
    const message = fc.record({
      source,
      records: fc.array(record, { maxLength: 5 }),
      givenUp: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 5 }), (messages) => {
        const writer = new WireWriter();
        const reader = new WireReader();
        for (const { source, records, givenUp } of messages) {
          writer.begin();
          writeSource(writer, source);
          records.forEach((each, order) => {
            writeRecord(writer, Item.record, order, each);
          });
          writer.byte(Item.end);
          if (givenUp) {
            writer.reset();
            continue;
          }
          reader.begin(writer.take());
          expect(reader.byte()).toBe(Item.source);
          expect(plain(readSource(reader))).toEqual(plain(source));
          records.forEach((each, order) => {
            expect(reader.byte()).toBe(Item.record);
            const read = readRecord(reader);
            expect(read.order).toBe(order);
            expect(plain(read.record)).toEqual(plain(each));
          });
          expect(reader.byte()).toBe(Item.end);
        }
      }),
    );
  });

  it('take no more room for what comes again', () => {
    const writer = new WireWriter();
    const sizes = [1, 2].map(() => {
      writer.begin();
      const values = new Map([['a long name of an attribute', 'and a value'.repeat(20)]]);
      writer.attributes(values, () => true);
      return writer.take().byteLength;
    });
    expect(sizes[1]).toBeLessThan(10);
    expect(sizes[0]).toBeGreaterThan(200);
  });

  it('are an error where they are cut, never something else', () => {
    fc.assert(
      fc.property(record, fc.nat(), (each, cut) => {
        const writer = new WireWriter();
        writer.begin();
        writeRecord(writer, Item.record, 1, each);
        const bytes = writer.take();
        const reader = new WireReader();
        expect(() => {
          reader.begin(bytes.slice(0, 1 + (cut % (bytes.byteLength - 1))));
          reader.byte();
          readRecord(reader);
        }).toThrow(RangeError);
      }),
    );
  });
});

const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });

const alert: fc.Arbitrary<Alert> = fc
  .record(
    {
      time: fc.nat(),
      uid: text,
      agent: fc.record({ id: text, name: text }),
      hostname: text,
      location: text,
      fullLog: text,
      predecoder: fc.record({ programName: optional(text), timestamp: optional(text), hostname: optional(text) }),
      data: fc.array(fc.tuple(text, text), { maxLength: 3 }),
      previousOutput: fc.array(text, { maxLength: 3 }),
      decoder: fc.record({ name: text, parent: optional(text), ftsComment: optional(text) }),
      previousLog: text,
      rule: fc.record(
        {
          // The rest of a rule goes by its id.
          id: fc.constantFrom('1', '2', '3'),
          description: text,
          firedtimes: fc.nat(),
        },
        { requiredKeys: ['id', 'description'] },
      ),
    },
    {
      requiredKeys: ['time', 'uid', 'agent', 'hostname', 'location', 'fullLog', 'predecoder', 'data', 'previousOutput'],
    },
  )
  .map(({ rule, ...rest }): Alert => {
    if (!rule) return rest;
    const level = Number(rule.id);
    const facts = {
      level,
      rawDescription: `raw ${rule.id}`,
      groupText: 'a,b,',
      groups: ['a', 'b'],
      compliance: new Map([['pci_dss', ['1.2']]]),
      mail: level === 2,
      file: 'rules.xml',
      noFullLog: false,
      ...(level === 3 && { mitre: { id: ['T1'], tactic: [], technique: ['x'] }, frequency: 8, info: 'i', cve: 'c' }),
    };
    return { ...rest, rule: { ...facts, ...rule } };
  });

/** As JSON would have it: what is undefined is not there. */
const defined = (item: unknown): unknown =>
  JSON.parse(JSON.stringify(item, (_key, member) => (member instanceof Map ? [...member] : member)));

const GROUP = {
  resource: { attributes: new Map() },
  scope: { name: 's', version: '', attributes: new Map() },
  schemaUrl: '',
  trusted: false,
};

describe('what comes back from a worker', () => {
  it('is what was decided and remembered, also where it is read late', () => {
    const found = fc.record({
      alert,
      isWanted: fc.boolean(),
      record: fc.option(record, { nil: undefined }),
    });
    const change = fc.oneof(
      fc.record({
        op: fc.constant('put' as const),
        namespace: text,
        key: text,
        value: fc.uint8Array({ maxLength: 99 }),
      }),
      fc.record({ op: fc.constant('delete' as const), namespace: text, key: text }),
    );
    const message = fc.record({
      found: fc.array(found, { maxLength: 4 }),
      changes: optional(fc.array(change, { maxLength: 4 })),
      reset: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 4 }), (messages) => {
        const writer = new OutcomeWriter();
        const reader = new OutcomeReader();
        const late: (() => void)[] = [];
        for (const { found, changes, reset } of messages) {
          writer.begin();
          const sent = found.map((each) => each.record);
          found.forEach((each, order) => {
            writer.alert(order, sent[order], each.isWanted || !sent[order] ? each.alert : undefined);
          });
          const outcome = reader.read(
            writer.finish(undefined, changes && { changes, added: [['k\u00ff', 'h']], evicted: [], counted: null }),
          );
          expect(plain(outcome.memory?.changes)).toEqual(plain(changes));
          if (changes) expect(outcome.memory?.added).toEqual([['k\u00ff', 'h']]);
          expect(outcome.alerts.map(({ order }) => order)).toEqual(found.map((_each, order) => order));
          outcome.alerts.forEach((each, index) => {
            const before = found[index]!;
            const own = before.record;
            expect(each.record?.body === undefined).toBe(own === undefined);
            if (own && each.record) {
              // Bytes as an exporter would have made them, of whatever record.
              const logs = (record: LogRecord) => ({ logs: [{ ...GROUP, records: [record] }] });
              const wanted = encodeLogsRequest(logs(sent[index]!));
              expect(encodeLogsRequest(logs(each.record))).toEqual(wanted);
              const [decoded] = decodeLogsRequest(wanted).logs[0]!.records;
              expect(plain({ ...cloneRecord(each.record), alert: 0, identity: '' })).toEqual(
                plain({ ...decoded, alert: 0 }),
              );
              expect(each.record.timeUnixNano).toBe(own.timeUnixNano);
              // Looked at by now, so it is encoded anew, to the same.
              expect(encodeLogsRequest(logs(each.record))).toEqual(wanted);
            }
            const isThere = before.isWanted || !own;
            late.push(() => expect(defined(each.alert?.whole ?? null)).toEqual(isThere ? defined(before.alert) : null));
          });
          if (reset) writer.reset();
        }
        for (const look of late) look();
      }),
    );
  });
});
