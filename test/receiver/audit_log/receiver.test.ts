import { appendFileSync, copyFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RefusedError } from '../../../src/component/errors.ts';
import { auditLogSchema } from '../../../src/receiver/audit_log/config.ts';
import { createAuditLogReceiver } from '../../../src/receiver/audit_log/receiver.ts';
import { describeComponentContract } from '../../contract/component.ts';
import { describeReceiverContract, type ReceiverSource } from '../../contract/receiver.ts';
import { CollectingIntake } from '../../support/consumers.ts';
import { createFolder, TailHarness } from '../../tail/harness.ts';

let folder: string;
let cleanup: () => void;
let harness: TailHarness;
let log: string;

beforeEach(() => {
  ({ folder, cleanup } = createFolder());
  log = join(folder, 'audit.log');
});
afterEach(async () => {
  await harness?.stop();
  cleanup();
});

function audit(config: Record<string, unknown> = {}): TailHarness {
  const parsed = auditLogSchema.parse({ include: ['audit.log'], start_at: 'beginning', ...config });
  harness = new TailHarness((settings, intake) => createAuditLogReceiver(settings, parsed, intake), folder);
  return harness;
}

function record(type: string, serial: number, rest = 'x=1'): string {
  return `type=${type} msg=audit(1700000000.123:${serial}): ${rest}`;
}

/** The records of an event as a current kernel and auditd write them. */
function event(serial: number): string[] {
  return ['SYSCALL', 'EXECVE', 'CWD', 'PATH', 'PROCTITLE'].map((type) => record(type, serial));
}

const write = (...records: string[]) => appendFileSync(log, records.map((text) => `${text}\n`).join(''));

describe('events', () => {
  it('are joined, with location, queue and identity', async () => {
    const nc = [
      record('SYSCALL', 4242, 'comm="nc" exe="/usr/bin/nc.openbsd" key="audit-wazuh-c"\x1dARCH=x86_64'),
      record('EXECVE', 4242, 'argc=2 a0="nc" a1="-v"'),
      record('PROCTITLE', 4242, 'proctitle=6E63002D76'),
    ];
    write(...nc);
    await audit().start();
    await harness.polls(11);
    const [found, ...more] = harness.news();
    expect(more).toEqual([]);
    expect(found.body).toBe(nc.join(' '));
    expect(Object.fromEntries(found.attributes)).toEqual({
      'log.file.name': 'audit.log',
      'log.file.path': log,
      'hids.queue': '1',
      'hids.location': log,
    });
    expect(found.identity).toMatch(/:0$/);
  });

  it('are whole when they are split across reads, even within a record', async () => {
    write('');
    await audit().start();
    const text = event(1).join('\n');
    appendFileSync(log, text.slice(0, 70));
    await harness.polls();
    appendFileSync(log, text.slice(70, 200));
    await harness.polls(9);
    expect(harness.lines()).toEqual([]);
    appendFileSync(log, `${text.slice(200)}\n`);
    await harness.polls(12);
    expect(harness.lines()).toEqual([event(1).join(' ')]);
  });

  it('are whole when they interleave', async () => {
    const [a, b] = [event(10), event(11)];
    write(a[0], b[0], a[1], a[2], b[1], b[2], b[3], a[3], b[4], a[4]);
    await audit().start();
    await harness.polls(11);
    expect(harness.lines().sort()).toEqual([a.join(' '), b.join(' ')]);
  });

  it('are whole when a rotation comes between their records', async () => {
    write(...event(1), ...event(2).slice(0, 2));
    await audit().start();
    renameSync(log, `${log}.1`);
    write(...event(2).slice(2), ...event(3));
    await harness.polls(12);
    const records = harness.news().map(({ body }) => body);
    const rotated = `ossec: File rotated (inode changed): '${log}'.`;
    expect(records.sort()).toEqual([rotated, ...[1, 2, 3].map((serial) => event(serial).join(' '))].sort());
  });

  it.each(['goes on', 'is killed after the look', 'is killed after the copy was seen'])(
    'are whole when their log is copied and truncated between their records, and the program %s',
    async (what) => {
      const begun = event(2);
      write(...event(1), ...begun.slice(0, 2));
      await audit({ include: ['audit.log*'], fingerprint_size: 64 }).start();
      await harness.polls(2);
      const kill = async () => {
        harness.intake.fail = () => {
          throw new RefusedError('the process is being killed', 10);
        };
        await harness.stop();
        harness.intake.fail = undefined;
      };
      copyFileSync(log, what === 'is killed after the look' ? join(folder, 'elsewhere') : `${log}.1`);
      truncateSync(log);
      await harness.polls(2);
      if (what !== 'goes on') await kill();
      if (what === 'is killed after the look') renameSync(join(folder, 'elsewhere'), `${log}.1`);
      if (what !== 'goes on') await harness.start();
      write(...begun.slice(2));
      await harness.polls(15);
      const found = harness.news().filter(({ attributes }) => attributes.has('log.file.path'));
      expect(found.map(({ body }) => body)).toEqual([event(1).join(' '), begun.join(' ')]);
    },
  );

  it('are still evaluated after a truncation that swallowed their rest', async () => {
    write(...event(1).slice(0, 2));
    await audit().start();
    truncateSync(log);
    await harness.polls();
    write(...event(2));
    await harness.polls(12);
    const records = harness.news().filter(({ attributes }) => attributes.has('log.file.path'));
    expect(records.map(({ body }) => body)).toEqual([event(1).slice(0, 2).join(' '), event(2).join(' ')]);
    expect(new Set(records.map(({ identity }) => identity)).size).toBe(2);
  });

  it('pass on what is no record, and count it', async () => {
    write(record('USER_LOGIN', 1), 'CALL msg=audit(1700000000.123:2): torn', record('USER_LOGIN', 2));
    await audit().start();
    expect(harness.lines().sort()).toEqual(
      ['CALL msg=audit(1700000000.123:2): torn', record('USER_LOGIN', 1), record('USER_LOGIN', 2)].sort(),
    );
    expect(await harness.settings.metrics.value('hids_audit_records_invalid', { receiver: 'file_log' })).toBe(1);
  });

  it('that are missing are reported', async () => {
    write(record('USER_LOGIN', 1), record('USER_LOGIN', 5));
    await audit().start();
    await harness.polls(11);
    const [gap] = harness.intake.batches.flatMap(({ logs }) => logs).filter(({ trusted }) => trusted);
    expect(gap.records.map(({ body }) => body)).toEqual([
      `otel-hids: audit gap: subject='${log}' reason=sequence lost=3 first=2 last=4`,
    ]);
    expect(gap.records[0].attributes.get('hids.location')).toBe('otel-hids');
    expect(await harness.settings.metrics.value('hids_audit_records_lost')).toBe(3);
  });
});

