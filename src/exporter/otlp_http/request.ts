import { decodeLogsRequest } from '../../otlp/decode.ts';
import { encodeLogsRequest } from '../../otlp/encode.ts';
import { createDecodeReport } from '../../otlp/limits.ts';
import { type RequestLimits, splitLogsRequest } from '../../otlp/split.ts';
import { toText } from '../../pdata/any-value.ts';
import type { LogBatch, LogRecord, ScopeLogs } from '../../pdata/logs.ts';
import { countRecords } from '../../pdata/logs.ts';
import { releaseBytes } from '../../pdata/release-bytes.ts';

/** What is sent at once: an `ExportLogsServiceRequest` in protobuf. */
export interface LogsRequest {
  bytes: Uint8Array;
  records: number;
  /** Its records carry the present time instead of their own, because the other side refused that. */
  restamped: boolean;
  /** The bytes as they are queued, where they are a part of that; see `toPayload`. */
  payload?: Uint8Array;
  /** What it was joined from. */
  joined?: readonly LogsRequest[];
}

/** First byte of a queued payload, then the number of records (32 bits, little endian), then the request. */
const PAYLOAD_VERSION = 1;
const HEADER_BYTES = 5;

/** The batch as requests within the limits, records in the order of their time. */
export function createRequests(batch: LogBatch, limits: RequestLimits): LogsRequest[] {
  const records = countRecords(batch);
  if (records === 0) return [];
  const bytes = encodeLogsRequest(sortByTime(batch), HEADER_BYTES);
  const fits = records === 1 || (records <= limits.maxRecords && bytes.byteLength <= limits.maxBytes);
  if (fits) return [createRequest(bytes, records)];
  const parts = splitLogsRequest(bytes, limits, HEADER_BYTES).map((part) => createRequest(part.bytes, part.records));
  releaseBytes(new Uint8Array(bytes.buffer));
  return parts;
}

/** `bytes` has room for the header in front: what is queued is no copy. */
function createRequest(bytes: Uint8Array, records: number): LogsRequest {
  const payload = new Uint8Array(bytes.buffer, bytes.byteOffset - HEADER_BYTES);
  writeHeader(payload, records);
  return { bytes, records, restamped: false, payload };
}

/**
 * Oldest first: Loki refuses what is more than an hour behind the newest entry of its stream, and has been seen to take
 * such entries without keeping them where they follow the newest within the request that opens the stream.
 */
function sortByTime(batch: LogBatch): LogBatch {
  let newest = 0n;
  let ordered = true;
  for (const { records } of batch.logs) {
    for (const record of records) {
      const time = eventTime(record);
      if (time < newest) ordered = false;
      else newest = time;
    }
  }
  if (ordered) return batch;
  const compare = (left: LogRecord, right: LogRecord) => Number(eventTime(left) - eventTime(right));
  const logs = batch.logs.map((group) => ({ ...group, records: group.records.toSorted(compare) }));
  return { logs: logs.filter(({ records }) => records.length > 0).sort((a, b) => compare(a.records[0], b.records[0])) };
}

export function toPayload(request: LogsRequest): Uint8Array {
  if (request.payload) return request.payload;
  const payload = new Uint8Array(HEADER_BYTES + request.bytes.byteLength);
  writeHeader(payload, request.records);
  payload.set(request.bytes, HEADER_BYTES);
  return payload;
}

function writeHeader(payload: Uint8Array, records: number): void {
  payload[0] = PAYLOAD_VERSION;
  new DataView(payload.buffer, payload.byteOffset).setUint32(1, records, true);
}

/** Undefined where the payload is none that this version wrote. */
export function fromPayload(payload: Uint8Array): LogsRequest | undefined {
  if (payload.byteLength < HEADER_BYTES || payload[0] !== PAYLOAD_VERSION) return undefined;
  const records = new DataView(payload.buffer, payload.byteOffset).getUint32(1, true);
  return { bytes: payload.subarray(HEADER_BYTES), records, restamped: false };
}

