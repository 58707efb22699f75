import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DebugExporter } from '../../../src/exporter/debug/exporter.ts';
import { debugFactory } from '../../../src/exporter/debug/factory.ts';
import { formatRecord } from '../../../src/exporter/debug/format.ts';
import { paintAnsi, paintNothing, wantsColor } from '../../../src/exporter/debug/style.ts';
import { createLogRecord, type LogRecord } from '../../../src/pdata/logs.ts';
import { describeComponentContract } from '../../contract/component.ts';
import { createBatch } from '../../support/batches.ts';
import { TestWorkUnit } from '../../support/consumers.ts';
import { settle } from '../../support/fake-clock.ts';
import { createTestSettings } from '../../support/settings.ts';
import { createAlert, createRule } from '../file/alerts.ts';

const zone = process.env.TZ;
beforeAll(() => {
  process.env.TZ = 'UTC';
});
afterAll(() => {
  process.env.TZ = zone;
});

const group = createBatch([], { resource: { attributes: new Map([['host.name', 'web01']]) } }).logs[0];
const listening = createLogRecord({
  severityNumber: 13,
  attributes: new Map([['hids.rule.level', 7]]),
  alert: createAlert({
    rule: createRule({ id: '533', level: 7, description: 'Listened ports status changed.' }),
    agent: { id: '000', name: 'web01' },
    location: 'netstat listening ports',
    fullLog: "ossec: output: 'netstat listening ports':\ntcp 22\ntcp 2021\n\x1b[2J",
    previousOutput: ['Previous output:', 'tcp 22'],
    previousLog: 'tcp 22',
    delta: '--- previous\n+++ current\n@@ -1,1 +1,2 @@\n tcp 22\n-gone\n+tcp 2021\n',
    data: [['ports', '22\n2021']],
    decoder: { name: 'ossec' },
  }),
});

function format(record: LogRecord, config: object = {}, paint = paintNothing): string {
  return formatRecord(record, group, debugFactory.schema.parse(config), paint);
}

