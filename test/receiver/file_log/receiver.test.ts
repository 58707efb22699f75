import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chownSync,
  copyFileSync,
  lchownSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PermanentError, RefusedError } from '../../../src/component/errors.ts';
import { fileLogSchema } from '../../../src/receiver/file_log/config.ts';
import { createFileLogReceiver } from '../../../src/receiver/file_log/receiver.ts';
import { describeComponentContract } from '../../contract/component.ts';
import { describeReceiverContract, type ReceiverSource } from '../../contract/receiver.ts';
import { CollectingIntake } from '../../support/consumers.ts';
import { useFileLog } from '../../tail/file-log-bench.ts';
import { createFolder } from '../../tail/harness.ts';

const bench = useFileLog({ include: ['app.log'] });
const { at, tail } = bench;

/** Numbered lines of about 60 bytes; 40 of them are more than a fingerprint. */
function lines(from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += `${i} Dec 10 01:02:02 host sshd[1066]: Failed password for root\n`;
  return text;
}

describe('reading', () => {
  it('gives each line with identity, location and host', async () => {
    writeFileSync(at('app.log'), 'one\ntwo\r\n\n  three  \n');
    await tail().start();
    const [batch] = bench.harness.intake.batches.filter(({ logs }) => logs.length > 0);
    expect(batch.logs).toHaveLength(1);
    expect([...batch.logs[0].resource.attributes]).toEqual([
      ['host.name', 'test-host'],
      ['host.id', 'test-host-id'],
    ]);
    expect(batch.logs[0].trusted).toBe(false);
    const { records } = batch.logs[0];
    expect(records.map(({ body }) => body)).toEqual(['one', 'two', '', '  three  ']);
    expect([...records[1].attributes]).toEqual([
      ['log.file.name', 'app.log'],
      ['log.file.path', at('app.log')],
      ['hids.queue', '1'],
      ['hids.location', at('app.log')],
    ]);
    expect(records[0].observedTimeUnixNano).toBe(BigInt(bench.harness.clock.now() - 200) * 1_000_000n);
    expect(new Set(records.map(({ identity }) => identity)).size).toBe(4);
    expect(
      await bench.harness.settings.metrics.value('otelcol_receiver_accepted_log_records', { receiver: 'file_log' }),
    ).toBe(4);
    expect(bench.harness.host.statuses.get('file_log')).toEqual({ state: 'ok' });
  });

  it('starts at the end, and sees the line whole that was being written', async () => {
    writeFileSync(at('app.log'), 'old\nhalf a li');
    await tail({ start_at: 'end' }).start();
    appendFileSync(at('app.log'), 'ne\nnew\n');
    await bench.harness.polls();
    expect(bench.harness.lines()).toEqual(['half a line', 'new']);
  });

  it('keeps an unfinished line until its end comes', async () => {
    writeFileSync(at('app.log'), 'one\ntw');
    await tail().start();
    await bench.harness.polls(100);
    expect(bench.harness.lines()).toEqual(['one']);
    appendFileSync(at('app.log'), 'o');
    await bench.harness.polls();
    expect(bench.harness.lines()).toEqual([]);
    appendFileSync(at('app.log'), '\n');
    await bench.harness.polls();
    expect(bench.harness.lines()).toEqual(['two']);
  });

  it('takes an unfinished line for a whole one after force_flush_period', async () => {
    writeFileSync(at('app.log'), 'one\ntw');
    await tail({ force_flush_period: '1s' }).start();
    await bench.harness.polls(3);
    expect(bench.harness.lines()).toEqual(['one']);
    await bench.harness.polls(3);
    expect(bench.harness.lines()).toEqual(['tw']);
    appendFileSync(at('app.log'), '\nthree\n');
    await bench.harness.polls();
    expect(bench.harness.lines()).toEqual(['three']);
  });

  it.each([
    ['UTF-8', Buffer.from('grüße 日本\n'), ['grüße 日本']],
    ['bytes that are no UTF-8', Buffer.from([0x61, 0xff, 0xc3, 0x0a, 0x62, 0x0a]), ['bytes:61ffc3', 'b']],
    ['a byte order mark', Buffer.from('\ufefffirst\nsecond\n'), ['first', 'second']],
    ['NUL bytes within a line', Buffer.from('a\0b\n'), ['a\0b']],
    ['NUL bytes before a line', Buffer.from('a\n\0\0\0\0b\n'), ['a', 'b']],
    ['NUL bytes at the end', Buffer.from('a\n\0\0\0\0'), ['a']],
    ['group separators', Buffer.from('a\x1db\n'), ['a\x1db']],
    ['an empty file', Buffer.alloc(0), []],
  ])('reads %s', async (_name, content, expected) => {
    writeFileSync(at('app.log'), content);
    await tail().start();
    expect(bench.harness.lines()).toEqual(expected);
  });

  it('reads what others write as iso-8859-1, or leaves bytes as they are', async () => {
    writeFileSync(at('app.log'), Buffer.from([0xe4, 0x0a]));
    await tail({ encoding: 'iso-8859-1' }).start();
    expect(bench.harness.lines()).toEqual(['ä']);
    await bench.harness.stop();
    await tail({ encoding: 'nop' }).start();
    expect(bench.harness.lines()).toEqual(['bytes:e4']);
  });

  it('cuts lines that are too long, between characters, and marks and counts them', async () => {
    writeFileSync(at('app.log'), `${'x'.repeat(255)}ü${'y'.repeat(500_000)}\nshort\n${'z'.repeat(257)}`);
    await tail({ max_log_size: 256 }).start();
    appendFileSync(at('app.log'), 'zz\nlast\n');
    await bench.harness.polls();
    const records = bench.harness.news();
    expect(records.filter(({ attributes }) => attributes.has('log.file.path')).map(({ body }) => body)).toEqual([
      'x'.repeat(255),
      'short',
      'z'.repeat(256),
      'last',
    ]);
    expect(records.map(({ attributes }) => attributes.get('hids.truncated'))).toContain(true);
    expect(records.map(({ body }) => body)).toContain(
      `otel-hids: lines cut: subject=${JSON.stringify(at('app.log')).replaceAll('"', "'")} lines=2 limit=256`,
    );
    expect(await bench.harness.settings.metrics.value('hids_tail_lines_cut')).toBe(2);
  });

  it('splits lines that are too long where asked to', async () => {
    writeFileSync(at('app.log'), `${'x'.repeat(256)}${'y'.repeat(256)}end\nshort\n`);
    await tail({ max_log_size: 256, max_log_size_behavior: 'split' }).start();
    expect(bench.harness.lines()).toEqual(['x'.repeat(256), 'y'.repeat(256), 'end', 'short']);
  });

  it('reads lines longer than its buffer', async () => {
    const long = 'a'.repeat(1_000_000);
    writeFileSync(at('app.log'), `${long}\nb\n`);
    await tail().start();
    expect(bench.harness.lines()).toEqual([long, 'b']);
  });

  it('hands over batches no larger than configured, in order', async () => {
    writeFileSync(at('app.log'), lines(0, 2500));
    await tail({ max_batch_size: 1000 }).start();
    const sizes = bench.harness.intake.batches.map(({ logs }) =>
      logs.reduce((sum, group) => sum + group.records.length, 0),
    );
    expect(sizes.filter((size) => size > 0)).toEqual([1000, 1000, 500]);
    expect(bench.harness.lines().join('\n')).toBe(lines(0, 2500).trimEnd());
  });
});

