import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import {
  type ExportLogsServiceRequest,
  ExportLogsServiceRequestSchema,
} from '../../src/otlp/generated/opentelemetry/proto/collector/logs/v1/logs_service_pb.js';
import type { AnyValue, Attributes } from '../../src/pdata/any-value.ts';
import type { LogBatch } from '../../src/pdata/logs.ts';

const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.integer({ min: -1000, max: 1000 }).map(BigInt),
);
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom('', 'host.name', '__proto__', 'constructor', 'log.record.uid', 'ä', '漢字 log', '\u{1f600}'),
);

/** `AnyValue` in the form that `create` of protobuf-es takes. */
const { message: anyValueMessage } = fc.letrec((tie) => ({
  message: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({
      value: fc.oneof(
        fc.record({ case: fc.constant('stringValue'), value: text }),
        fc.record({ case: fc.constant('boolValue'), value: fc.boolean() }),
        fc.record({ case: fc.constant('intValue'), value: int64 }),
        fc.record({ case: fc.constant('doubleValue'), value: fc.double() }),
        fc.record({ case: fc.constant('bytesValue'), value: fc.uint8Array({ maxLength: 20 }) }),
        fc.record({ case: fc.constant('stringValueStrindex'), value: fc.integer({ min: 1, max: 9 }) }),
      ),
    }),
    fc.constant({}),
    fc.record({
      value: fc.record({
        case: fc.constant('arrayValue'),
        value: fc.record({ values: fc.array(tie('message'), { maxLength: 4 }) }),
      }),
    }),
    fc.record({
      value: fc.record({ case: fc.constant('kvlistValue'), value: fc.record({ values: tie('entries') }) }),
    }),
  ),
  entries: fc.array(fc.record({ key: text, value: fc.option(tie('message'), { nil: undefined }) }), { maxLength: 5 }),
}));
const entries = fc.array(
  fc.record({
    key: text,
    value: fc.option(anyValueMessage, { nil: undefined }),
    keyStrindex: fc.oneof(
      { weight: 9, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 5 }) },
    ),
  }),
  { maxLength: 6 },
);
const id = (length: number) =>
  fc.oneof(
    fc.constant(new Uint8Array()),
    fc.uint8Array({ minLength: length, maxLength: length }),
    fc.uint8Array({ maxLength: 20 }),
  );

const request = fc.record({
  resourceLogs: fc.array(
    fc.record({
      resource: fc.option(fc.record({ attributes: entries, droppedAttributesCount: uint32 }), { nil: undefined }),
      schemaUrl: text,
      scopeLogs: fc.array(
        fc.record({
          scope: fc.option(fc.record({ name: text, version: text, attributes: entries }), { nil: undefined }),
          schemaUrl: text,
          logRecords: fc.array(
            fc.record({
              timeUnixNano: uint64,
              observedTimeUnixNano: uint64,
              severityNumber: fc.integer({ min: -2, max: 30 }),
              severityText: text,
              body: fc.option(anyValueMessage, { nil: undefined }),
              attributes: entries,
              droppedAttributesCount: uint32,
              flags: uint32,
              traceId: id(16),
              spanId: id(8),
              eventName: text,
            }),
            { maxLength: 5 },
          ),
        }),
        { maxLength: 3 },
      ),
    }),
    { maxLength: 3 },
  ),
});

/** Any request that protobuf can express, as a message of the generated code. */
export const requestMessages: fc.Arbitrary<ExportLogsServiceRequest> = request.map((init) =>
  create(ExportLogsServiceRequestSchema, init as Parameters<typeof create<typeof ExportLogsServiceRequestSchema>>[1]),
);

const { value: anyValues } = fc.letrec<{ value: AnyValue; attributes: Attributes }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant<AnyValue>(null),
    text,
    fc.boolean(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double(),
    fc.bigInt({ min: 2n ** 60n, max: 2n ** 63n - 1n }),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('attributes'),
  ),
  attributes: fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map((list) => new Map(list)),
}));
const attributes = fc.array(fc.tuple(text, anyValues), { maxLength: 5 }).map((list): Attributes => new Map(list));
const hexId = (length: number) =>
  fc.oneof(
    fc.constant(''),
    fc
      .uint8Array({ minLength: length, maxLength: length })
      .filter((bytes) => bytes.some(Boolean))
      .map((bytes) => Buffer.from(bytes).toString('hex')),
  );

/** Batches as components hold them; groups are never empty. */
export const logBatches: fc.Arbitrary<LogBatch> = fc
  .array(
    fc.record({
      resource: fc.record({ attributes }),
      scope: fc.record({ name: text, version: text, attributes }),
      schemaUrl: text,
      trusted: fc.constant(false),
      records: fc.array(
        fc.record({
          timeUnixNano: uint64,
          observedTimeUnixNano: uint64,
          severityNumber: fc.integer({ min: 0, max: 24 }),
          severityText: text,
          eventName: text,
          body: anyValues,
          attributes,
          traceId: hexId(16),
          spanId: hexId(8),
          flags: uint32,
          droppedAttributesCount: uint32,
          identity: fc.constant(''),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    }),
    { maxLength: 4 },
  )
  .map((logs) => ({ logs }));
