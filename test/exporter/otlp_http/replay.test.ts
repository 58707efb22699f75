import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { otlpHttpFactory } from '../../../src/exporter/otlp_http/factory.ts';
import { openReplayTarget, type ReplayFailure, replayDeadLetters } from '../../../src/exporter/otlp_http/replay.ts';
import { encodeLogsResponse } from '../../../src/otlp/response.ts';
import { recordsOf } from '../../support/consumers.ts';
import { createTestHost, createTestSettings } from '../../support/settings.ts';
import { createTempDir } from '../../support/temp-dir.ts';
import { accept, answer, Backend } from './backend.ts';
import { logs, start } from './harness.ts';

/** A dead-letter file with one letter for each text, as the exporter writes it. */
async function writeLetters(texts: string[]): Promise<string> {
  const backend = await Backend.start();
  backend.otherwise = answer(400, 'bad');
  const { consume, delivered, deadLetterPath } = await start({ endpoint: backend.endpoint });
  await consume(logs(texts, { attributes: new Map([['n', 2n ** 60n]]), traceId: '01'.repeat(16) }));
  await delivered();
  return deadLetterPath;
}

describe('replayDeadLetters', () => {
  it('sends every line as it was, in order, and leaves the file alone', async () => {
    const path = await writeLetters(['a', 'b\u2028\x7f', 'c']);
    const before = readFileSync(path, 'utf8');
    const sent: unknown[] = [];
    const report = await replayDeadLetters(path, async (batch) => {
      sent.push(...recordsOf([batch]).map((record) => [record.body, record.attributes.get('n'), record.traceId]));
      expect(batch.logs[0].resource.attributes.get('service.instance.id')).toBe('web01');
      return { accepted: true, rejected: 0, message: '' };
    });
    expect(sent).toEqual(['a', 'b\u2028\x7f', 'c'].map((text) => [text, 2n ** 60n, '01'.repeat(16)]));
    expect(report).toEqual({ lines: 3, sentRecords: 3, failures: 0 });
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('tells of each line that is still undelivered', async () => {
    const path = await writeLetters(['a', 'b']);
    appendFileSync(path, 'torn {"resourceLogs"\n\n{"time":"x","protobuf":"AAAA"}\n');
    const failures: ReplayFailure[] = [];
    const report = await replayDeadLetters(
      path,
      async (batch) =>
        recordsOf([batch])[0].body === 'a'
          ? { accepted: false, reason: '400: still bad' }
          : { accepted: true, rejected: 1, message: 'half' },
      (failure) => void failures.push(failure),
    );
    expect(report).toEqual({ lines: 4, sentRecords: 0, failures: 4 });
    expect(failures.map(({ line, reason }) => [line, reason])).toEqual([
      [1, '400: still bad'],
      [2, 'partial success, 1 rejected: half'],
      [3, expect.stringContaining('not OTLP/JSON')],
      [5, 'no records'],
    ]);
    expect(failures[2].text).toBe('torn {"resourceLogs"');
  });

  it('rejects where there is no file', async () => {
    const path = join(createTempDir(), 'none');
    const send = () => Promise.reject(new Error('unused'));
    await expect(replayDeadLetters(path, send)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('openReplayTarget', () => {
  async function open(backend: Backend) {
    const settings = createTestSettings({ id: 'otlp_http' });
    const config = otlpHttpFactory.schema.parse({ endpoint: backend.endpoint, timeout: '0s' });
    return { settings, target: openReplayTarget(settings, config, createTestHost(), {}) };
  }

  it('delivers a file to the backend of a configuration', async () => {
    const path = await writeLetters(['a', 'b']);
    const backend = await Backend.start();
    const { target } = await open(backend);
    expect(await replayDeadLetters(path, target.send)).toEqual({ lines: 2, sentRecords: 2, failures: 0 });
    expect(backend.acceptedTexts).toEqual(['a', 'b']);
    target.close();
  });

  it.each<[string, Parameters<typeof Backend.start>[0], object]>([
    ['unavailable once', [answer(503), accept], { accepted: true, rejected: 0 }],
    ['unavailable for long', Array(5).fill(answer(503, 'down')), { accepted: false, reason: '503: down' }],
    ['refused', [answer(400, 'bad')], { accepted: false, reason: '400: bad' }],
    ['not allowed', [answer(401)], { accepted: false, reason: '401' }],
    [
      'taken in part',
      [answer(200, encodeLogsResponse({ rejectedLogRecords: 1, errorMessage: 'x' }))],
      { accepted: true, rejected: 1, message: 'x' },
    ],
  ])('%s', async (_name, script, expected) => {
    const backend = await Backend.start(script);
    const { target, settings } = await open(backend);
    let result: object | undefined;
    const sending = target.send(logs(['a'])).then((answered) => {
      result = answered;
    });
    // The clock runs only for the waits between attempts.
    while (!result) await settings.clock.advance(1000);
    await sending;
    expect(result).toMatchObject(expected);
    expect(backend.script).toEqual([]);
    target.close();
  });

  it('reads files that hold plain OTLP/JSON', async () => {
    const path = join(createTempDir(), 'x.jsonl');
    writeFileSync(path, '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}}]}]}]}');
    const backend = await Backend.start();
    const { target } = await open(backend);
    expect(await replayDeadLetters(path, target.send)).toEqual({ lines: 1, sentRecords: 1, failures: 0 });
    target.close();
  });
});