describe('many files', () => {
  it('finds files by patterns, also later, and leaves excluded ones alone', async () => {
    mkdirSync(at('a/b'), { recursive: true });
    writeFileSync(at('a/b/x.log'), 'x\n');
    writeFileSync(at('a/y.log'), 'y\n');
    writeFileSync(at('a/debug.log'), 'no\n');
    writeFileSync(at('a/.hidden.log'), 'no\n');
    writeFileSync(at('a/z.txt'), 'no\n');
    await tail({ include: ['**/*.log'], exclude: ['**/debug*'], start_at: 'end' }).start();
    expect(bench.harness.lines()).toEqual([]);
    mkdirSync(at('c'));
    writeFileSync(at('c/new.log'), 'new\n');
    appendFileSync(at('a/y.log'), 'more\n');
    await bench.harness.polls(2);
    expect(bench.harness.lines().sort()).toEqual(['more', 'new']);
  });

  it('reads more files than may be open', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `f${index}.log`);
    for (const name of names) writeFileSync(at(name), `${name} 1\n`);
    await tail({ include: ['*.log'], max_concurrent_files: 3 }).start();
    expect(bench.harness.lines().sort()).toEqual(names.map((name) => `${name} 1`).sort());
    for (const name of names) appendFileSync(at(name), `${name} 2\n`);
    renameSync(at('f0.log'), at('f0.old'));
    await bench.harness.polls(2);
    expect(bench.harness.lines().sort()).toEqual(names.map((name) => `${name} 2`).sort());
  });

  it('reads a file once that has two names', async () => {
    writeFileSync(at('app.log'), 'one\n');
    symlinkSync(at('app.log'), at('link.log'));
    await tail({ include: ['*.log'] }).start();
    expect(bench.harness.lines()).toEqual(['one']);
  });

  it.each([
    ['never', []],
    ['owner_match', ['one']],
    ['always', ['one']],
  ])('follows symbolic links: %s', async (follow_symlinks, expected) => {
    writeFileSync(at('target'), 'one\n');
    symlinkSync(at('target'), at('app.log'));
    await tail({ follow_symlinks }).start();
    expect(bench.harness.lines()).toEqual(expected);
  });

  it('leaves compressed files alone, and binaries where asked to', async () => {
    writeFileSync(at('a.log'), Buffer.from([0x1f, 0x8b, 8, 0, 10, 10]));
    writeFileSync(at('b.log'), Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 10, 10]));
    writeFileSync(at('c.log'), 'text\n');
    await tail({ include: ['*.log'], ignore_binaries: true }).start();
    expect(bench.harness.lines()).toEqual(['text']);
    expect(bench.harness.settings.logger.entries.filter(({ level }) => level === 'warn')).toHaveLength(2);
  });
});