describe('restart', () => {
  it('reads the records of open events again, and only those', async () => {
    const [a, b, c] = [event(1), event(2), event(3)];
    write(...event(0));
    await audit().start();
    await harness.polls(12);
    write(a[0], b[0], ...b.slice(1), a[1]);
    await harness.polls();
    expect(harness.lines()).toEqual([event(0).join(' '), b.join(' ')]);
    const before = harness.intake.recordCount;
    await harness.restart(() => write(a[2], ...c, a[3], a[4]));
    await harness.polls(2);
    expect(harness.lines().sort()).toEqual([a.join(' '), c.join(' ')]);
    expect(harness.intake.recordCount).toBe(before + 2);
    expect(await harness.settings.metrics.value('hids_audit_records_lost')).toBe(0);
  });

  it('finds the records of an open event in a file that was renamed meanwhile', async () => {
    write(...event(0));
    await audit().start();
    await harness.polls(12);
    write(...event(1).slice(0, 3));
    await harness.polls();
    await harness.restart(() => {
      renameSync(log, `${log}.1`);
      write(...event(1).slice(3), ...event(2));
    });
    await harness.polls(12);
    expect(harness.lines().sort()).toEqual([0, 1, 2].map((serial) => event(serial).join(' ')));
  });

  it('reports a gap once', async () => {
    write(record('USER_LOGIN', 1), record('USER_LOGIN', 5));
    await audit().start();
    await harness.polls(12);
    const gap = `otel-hids: audit gap: subject='${log}' reason=sequence lost=3 first=2 last=4`;
    expect(harness.controls()).toEqual([gap]);
    await harness.restart();
    await harness.polls(12);
    expect(harness.controls()).toEqual([]);
  });

  it('tells gaps of one kind after two starts of the machine apart', async () => {
    const boot = (seconds: number) =>
      [1, 3].map((serial) => `type=USER_LOGIN msg=audit(${seconds}.123:${serial}): x=1`);
    write(...boot(1700000000));
    await audit().start();
    await harness.polls(12);
    write('type=DAEMON_START msg=audit(1700000900.123:8728): auditd start', ...boot(1700000999));
    await harness.polls(12);
    const gaps = harness.news().filter(({ body }) => String(body).includes('audit gap'));
    expect(gaps.map(({ body }) => body)).toEqual([gaps[0].body, gaps[0].body]);
    expect(gaps[0].identity).not.toBe(gaps[1].identity);
  });

  it('reports a gap that opened meanwhile', async () => {
    write(record('USER_LOGIN', 1));
    await audit().start();
    await harness.restart(() => write(record('USER_LOGIN', 9)));
    await harness.polls(11);
    expect(harness.controls()).toContain(
      `otel-hids: audit gap: subject='${log}' reason=sequence lost=7 first=2 last=8`,
    );
  });

  it('gives an event the same identity when it was not handed over before', async () => {
    write(...event(0));
    await audit().start();
    await harness.polls(12);
    const seen = harness.news().map(({ identity }) => identity);
    const damage = [...harness.store.entries('tail/file_log')].map(
      ([key]) => ({ op: 'delete', namespace: 'tail/file_log', key }) as const,
    );
    await harness.store.commit(damage);
    await harness.restart(() => write(...event(1)));
    await harness.polls(12);
    expect(harness.news().map(({ identity }) => identity)).toContain(seen[0]);
  });
});

