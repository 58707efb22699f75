/**
 * Records per CPU second of the OTLP codec: the walk over the wire against the generated code (the rejected way),
 * JSON and encoding. Run with `node test/bench/otlp-codec.ts [--json] [--seconds N]`.
 */
import { parseArgs } from 'node:util';
import { fromBinary } from '@bufbuild/protobuf';
import { decodeLogsRequest } from '../../src/otlp/decode.ts';
import { decodeLogsRequestJson } from '../../src/otlp/decode-json.ts';
import { decodeLogsRequestReference } from '../../src/otlp/decode-reference.ts';
import { encodeLogsRequest } from '../../src/otlp/encode.ts';
import { encodeLogsRequestJson } from '../../src/otlp/encode-json.ts';
import { ExportLogsServiceRequestSchema } from '../../src/otlp/generated/opentelemetry/proto/collector/logs/v1/logs_service_pb.js';
import type { AnyValue } from '../../src/pdata/any-value.ts';
import { createLogRecord, type LogBatch } from '../../src/pdata/logs.ts';

const { values: options } = parseArgs({
  options: { json: { type: 'boolean', default: false }, seconds: { type: 'string', default: '1' } },
});
const RECORDS = 1000;
const ROUNDS = 5;

/** Lines as sshd writes them (about 114 bytes), with the attributes that a file receiver of a Collector gives. */
function buildBatch(bodyOf: (index: number) => AnyValue): LogBatch {
  const resource = {
    attributes: new Map<string, AnyValue>([
      ['host.name', 'web01'],
      ['os.type', 'linux'],
      ['service.name', 'sshd'],
    ]),
  };
  const scope = { name: '', version: '', attributes: new Map<string, AnyValue>() };
  const records = Array.from({ length: RECORDS }, (_, index) =>
    createLogRecord({
      timeUnixNano: 1_700_000_000_000_000_000n + BigInt(index),
      observedTimeUnixNano: 1_700_000_001_000_000_000n + BigInt(index),
      body: bodyOf(index),
      attributes: new Map<string, AnyValue>([
        ['log.file.name', 'auth.log'],
        ['log.file.path', '/var/log/auth.log'],
      ]),
    }),
  );
  return { logs: [{ resource, scope, schemaUrl: '', records, trusted: false }] };
}

const line = (index: number) =>
  `Nov 21 01:02:${String(index % 60).padStart(2, '0')} web01 sshd[${1000 + index}]: Failed password for invalid user admin${index} from 192.0.2.${index % 250} port ${20000 + index} ssh2`;

const batch = buildBatch(line);
const bytes = encodeLogsRequest(batch);
const text = encodeLogsRequestJson(batch);

const CASES: Record<string, () => unknown> = {
  'decode, walk over the wire': () => decodeLogsRequest(bytes),
  'decode, generated code to batch': () => decodeLogsRequestReference(bytes),
  'decode, generated code, messages only': () => fromBinary(ExportLogsServiceRequestSchema, bytes),
  'decode, JSON': () => decodeLogsRequestJson(text),
  'encode, wire': () => encodeLogsRequest(batch),
  'encode, JSON': () => encodeLogsRequestJson(batch),
};

function recordsPerCpuSecond(run: () => unknown, seconds: number): number {
  const start = process.cpuUsage();
  let rounds = 0;
  for (;;) {
    for (let index = 0; index < 20; index++) run();
    rounds += 20;
    const { user, system } = process.cpuUsage(start);
    const used = (user + system) / 1e6;
    if (used >= seconds) return (rounds * RECORDS) / used;
  }
}

const seconds = Number(options.seconds) / ROUNDS;
const results = Object.entries(CASES).map(([name, run]) => {
  recordsPerCpuSecond(run, seconds);
  const samples = Array.from({ length: ROUNDS }, () => recordsPerCpuSecond(run, seconds)).sort((a, b) => a - b);
  return { name, median: samples[ROUNDS >> 1], low: samples[0], high: samples[ROUNDS - 1] };
});

if (options.json) console.log(JSON.stringify({ recordBytes: bytes.length / RECORDS, results }));
else {
  console.log(`${(bytes.length / RECORDS).toFixed(0)} bytes a record on the wire, Node ${process.version}`);
  for (const { name, median, low, high } of results) {
    console.log(`${name.padEnd(40)} ${k(median)} k records/CPU-s (${k(low)} to ${k(high)})`);
  }
}

function k(value: number): string {
  return (value / 1000).toFixed(0).padStart(6);
}