describe('rotation', () => {
  it.each([
    ['not watched', ['app.log']],
    ['watched too', ['app.log*']],
  ])('by rename: the old file is read to its end first (the new name is %s)', async (_name, include) => {
    writeFileSync(at('app.log'), lines(0, 3));
    await tail({ include }).start();
    bench.harness.news();
    appendFileSync(at('app.log'), lines(3, 5));
    renameSync(at('app.log'), at('app.log.1'));
    writeFileSync(at('app.log'), lines(10, 12));
    await bench.harness.polls();
    const records = bench.harness.news();
    const read = records.filter(({ attributes }) => attributes.has('log.file.path'));
    expect(read.map(({ body }) => String(body).split(' ')[0])).toEqual(['3', '4', '10', '11']);
    expect(new Set(read.map(({ attributes }) => attributes.get('hids.location')))).toEqual(new Set([at('app.log')]));
    const controls = records.filter(({ attributes }) => attributes.get('hids.location') === 'logcollector');
    expect(controls.map(({ body }) => body)).toEqual([`ossec: File rotated (inode changed): '${at('app.log')}'.`]);
    expect(
      bench.harness.intake.batches.flatMap(({ logs }) => logs).find(({ records: [first] }) => first === controls[0])
        ?.trusted,
    ).toBe(true);
    // The writer still has the old file open.
    appendFileSync(at('app.log.1'), 'late\n');
    await bench.harness.polls();
    expect(bench.harness.lines()).toEqual(['late']);
  });

  it('by rename with a gap: the old file is read while no new one is there', async () => {
    writeFileSync(at('app.log'), 'one\n');
    await tail({ report_rotation: false }).start();
    appendFileSync(at('app.log'), 'two\nunfinished');
    renameSync(at('app.log'), at('app.log.1'));
    await bench.harness.polls(30);
    expect(bench.harness.lines()).toEqual(['one', 'two', 'unfinished']);
    writeFileSync(at('app.log'), 'three\n');
    await bench.harness.polls();
    expect(bench.harness.lines()).toEqual(['three']);
    expect(bench.harness.controls()).toEqual([]);
  });

  it('by deletion: what was written is read', async () => {
    writeFileSync(at('app.log'), 'one\n');
    await tail().start();
    appendFileSync(at('app.log'), 'two\n');
    rmSync(at('app.log'));
    await bench.harness.polls();
    expect(bench.harness.lines()).toEqual(['one', 'two']);
    await bench.harness.polls(30);
    writeFileSync(at('app.log'), 'new\n');
    await bench.harness.polls();
    expect(bench.harness.lines()).toEqual(['new']);
  });

  it.each([
    ['smaller', lines(100, 101)],
    ['of the same size', lines(0, 40).replace(/0/g, '9')],
    ['larger again', lines(0, 20) + lines(50, 100)],
    ['larger, with other first bytes', lines(100, 160)],
  ])('by truncation: the file is %s when it is looked at', async (_name, content) => {
    writeFileSync(at('app.log'), lines(0, 40));
    await tail().start();
    bench.harness.news();
    truncateSync(at('app.log'), 0);
    appendFileSync(at('app.log'), content);
    await bench.harness.polls(2);
    const records = bench.harness.news();
    const read = records.filter(({ attributes }) => attributes.has('log.file.path'));
    expect(read.map(({ body }) => `${body}\n`).join('')).toBe(content);
    expect(records.map(({ body }) => body)).toContain(`ossec: File size reduced (inode remained): '${at('app.log')}'.`);
  });

  it('gives lines another identity after a truncation, even the same ones', async () => {
    writeFileSync(at('app.log'), 'one\ntwo\n');
    await tail().start();
    truncateSync(at('app.log'), 0);
    await bench.harness.polls();
    appendFileSync(at('app.log'), 'one\ntwo\n');
    await bench.harness.polls();
    const identities = bench.harness.news().map(({ identity }) => identity);
    expect(new Set(identities).size).toBe(identities.length);
  });

  it('by copytruncate: what was written before the truncation is read from the copy, and nothing twice', async () => {
    writeFileSync(at('app.log'), lines(0, 40));
    await tail({ include: ['app.log*'] }).start();
    bench.harness.news();
    appendFileSync(at('app.log'), lines(40, 45));
    copyFileSync(at('app.log'), at('app.log.1'));
    truncateSync(at('app.log'), 0);
    appendFileSync(at('app.log'), lines(45, 47));
    await bench.harness.polls(3);
    expect(bench.harness.lines().sort().join('\n')).toBe(lines(40, 47).trimEnd());
  });

  it('by copytruncate, and grown beyond what was read before the next look: in order, and nothing twice', async () => {
    writeFileSync(at('app.log'), lines(0, 40));
    await tail({ include: ['app.log*'] }).start();
    bench.harness.news();
    for (let turn = 1; turn <= 3; turn++) {
      appendFileSync(at('app.log'), lines(turn * 100, turn * 100 + 3));
      if (turn > 1) renameSync(at('app.log.1'), at(`app.log.${turn}`));
      copyFileSync(at('app.log'), at('app.log.1'));
      truncateSync(at('app.log'), 0);
      appendFileSync(at('app.log'), lines(turn * 100 + 3, turn * 100 + 80));
      await bench.harness.polls(3);
      expect(bench.harness.lines().join('\n')).toBe(lines(turn * 100, turn * 100 + 80).trimEnd());
    }
  });

  it('a file that begins as another one and goes on differently is read from its beginning', async () => {
    writeFileSync(at('a.log'), lines(0, 60));
    await tail({ include: ['*.log'] }).start();
    bench.harness.news();
    writeFileSync(at('b.log'), lines(0, 40));
    await bench.harness.polls(2);
    appendFileSync(at('b.log'), lines(70, 72));
    await bench.harness.polls(3);
    expect(bench.harness.lines().join('\n')).toBe((lines(0, 40) + lines(70, 72)).trimEnd());
  });

  it('a copy of a file is not read, until it becomes more than a copy', async () => {
    writeFileSync(at('app.log'), lines(0, 40));
    await tail({ include: ['app.log*'] }).start();
    bench.harness.news();
    copyFileSync(at('app.log'), at('app.log.copy'));
    await bench.harness.polls(3);
    expect(bench.harness.lines()).toEqual([]);
    appendFileSync(at('app.log.copy'), lines(70, 72));
    await bench.harness.polls(3);
    expect(bench.harness.lines().join('\n')).toBe(lines(70, 72).trimEnd());
  });

  it('reads short files with the same content both', async () => {
    writeFileSync(at('a.log'), 'started\n');
    await tail({ include: ['*.log'] }).start();
    writeFileSync(at('b.log'), 'started\n');
    await bench.harness.polls();
    const records = bench.harness.news();
    expect(records.map(({ body }) => body)).toEqual(['started', 'started']);
    expect(records[0].identity).not.toBe(records[1].identity);
  });
});