describe('debug text', () => {
  it('basic: time, level, rule, description, host', () => {
    expect(format(listening, { verbosity: 'basic' })).toBe(
      '2026-11-20 23:07:51  level  7  rule 533  Listened ports status changed.  on web01\n',
    );
  });

  it('normal: also location, first lines of the log, delta', () => {
    expect(format(listening, { log_lines: 2 })).toBe(
      [
        '2026-11-20 23:07:51  level  7  rule 533  Listened ports status changed.  on web01',
        '    from netstat listening ports',
        "    | ossec: output: 'netstat listening ports':",
        '    | tcp 22',
        '    | ... 2 more lines',
        '    changed',
        '      @@ -1,1 +1,2 @@',
        '       tcp 22',
        '      -gone',
        '      +tcp 2021',
        '',
      ].join('\n'),
    );
  });

  it('normal: earlier events where there is no delta', () => {
    const alert = createAlert({ previousOutput: ['newest', 'oldest'] });
    expect(format(createLogRecord({ alert }))).toContain('    before\n    | newest\n    | oldest\n');
  });

  it('detailed: everything, escaped', () => {
    const text = format(listening, { verbosity: 'detailed' });
    for (const part of [
      '| \\x1b[2J',
      'before',
      '| Previous output:',
      'groups syslog, sshd',
      'agent 000 web01',
      'decoder ossec',
      'data ports 22\\x0a2021',
      'uid uid-1',
      'resource host.name web01',
      'attribute hids.rule.level 7',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('paints level and delta, and nothing of a log acts on the terminal', () => {
    const text = format(listening, {}, paintAnsi);
    expect(text).toContain('\x1b[33mlevel  7\x1b[0m');
    expect(text).toContain('\x1b[32m+tcp 2021\x1b[0m');
    expect(text).toContain('\x1b[31m-gone\x1b[0m');
    expect(text).toContain('\x1b[36m@@ -1,1 +1,2 @@\x1b[0m');
    expect(text).toContain('\\x1b[2J');
    expect(text.replace(/\x1b\[[\d;]+m/g, '')).toBe(format(listening));
  });

  it.each<[string, Partial<LogRecord>, string]>([
    ['a text', { body: 'line\nmore', severityText: 'WARN' }, '2026-11-20 23:07:51  WARN  line'],
    ['an event', { body: 'x', eventName: 'hids.baseline', severityNumber: 9 }, 'severity 9  hids.baseline  x'],
    ['a map', { body: new Map([['a', 1]]) }, 'record  {"a":1}'],
    ['a forged headline', { body: 'a\x1b[1A\rroot' }, 'record  a\\x1b[1A\\x0droot'],
    ['nothing decided', { alert: createAlert({ rule: undefined, fullLog: 'x' }) }, 'no rule  x  on web01'],
  ])('shows a record without a rule: %s', (_name, fields, expected) => {
    const timeUnixNano = BigInt(Date.UTC(2026, 10, 20, 23, 7, 51)) * 1_000_000n;
    expect(format(createLogRecord({ timeUnixNano, ...fields }), { verbosity: 'basic' })).toContain(expected);
  });

  it.each<['auto' | 'always' | 'never', boolean, Record<string, string>, boolean]>([
    ['auto', true, {}, true],
    ['auto', false, {}, false],
    ['auto', true, { NO_COLOR: '1' }, false],
    ['auto', true, { NO_COLOR: '' }, true],
    ['auto', false, { FORCE_COLOR: '1' }, true],
    ['auto', true, { FORCE_COLOR: '0' }, false],
    ['auto', true, { TERM: 'dumb' }, false],
    ['always', false, { NO_COLOR: '1' }, true],
    ['never', true, { FORCE_COLOR: '1' }, false],
  ])('color %s, terminal %s, %j: %s', (asked, isTerminal, environment, expected) => {
    expect(wantsColor(asked, isTerminal, environment)).toBe(expected);
  });
});

/** Takes each write only when told. */
class SlowOutput extends Writable {
  text = '';
  release: (() => void)[] = [];

  constructor() {
    super({ highWaterMark: 1 });
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    this.release.push(done);
  }
}

async function start(output: Writable) {
  const settings = createTestSettings({ id: 'debug' });
  const exporter = new DebugExporter(settings, debugFactory.schema.parse({ verbosity: 'basic' }), output);
  await exporter.start();
  return { settings, exporter };
}

describe('debug exporter', () => {
  it('waits for a slow reader', async () => {
    const output = new SlowOutput();
    const { settings, exporter } = await start(output);
    let accepted = 0;
    const first = exporter.consume(createBatch(['a', 'b']), new TestWorkUnit()).then(() => accepted++);
    const second = exporter.consume(createBatch(['c']), new TestWorkUnit()).then(() => accepted++);
    await settle();
    expect(accepted).toBe(0);
    output.release.shift()!();
    await first;
    await settle();
    expect(accepted).toBe(1);
    output.release.shift()!();
    await second;
    expect(output.text.split('\n')).toHaveLength(4);
    expect(await settings.metrics.value('otelcol_exporter_sent_log_records')).toBe(3);
    await exporter.shutdown();
  });

  it('lets the pipeline go on where nobody reads, and counts what was not shown', async () => {
    const output = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      },
    });
    const { settings, exporter } = await start(output);
    await exporter.consume(createBatch(['a', 'b']), new TestWorkUnit());
    await exporter.consume(createBatch(['c']), new TestWorkUnit());
    await settle();
    expect(await settings.metrics.value('otelcol_exporter_send_failed_log_records')).toBe(3);
    expect(settings.logger.entries).toHaveLength(1);
    await exporter.shutdown();
  });
});

describeComponentContract('debug', (settings) => ({
  component: new DebugExporter(settings, debugFactory.schema.parse({}), new SlowOutput()),
}));