/** One request with the records of all: protobuf merges messages by standing one after the other. */
export function joinRequests(requests: readonly LogsRequest[]): LogsRequest {
  if (requests.length === 1) return requests[0];
  return {
    bytes: Buffer.concat(requests.map((request) => request.bytes)),
    records: requests.reduce((sum, request) => sum + request.records, 0),
    restamped: false,
    joined: requests,
  };
}

/** The records of a request; undefined where its bytes are damaged, or some of them would be lost by decoding. */
export function openRequest(request: LogsRequest): LogBatch | undefined {
  const report = createDecodeReport();
  try {
    const batch = decodeLogsRequest(request.bytes, { report });
    return report.rejectedRecords > 0 || countRecords(batch) !== request.records ? undefined : batch;
  } catch {
    return undefined;
  }
}

/** Two requests with half of the records each. */
export function splitInHalves(batch: LogBatch, restamped: boolean): LogsRequest[] {
  return halves(batch).map((half) => ({ ...encode(half, countRecords(half)), restamped }));
}

/**
 * Parts a batch of which some records have an unacceptable time: first by resource, since backends judge each stream by
 * itself; then what is older than acceptable gets the present time. Where nothing can be told apart, halves.
 */
export function splitByTime(batch: LogBatch, acceptableFrom: bigint | undefined, now: bigint): LogsRequest[] {
  const byResource = Map.groupBy(batch.logs, (group) => toText(group.resource.attributes));
  if (byResource.size > 1) return [...byResource.values()].map((logs) => encode({ logs }, countRecords({ logs })));
  if (countRecords(batch) === 1) return [restamp(batch, now)];
  if (acceptableFrom === undefined) return splitInHalves(batch, false);
  const old = select(batch, (record) => eventTime(record) < acceptableFrom);
  const recent = select(batch, (record) => eventTime(record) >= acceptableFrom);
  if (old.logs.length === 0) return splitInHalves(batch, false);
  const requests = [restamp(old, now)];
  if (recent.logs.length > 0) requests.push(encode(recent, countRecords(recent)));
  return requests;
}

/**
 * The present time for every record, and in `hids.event.time` when it really was. Each gets a time of its own, since
 * Loki drops entries that are alike in stream, time and line.
 */
function restamp(batch: LogBatch, now: bigint): LogsRequest {
  let time = now;
  const logs = batch.logs.map((group) => ({
    ...group,
    records: group.records.map((record): LogRecord => {
      const attributes = new Map(record.attributes);
      if (!attributes.has('hids.event.time')) attributes.set('hids.event.time', formatNanoTime(eventTime(record)));
      return { ...record, attributes, timeUnixNano: time++ };
    }),
  }));
  return { ...encode({ logs }, countRecords({ logs })), restamped: true };
}

function eventTime(record: LogRecord): bigint {
  return record.timeUnixNano === 0n ? record.observedTimeUnixNano : record.timeUnixNano;
}

/** `2026-01-31T12:00:00.123456789Z` */
export function formatNanoTime(nanoseconds: bigint): string {
  const seconds = new Date(Number(nanoseconds / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(nanoseconds % 1_000_000_000n).padStart(9, '0')}Z`;
}

function halves(batch: LogBatch): LogBatch[] {
  const middle = Math.ceil(countRecords(batch) / 2);
  let index = 0;
  const first = new Set<LogRecord>();
  for (const group of batch.logs) for (const record of group.records) if (index++ < middle) first.add(record);
  return [select(batch, (record) => first.has(record)), select(batch, (record) => !first.has(record))];
}

function select(batch: LogBatch, wanted: (record: LogRecord) => boolean): LogBatch {
  const logs: ScopeLogs[] = [];
  for (const group of batch.logs) {
    const records = group.records.filter(wanted);
    if (records.length > 0) logs.push({ ...group, records });
  }
  return { logs };
}

function encode(batch: LogBatch, records: number): LogsRequest {
  return { bytes: encodeLogsRequest(batch), records, restamped: false };
}