describe('restart', () => {
  it('goes on exactly behind the last line handed over', async () => {
    writeFileSync(at('app.log'), 'one\ntwo\nhal');
    await tail().start();
    expect(bench.harness.lines()).toEqual(['one', 'two']);
    await bench.harness.restart(() => appendFileSync(at('app.log'), 'f\nthree\n'));
    expect(bench.harness.lines()).toEqual(['half', 'three']);
    expect(bench.harness.controls()).toEqual([]);
  });

  it.each([
    ['watched', ['app.log*']],
    ['not watched', ['app.log']],
  ])('reads the rest of a file that was renamed meanwhile (new name %s), then the new one', async (_name, include) => {
    writeFileSync(at('app.log'), lines(0, 40));
    await tail({ include, start_at: 'end' }).start();
    appendFileSync(at('app.log'), lines(40, 41));
    await bench.harness.polls();
    expect(bench.harness.lines()).toHaveLength(1);
    await bench.harness.restart(() => {
      appendFileSync(at('app.log'), lines(41, 43));
      renameSync(at('app.log'), at('app.log.1'));
      writeFileSync(at('app.log'), lines(43, 44));
    });
    await bench.harness.polls(2);
    const records = bench.harness.news();
    const read = records.filter(({ attributes }) => attributes.has('log.file.path'));
    expect(read.map(({ body }) => String(body).split(' ')[0]).sort()).toEqual(['41', '42', '43']);
    expect(read.every(({ attributes }) => attributes.get('hids.location') === at('app.log'))).toBe(true);
    expect(records.map(({ body }) => body)).toContain(`ossec: File rotated (inode changed): '${at('app.log')}'.`);
  });

  it('reads a file from its beginning that was truncated meanwhile, even if it is larger now', async () => {
    writeFileSync(at('app.log'), lines(0, 40));
    await tail().start();
    bench.harness.news();
    await bench.harness.restart(() => writeFileSync(at('app.log'), lines(0, 20) + lines(60, 100)));
    const records = bench.harness.news();
    expect(records.filter(({ attributes }) => attributes.has('log.file.path'))).toHaveLength(60);
    expect(records.map(({ body }) => body)).toContain(`ossec: File size reduced (inode remained): '${at('app.log')}'.`);
  });

  it('reads a file from its beginning that came meanwhile, also with start_at: end', async () => {
    writeFileSync(at('a.log'), 'old\n');
    await tail({ include: ['*.log'], start_at: 'end' }).start();
    await bench.harness.restart(() => writeFileSync(at('b.log'), 'meanwhile\n'));
    expect(bench.harness.lines()).toEqual(['meanwhile']);
  });

  it('gives the same line the same identity when it was not handed over before', async () => {
    writeFileSync(at('app.log'), 'one\n');
    await tail({ include: ['app.log*'] }).start();
    const seen = bench.harness.news().map(({ identity }) => identity);
    // As if the batch had not been stored.
    for (const [key] of [...bench.harness.store.entries('tail/file_log')]) {
      await bench.harness.store.commit([{ op: 'delete', namespace: 'tail/file_log', key }]);
    }
    await bench.harness.restart(() => {
      appendFileSync(at('app.log'), lines(0, 40));
      renameSync(at('app.log'), at('app.log.1'));
    });
    expect(bench.harness.news()[0].identity).toBe(seen[0]);
  });

  it.each([64, 4096])('goes on where it was with another fingerprint_size: %d', async (fingerprint_size) => {
    writeFileSync(at('app.log'), lines(0, 40));
    await tail().start();
    bench.harness.news();
    await bench.harness.stop();
    const { store } = bench.harness;
    tail({ fingerprint_size }, store);
    appendFileSync(at('app.log'), lines(40, 41));
    await bench.harness.start();
    expect(bench.harness.news().map(({ body }) => `${body}\n`)).toEqual([lines(40, 41)]);
  });

  it('goes on within a line that is skipped because it is too long', async () => {
    writeFileSync(at('app.log'), 'x'.repeat(1000));
    await tail({ max_log_size: 256 }).start();
    expect(bench.harness.lines()).toEqual(['x'.repeat(256)]);
    await bench.harness.restart(() => appendFileSync(at('app.log'), 'yyy\nnext\n'));
    expect(bench.harness.lines()).toEqual(['next']);
  });

  it('forgets a stored offset that is damaged', async () => {
    writeFileSync(at('app.log'), 'one\n');
    await tail().start();
    const [key] = [...bench.harness.store.entries('tail/file_log')]
      .map(([name]) => name)
      .filter((name) => name.includes(':'));
    await bench.harness.restart(() =>
      bench.harness.store.commit([{ op: 'put', namespace: 'tail/file_log', key, value: Buffer.from('{"off') }]),
    );
    expect(bench.harness.lines()).toEqual(['one', 'one']);
    expect(bench.harness.settings.logger.entries.map(({ message }) => message)).toContain(
      'Stored offset is damaged; the file counts as unknown',
    );
  });
});

