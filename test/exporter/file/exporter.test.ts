import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { RefusedError } from '../../../src/component/errors.ts';
import { FileExporter } from '../../../src/exporter/file/exporter.ts';
import { fileFactory } from '../../../src/exporter/file/factory.ts';
import { decodeLogsRequestJson } from '../../../src/otlp/decode-json.ts';
import { describeComponentContract } from '../../contract/component.ts';
import { createBatch } from '../../support/batches.ts';
import { TestWorkUnit } from '../../support/consumers.ts';
import { createTestHost, createTestSettings } from '../../support/settings.ts';
import { createAlert } from './alerts.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-exporter-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function run(config: z.input<typeof fileFactory.schema>, use: (run: Running) => Promise<void>): Promise<void> {
  const settings = createTestSettings({ id: 'file', baseDir: folder });
  const exporter = new FileExporter(settings, fileFactory.schema.parse(config));
  const host = createTestHost();
  await exporter.start(host);
  try {
    await use({ exporter, settings, host, content: () => readFile(join(folder, config.path), 'utf8') });
  } finally {
    await exporter.shutdown();
  }
}

interface Running {
  exporter: FileExporter;
  settings: ReturnType<typeof createTestSettings>;
  host: ReturnType<typeof createTestHost>;
  content: () => Promise<string>;
}

const alerts = (...texts: string[]) => createBatch(texts.map((fullLog) => ({ alert: createAlert({ fullLog }) })));