describe('configuration', () => {
  it('has defaults', () => {
    expect(auditLogSchema.parse({})).toMatchObject({
      include: ['/var/log/audit/audit.log'],
      start_at: 'end',
      linger: 2000,
      max_open_events: 1024,
      max_open_bytes: 16 * 1024 * 1024,
    });
  });

  it.each([
    [{ linger: '1ms' }, 'between 10ms and 1m'],
    [{ max_open_events: 0 }, 'max_open_events'],
    [{ force_flush_period: '1s' }, 'force_flush_period'],
  ])('refuses %j', (config, message) => {
    const result = auditLogSchema.safeParse(config);
    expect(JSON.stringify(result.error?.issues)).toContain(message);
  });
});

describeComponentContract('audit_log', (settings) => {
  const made = createFolder();
  writeFileSync(join(made.folder, 'audit.log'), `${event(1).slice(0, 2).join('\n')}\n`);
  const config = auditLogSchema.parse({ include: [join(made.folder, '*.log')], start_at: 'beginning' });
  return { component: createAuditLogReceiver(settings, config, new CollectingIntake()), cleanup: made.cleanup };
});

/** Events of three records each, the records of two neighbours interleaved. */
function createSource(): ReceiverSource {
  const made = createFolder();
  const path = join(made.folder, 'audit.log');
  const config = auditLogSchema.parse({
    include: [`${path}*`],
    start_at: 'beginning',
    linger: '500ms',
    max_batch_size: 3,
    retry_on_failure: { initial_interval: '100ms', max_interval: '200ms' },
  });
  let rotations = 0;
  let sends = 0;
  return {
    create: (settings, next) => createAuditLogReceiver(settings, config, next),
    async send(ids) {
      const records: string[] = [];
      const of = (id: string) => {
        const serial = Number(id.split('-')[1]);
        return ['SYSCALL', 'CWD', 'PROCTITLE'].map((type) => record(type, serial, `id=${id}.`));
      };
      for (let i = 0; i < ids.length; i += 2) {
        const [a, b] = [of(ids[i]), i + 1 < ids.length ? of(ids[i + 1]) : []];
        for (let k = 0; k < 3; k++) records.push(a[k], ...b.slice(k, k + 1));
      }
      const half = Math.floor(records.length / 2);
      appendFileSync(
        path,
        records
          .slice(0, half)
          .map((text) => `${text}\n`)
          .join(''),
      );
      if (++sends % 3 === 0) {
        // As auditd does it: the newest old file is .1.
        for (let i = rotations++; i > 0; i--) renameSync(`${path}.${i}`, `${path}.${i + 1}`);
        renameSync(path, `${path}.1`);
      }
      appendFileSync(
        path,
        records
          .slice(half)
          .map((text) => `${text}\n`)
          .join(''),
      );
      return 'stored';
    },
    idOf(found) {
      const ids = new Set(String(found.body).match(/(?<=id=)record-\d+(?=\.)/g) ?? []);
      const records = String(found.body).split('type=').length - 1;
      return ids.size === 1 && records === 3 ? [...ids][0] : undefined;
    },
    cleanup: made.cleanup,
  };
}

describeReceiverContract('audit_log', createSource);
describeReceiverContract('audit_log, restarted', createSource, { restart: true });