describe('trouble', () => {
  it('says once that a file cannot be read, tries again, and says when it can', async () => {
    symlinkSync(at('app.log'), at('app.log'));
    await tail().start();
    await bench.harness.polls(10);
    const [event, ...more] = bench.harness.controls();
    expect(event).toMatch(/^otel-hids: source unreadable: subject='.*app\.log' reason='ELOOP/);
    expect(more).toEqual([]);
    expect(bench.harness.host.statuses.get('file_log')).toMatchObject({ state: 'recoverable_error' });
    expect(await bench.harness.settings.metrics.value('hids_tail_files_unreadable')).toBe(1);
    rmSync(at('app.log'));
    await bench.harness.polls();
    expect(bench.harness.host.statuses.get('file_log')).toEqual({ state: 'ok' });
    writeFileSync(at('app.log'), 'one\n');
    await bench.harness.polls();
    expect(bench.harness.lines()).toEqual(['one']);
  });

  it('reads no pipe, and does not wait for its writer', async () => {
    execFileSync('mkfifo', [at('app.log')]);
    await tail().start();
    expect(bench.harness.controls()).toEqual([
      `otel-hids: source unreadable: subject='${at('app.log')}' reason='is not a regular file'`,
    ]);
  });

  it.runIf(process.getuid?.() === 0)('does not follow a link that its owner may have laid (needs root)', async () => {
    writeFileSync(at('secret'), 'secret\n');
    symlinkSync(at('secret'), at('app.log'));
    lchownSync(at('app.log'), 12345, 12345);
    await tail().start();
    const [event] = bench.harness.controls();
    expect(event).toContain(`is reached by the symbolic link ${at('app.log')}, which belongs to user 12345`);
    chownSync(at('secret'), 12345, 12345);
    await bench.harness.polls();
    expect(bench.harness.lines()).toEqual(['secret']);
  });

  it('pauses while records are refused, then goes on with the same batch, nothing lost or twice', async () => {
    writeFileSync(at('app.log'), lines(0, 10));
    tail({ max_batch_size: 4 });
    let refusals = 5;
    bench.harness.intake.fail = (batch) => {
      if (batch.logs.length > 0 && refusals-- > 0) throw new RefusedError('full', 300);
    };
    await bench.harness.start();
    expect(bench.harness.lines()).toEqual([]);
    expect(bench.harness.host.statuses.get('file_log')).toEqual({ state: 'recoverable_error', reason: 'full' });
    await bench.harness.polls(120, 1000);
    expect(bench.harness.lines().join('\n')).toBe(lines(0, 10).trimEnd());
    expect(bench.harness.host.statuses.get('file_log')).toEqual({ state: 'ok' });
    expect(await bench.harness.settings.metrics.value('otelcol_receiver_refused_log_records')).toBe(20);
  });

  it('reads again after a restart what was never accepted', async () => {
    writeFileSync(at('app.log'), lines(0, 10));
    tail({ max_batch_size: 4 });
    let calls = 0;
    bench.harness.intake.fail = (batch) => {
      if (batch.logs.length > 0 && ++calls > 1) throw new Error('disk full');
    };
    await bench.harness.start();
    expect(bench.harness.lines()).toHaveLength(4);
    await bench.harness.restart(() => {
      bench.harness.intake.fail = undefined;
    });
    expect(bench.harness.lines().join('\n')).toBe(lines(4, 10).trimEnd());
  });

  it('counts and passes over what can never be accepted', async () => {
    writeFileSync(at('app.log'), lines(0, 10));
    tail({ max_batch_size: 4 });
    bench.harness.intake.fail = (batch) => {
      const [group] = batch.logs;
      if (group?.records.some(({ body }) => String(body).startsWith('5 '))) throw new PermanentError('never');
    };
    await bench.harness.start();
    expect(bench.harness.lines()).toHaveLength(6);
    expect(await bench.harness.settings.metrics.value('otelcol_receiver_failed_log_records')).toBe(4);
    await bench.harness.restart();
    expect(bench.harness.lines()).toEqual([]);
  });
});

describe('configuration', () => {
  const defaults = {
    exclude: [],
    start_at: 'end',
    poll_interval: 200,
    fingerprint_size: 1000,
    max_log_size: 1_048_576,
    max_log_size_behavior: 'truncate',
    max_concurrent_files: 1024,
    include_file_name: true,
    include_file_path: true,
    attributes: {},
    resource: {},
    encoding: 'utf-8',
    follow_symlinks: 'owner_match',
    ignore_binaries: false,
    report_rotation: true,
    rotate_wait: 5000,
    max_batch_size: 1000,
    max_batch_bytes: 4_194_304,
  };

  it('has defaults for all but the paths', () => {
    expect(fileLogSchema.parse({ include: ['/a'] })).toMatchObject({ include: ['/a'], ...defaults });
  });

  it.each([
    [{}, 'include'],
    [{ include: [] }, 'include'],
    [{ include: ['/a'], inclde: 1 }, 'inclde'],
    [{ include: ['/a['] }, 'is no pattern'],
    [{ include: ['/a{b'] }, 'is no pattern'],
    [{ include: ['/a'], start_at: 'middle' }, 'start_at'],
    [{ include: ['/a'], max_log_size: '1 potato' }, 'is no size'],
    [{ include: ['/a'], max_log_size: 1 }, 'is not between'],
    [{ include: ['/a'], poll_interval: '0s' }, '1ms or longer'],
    [{ include: ['/a'], encoding: 'utf-16le' }, 'encoding'],
    [{ include: ['/a'], retry_on_failure: { max_elapsed_time: '5m' } }, 'attempts never end'],
  ])('refuses %j', (config, message) => {
    const result = fileLogSchema.safeParse(config);
    expect(result.success).toBe(false);
    expect(JSON.stringify(result.error?.issues)).toContain(message);
  });
});

describeComponentContract('file_log', (settings) => {
  const made = createFolder();
  writeFileSync(join(made.folder, 'app.log'), 'one\n');
  const config = fileLogSchema.parse({ include: [join(made.folder, '*.log')], start_at: 'beginning' });
  return { component: createFileLogReceiver(settings, config, new CollectingIntake()), cleanup: made.cleanup };
});

function fileSource(rotate: boolean): () => ReceiverSource {
  return () => {
    const made = createFolder();
    const path = join(made.folder, 'app.log');
    const config = fileLogSchema.parse({
      include: [`${path}*`],
      start_at: 'beginning',
      max_batch_size: 7,
      retry_on_failure: { initial_interval: '100ms', max_interval: '200ms' },
    });
    let rotations = 0;
    let sends = 0;
    return {
      create: (settings, next) => createFileLogReceiver(settings, config, next),
      async send(ids) {
        appendFileSync(path, ids.map((id) => `${id} ${'x'.repeat(50)}\n`).join(''));
        if (rotate && ++sends % 4 === 0) renameSync(path, `${path}.${rotations++}`);
        return 'stored';
      },
      idOf: (record) => (record.attributes.has('log.file.path') ? String(record.body).split(' ')[0] : undefined),
      cleanup: made.cleanup,
    };
  };
}

describeReceiverContract('file_log', fileSource(false));
describeReceiverContract('file_log, restarted', fileSource(false), { restart: true });
describeReceiverContract('file_log, restarted, files renamed', fileSource(true), { restart: true });

it('reports that nothing has come for longer than expected, and that it comes again', async () => {
  writeFileSync(at('app.log'), 'one\n');
  const { host, clock } = tail({ expect_every: '10m', poll_interval: '10s' });
  await bench.harness.start();
  await bench.harness.polls(60, 10_000);
  expect(host.healthEvents).toMatchObject([{ name: 'source silent', subject: 'file_log', fields: { silent: '600s' } }]);
  clock.jump(60_000);
  await bench.harness.polls(60, 10_000);
  expect(host.healthEvents).toHaveLength(1);
  appendFileSync(at('app.log'), 'two\n');
  await bench.harness.polls(2, 10_000);
  expect(host.healthEvents).toHaveLength(2);
  expect(host.healthEvents[1]).toMatchObject({ name: 'source active', subject: 'file_log' });
});
