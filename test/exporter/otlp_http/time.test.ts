import { describe, expect, it } from 'vitest';
import type { AnyValue } from '../../../src/pdata/any-value.ts';
import type { LogBatch, LogRecord } from '../../../src/pdata/logs.ts';
import { createBatch } from '../../support/batches.ts';
import { answer, Backend, type Behaviour } from './backend.ts';
import { start } from './harness.ts';

const SECOND = 1_000_000_000n;
const NOW = BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n;
const HOUR = 3600n * SECOND;

interface Entry {
  body: AnyValue;
  time: bigint;
  original: AnyValue | undefined;
}

/**
 * Keeps what Loki would: a stream for each resource, which takes nothing that is more than an hour older than its newest
 * entry, and drops entries that are alike. It keeps the good entries of a request it answers with 400.
 */
class LokiLike {
  readonly streams = new Map<string, Map<string, Entry>>();
  readonly newest = new Map<string, bigint>();
  requests = 0;
  words = (oldest: bigint) =>
    `entry too far behind, entry timestamp is: 2025-01-01T00:00:00Z, oldest acceptable timestamp is: ${rfc3339(oldest)}'`;

  readonly answer: Behaviour = (response, request) => {
    this.requests++;
    let refusal = '';
    for (const group of request.batch.logs) {
      const stream = String(group.resource.attributes.get('service.instance.id'));
      for (const record of group.records) refusal = this.#push(stream, record) ?? refusal;
    }
    if (refusal === '') response.writeHead(204).end();
    else answer(400, refusal)(response, request);
  };

  entries(stream: string): Entry[] {
    return [...(this.streams.get(stream)?.values() ?? [])];
  }

  #push(stream: string, record: LogRecord): string | undefined {
    const newest = this.newest.get(stream) ?? 0n;
    const oldest = newest - HOUR;
    if (record.timeUnixNano < oldest) return this.words(oldest);
    if (record.timeUnixNano > newest) this.newest.set(stream, record.timeUnixNano);
    const entries = this.streams.get(stream) ?? new Map<string, Entry>();
    this.streams.set(stream, entries);
    entries.set(`${record.timeUnixNano} ${record.body}`, {
      body: record.body,
      time: record.timeUnixNano,
      original: record.attributes.get('hids.event.time'),
    });
    return undefined;
  }
}

function rfc3339(nanoseconds: bigint): string {
  return `${new Date(Number(nanoseconds / 1_000_000n)).toISOString().slice(0, 19)}Z`;
}

function of(host: string, ...records: [body: string, time: bigint][]): LogBatch {
  return createBatch(
    records.map(([body, timeUnixNano]) => ({ body, timeUnixNano })),
    { resource: { attributes: new Map([['service.instance.id', host]]) } },
  );
}

async function run(loki: LokiLike, batches: LogBatch[]) {
  const backend = await Backend.start();
  backend.otherwise = loki.answer;
  const started = await start({ endpoint: backend.endpoint });
  for (const batch of batches) await started.consume(batch);
  await started.delivered();
  return started;
}

describe('otlp_http and times that the other side does not take', () => {
  it('sends what is too far behind with the present time and the original one, and everything else once', async () => {
    const loki = new LokiLike();
    const late = NOW - 2n * HOUR;
    const started = await run(loki, [
      of('web01', ['new', NOW]),
      of('web01', ['late 1', late], ['same', late + 1n], ['same', late + 2n], ['in time', NOW - HOUR / 2n]),
      of('web02', ['own pace 1', late], ['own pace 2', late + 5n]),
    ]);
    const web01 = loki.entries('web01');
    expect(web01.map((entry) => entry.body).toSorted()).toEqual(['in time', 'late 1', 'new', 'same', 'same']);
    const restamped = web01.filter((entry) => entry.original !== undefined);
    expect(restamped.map((entry) => [entry.body, entry.original])).toEqual([
      ['late 1', '2025-12-31T22:00:00.000000000Z'],
      ['same', '2025-12-31T22:00:00.000000001Z'],
      ['same', '2025-12-31T22:00:00.000000002Z'],
    ]);
    expect(restamped.map((entry) => entry.time)).toEqual([NOW, NOW + 1n, NOW + 2n]);
    expect(loki.entries('web02').map((entry) => entry.original)).toEqual([undefined, undefined]);
    expect(started.deadLetters()).toEqual([]);
    expect(await started.counted('hids_exporter_restamped_log_records')).toBe(3);
    expect(await started.counted('otelcol_exporter_sent_log_records')).toBe(7);
  });

  it('needs few requests for a host that was away for long', async () => {
    const loki = new LokiLike();
    const backlog = Array.from(
      { length: 1000 },
      (_, index) => [`b${index}`, NOW - 5n * HOUR + BigInt(index)] as [string, bigint],
    );
    await run(loki, [of('web01', ['new', NOW]), of('web01', ...backlog)]);
    expect(loki.entries('web01')).toHaveLength(1001);
    expect(loki.requests).toBeLessThan(6);
  });

  it.each([
    'has timestamp too old: 2025',
    'entry out of order',
    'greater_than_max_sample_age',
    'has timestamp too new: 2026',
  ])('finds the record where no limit is named: %s', async (words) => {
    const loki = new LokiLike();
    loki.words = () => words;
    const late = NOW - 2n * HOUR;
    const started = await run(loki, [of('web01', ['new', NOW]), of('web01', ['a', NOW], ['late', late], ['b', NOW])]);
    expect(
      loki
        .entries('web01')
        .map((entry) => entry.body)
        .toSorted(),
    ).toEqual(['a', 'b', 'late', 'new']);
    expect(
      loki
        .entries('web01')
        .filter((entry) => entry.original)
        .map((entry) => entry.body),
    ).toEqual(['late']);
    expect(started.deadLetters()).toEqual([]);
  });

  it('keeps a record that is refused with the present time too', async () => {
    const backend = await Backend.start();
    backend.otherwise = answer(400, 'entry has timestamp too old');
    const { consume, delivered, deadLetters } = await start({ endpoint: backend.endpoint });
    await consume(of('web01', ['a', NOW], ['b', NOW]));
    await delivered();
    expect(deadLetters()).toMatchObject([
      { kind: 'refused', records: 1 },
      { kind: 'refused', records: 1 },
    ]);
  });
});