describe('file exporter', () => {
  it('has written a batch when it accepts it, and names each alert by its place', async () => {
    await run({ path: 'a/alerts.json' }, async ({ exporter, settings, content }) => {
      await Promise.all([
        exporter.consume(alerts('é', 'two'), new TestWorkUnit()),
        exporter.consume(alerts('three'), new TestWorkUnit()),
      ]);
      const text = await content();
      const lines = text.trimEnd().split('\n');
      expect(lines.map((line) => JSON.parse(line).full_log)).toEqual(['é', 'two', 'three']);
      for (const line of lines) {
        const place = Number(JSON.parse(line).id.split('.')[1]);
        expect(
          Buffer.from(text)
            .subarray(place)
            .toString()
            .slice(0, line.length + 1),
        ).toBe(`${line}\n`);
      }
      expect(JSON.parse(lines[0]).manager.name).toBe('test-host');
      expect(await settings.metrics.value('otelcol_exporter_sent_log_records', { exporter: 'file' })).toBe(3);
      expect((await stat(join(folder, 'a/alerts.json'))).mode & 0o777).toBe(0o640);
    });
  });

  it('does not write an alert a second time when its batch comes again', async () => {
    await run({ path: 'alerts.json' }, async ({ exporter, settings, content }) => {
      const batch = () => createBatch(['a', 'b'].map((uid) => ({ alert: createAlert({ uid, fullLog: uid }) })));
      for (let attempt = 0; attempt < 3; attempt++) {
        const refused = new TestWorkUnit();
        await exporter.consume(batch(), refused);
        refused.rollback();
      }
      const work = new TestWorkUnit();
      const more = createBatch([{ alert: createAlert({ uid: 'c', fullLog: 'c' }) }]);
      await exporter.consume({ logs: [...batch().logs, ...more.logs] }, work);
      await work.commit(createTestHost().defaultStore);
      const texts = async () =>
        (await content())
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line).full_log);
      expect(await texts()).toEqual(['a', 'b', 'c']);
      expect(await settings.metrics.value('otelcol_exporter_sent_log_records')).toBe(3);
      // Once it is committed the same uid is an alert of its own.
      await exporter.consume(batch(), new TestWorkUnit());
      expect(await texts()).toEqual(['a', 'b', 'c', 'a', 'b']);
    });
  });

  it('skips and counts records that the format has no text for', async () => {
    await run({ path: 'alerts.log', format: 'alerts_log' }, async ({ exporter, settings, content }) => {
      const noRule = { alert: createAlert({ rule: undefined }) };
      await exporter.consume(createBatch(['no alert', noRule, { alert: createAlert() }]), new TestWorkUnit());
      expect((await content()).match(/^\*\* Alert/gm)).toHaveLength(1);
      expect(await settings.metrics.value('hids_exporter_skipped_log_records')).toBe(2);
      expect(await settings.metrics.value('otelcol_exporter_sent_log_records')).toBe(1);
    });
  });

  it('writes one OTLP/JSON request a line', async () => {
    await run({ path: 'out.jsonl', format: 'otlp_json' }, async ({ exporter, content }) => {
      await exporter.consume(createBatch(['a', 'b']), new TestWorkUnit());
      await exporter.consume(createBatch(['c']), new TestWorkUnit());
      const requests = (await content())
        .trimEnd()
        .split('\n')
        .map((line) => decodeLogsRequestJson(line));
      expect(requests.map((batch) => batch.logs[0].records.map((record) => record.body))).toEqual([['a', 'b'], ['c']]);
    });
  });

  it('rotates as told', async () => {
    const config = { path: 'n', format: 'notification', rotation: { max_megabytes: 0.0001, max_backups: 1 } } as const;
    await run(config, async ({ exporter, content }) => {
      for (const text of ['one', 'two', 'three']) await exporter.consume(alerts(text), new TestWorkUnit());
      const text = await content();
      expect(text).toContain('three');
      expect(text).not.toContain('two');
    });
  });

  it('closes a torn record of the run before', async () => {
    await appendFile(join(folder, 'alerts.json'), '{"timestamp":"20');
    await run({ path: 'alerts.json' }, async ({ exporter, settings, content }) => {
      await exporter.consume(alerts('whole'), new TestWorkUnit());
      const [torn, whole] = (await content()).split('\n');
      expect(torn).toBe('{"timestamp":"20');
      expect(JSON.parse(whole).full_log).toBe('whole');
      expect(JSON.parse(whole).id).toMatch(/\.17$/);
      expect(settings.logger.entries.map((entry) => entry.message)).toContainEqual(expect.stringContaining('middle'));
    });
  });

  it('refuses for now what the disk does not take, and says so once', async () => {
    await run({ path: '/dev/full' }, async ({ exporter, settings, host }) => {
      for (let attempt = 0; attempt < 2; attempt++) {
        const refused = await exporter.consume(alerts('x'), new TestWorkUnit()).catch((error) => error);
        expect(refused).toBeInstanceOf(RefusedError);
        expect(refused.message).toContain('ENOSPC');
      }
      expect(host.statuses.get('file')?.state).toBe('recoverable_error');
      expect(settings.logger.entries.filter((entry) => entry.level === 'error')).toHaveLength(1);
      expect(await settings.metrics.value('hids_exporter_failed_writes')).toBe(2);
      expect(await settings.metrics.value('otelcol_exporter_sent_log_records')).toBe(0);
    });
  });

  it('does not start where it may not write', async () => {
    const settings = createTestSettings({ baseDir: folder });
    const exporter = new FileExporter(settings, fileFactory.schema.parse({ path: '.' }));
    await expect(exporter.start(createTestHost())).rejects.toMatchObject({ code: 'EISDIR' });
  });
});

describeComponentContract('file', (settings) => ({
  component: fileFactory.create({ ...settings, baseDir: folder }, fileFactory.schema.parse({ path: 'x' })),
}));

describe('file configuration', () => {
  it('has defaults', () => {
    expect(fileFactory.schema.parse({ path: 'x', rotation: null })).toEqual({
      path: 'x',
      format: 'wazuh_json',
      dialect: 'wazuh',
      flush: 'sync',
      escape_control_characters: true,
      rotation: { max_megabytes: 100, max_days: 0, max_backups: 100 },
    });
  });

  it.each([
    {},
    { path: '' },
    { path: 'x', fromat: 'x' },
    { path: 'x', format: 'xml' },
    { path: 'x', rotation: { max_days: -1 } },
  ])('refuses %j', (config) => {
    expect(fileFactory.schema.safeParse(config).success).toBe(false);
  });
});
