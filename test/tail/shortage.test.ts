import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RefusedError } from '../../src/component/errors.ts';
import { Descriptors, whyNoLimit } from './descriptors.ts';
import { useFileLog } from './file-log-bench.ts';

const bench = useFileLog({ include: ['app.log*'], fingerprint_size: 64, report_rotation: false });
const { at, tail } = bench;

/** Numbered lines longer than the fingerprint. */
function lines(from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++)
    text += `${i} Dec 10 01:02:02 host sshd[1066]: Failed password for root from 10.0.0.1\n`;
  return text;
}

const numbers = () => bench.harness.lines().map((line) => Number(line.split(' ')[0]));

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

/** Ends without that anything more is stored, as a SIGKILL does. */
async function crash(): Promise<void> {
  bench.harness.intake.fail = () => {
    throw new RefusedError('the process is being killed', 10);
  };
  await bench.harness.stop();
  bench.harness.intake.fail = undefined;
}

function copytruncate(): void {
  for (let number = 8; number >= 1; number--) {
    if (existsSync(at(`app.log.${number}`))) renameSync(at(`app.log.${number}`), at(`app.log.${number + 1}`));
  }
  copyFileSync(at('app.log'), at('app.log.1'));
  truncateSync(at('app.log'));
}

function formers(): string[] {
  return [...bench.harness.store.entries('tail/file_log')]
    .map(([key]) => key)
    .filter((key) => key.startsWith('former/'));
}

describe('a log that was copied and truncated', () => {
  it('is known again in its copy that is seen only after a restart', async () => {
    writeFileSync(at('app.log'), lines(0, 10));
    await tail().start();
    expect(numbers()).toEqual(range(0, 10));
    appendFileSync(at('app.log'), lines(10, 12));
    // The copy lies elsewhere for now.
    copyFileSync(at('app.log'), at('elsewhere'));
    truncateSync(at('app.log'));
    appendFileSync(at('app.log'), lines(12, 14));
    await bench.harness.polls(3);
    expect(numbers()).toEqual([12, 13]);
    expect(formers()).toHaveLength(1);
    await crash();
    renameSync(at('elsewhere'), at('app.log.1'));
    await bench.harness.start();
    expect(numbers()).toEqual([10, 11]);
    await bench.harness.polls(2);
    expect(formers()).toEqual([]);
  });

  it('is known again after a crash between the look at it and the commit', async () => {
    writeFileSync(at('app.log'), lines(0, 10));
    await tail().start();
    expect(numbers()).toEqual(range(0, 10));
    bench.harness.intake.fail = () => {
      throw new RefusedError('not now', 10);
    };
    copytruncate();
    appendFileSync(at('app.log'), lines(0, 3));
    await bench.harness.polls(2);
    await crash();
    expect(numbers()).toEqual([]);
    await bench.harness.start();
    expect(numbers()).toEqual([0, 1, 2]);
  });

  it('gives equal lines after a truncation while nobody looked other identities', async () => {
    writeFileSync(at('app.log'), lines(0, 10));
    await tail().start();
    await bench.harness.restart(() => {
      copytruncate();
      appendFileSync(at('app.log'), lines(0, 5));
    });
    const identities = bench.harness.news().map(({ identity }) => identity);
    expect(identities).toHaveLength(15);
    expect(new Set(identities).size).toBe(15);
  });

  it('more than once while nobody looked is read on in order', async () => {
    writeFileSync(at('app.log'), lines(0, 10));
    await tail().start();
    expect(numbers()).toEqual(range(0, 10));
    await crash();
    for (let turn = 1; turn <= 3; turn++) {
      appendFileSync(at('app.log'), lines(turn * 10, turn * 10 + 10));
      copytruncate();
      const age = Date.now() / 1000 - 100 + turn;
      utimesSync(at('app.log.1'), age, age);
    }
    appendFileSync(at('app.log'), lines(40, 42));
    await bench.harness.start();
    expect(numbers()).toEqual(range(10, 42));
    await bench.harness.polls(3);
    await bench.harness.restart();
    expect(numbers()).toEqual([]);
  });

  it('leaves no more than a few states behind where nothing continues them', async () => {
    writeFileSync(at('app.log'), lines(0, 10));
    await tail({ include: ['app.log'] }).start();
    for (let turn = 1; turn < 40; turn++) {
      writeFileSync(at('app.log'), lines(turn * 10, turn * 10 + 9));
      await bench.harness.polls(2);
    }
    expect(numbers()).toHaveLength(10 + 39 * 9);
    expect(formers()).toHaveLength(16);
    await bench.harness.restart();
    expect(formers()).toHaveLength(16);
    await bench.harness.polls(1, 8 * 24 * 3_600_000);
    await bench.harness.polls(1);
    expect(formers()).toEqual([]);
  });
});

const reason = whyNoLimit();
if (reason !== undefined) console.log(`skipped: without file descriptors: ${reason}`);

describe.skipIf(reason !== undefined)('without file descriptors', () => {
  let descriptors: Descriptors;

  beforeEach(async () => {
    descriptors = await Descriptors.create();
  });
  afterEach(async () => {
    await descriptors.close();
  });

  it('new content waits for the copy of the old one', async () => {
    writeFileSync(at('app.log'), lines(0, 10));
    await tail().start();
    expect(numbers()).toEqual(range(0, 10));
    appendFileSync(at('app.log'), lines(10, 12));
    copytruncate();
    appendFileSync(at('app.log'), lines(12, 14));
    await descriptors.exhaust();
    await bench.harness.polls(5);
    expect(numbers()).toEqual([]);
    expect(bench.harness.host.statuses.get('file_log')?.state).toBe('recoverable_error');
    await descriptors.restore();
    await bench.harness.polls(2);
    expect(numbers()).toEqual(range(10, 14));
    expect(bench.harness.host.statuses.get('file_log')).toEqual({ state: 'ok' });
  });

  it('new content waits no longer than rotate_wait, and the copy is read later, without what was read', async () => {
    writeFileSync(at('app.log'), lines(0, 10));
    await tail({ rotate_wait: '1s' }).start();
    expect(numbers()).toEqual(range(0, 10));
    appendFileSync(at('app.log'), lines(10, 12));
    copytruncate();
    appendFileSync(at('app.log'), lines(12, 14));
    await descriptors.exhaust();
    await bench.harness.polls(8);
    expect(numbers()).toEqual([12, 13]);
    await crash();
    await descriptors.restore();
    await bench.harness.start();
    expect(numbers()).toEqual([10, 11]);
  });

  it('nothing more of a bench.folder is taken for gone that cannot be listed', async () => {
    mkdirSync(at('logs'));
    writeFileSync(at('logs/app.log'), `${lines(0, 10)}unfin`);
    await tail({ include: ['logs/*'], rotate_wait: '1s' }).start();
    await descriptors.exhaust();
    await bench.harness.polls(20);
    await descriptors.restore();
    await bench.harness.polls(1);
    appendFileSync(at('logs/app.log'), 'ished\n');
    await bench.harness.polls(1);
    expect(bench.harness.lines().at(-1)).toBe('unfinished');
  });

  it('a file that is not open is not taken for gone where it cannot be opened', async () => {
    for (const name of ['app.log.a', 'app.log.b']) writeFileSync(at(name), lines(0, 1).replace('0', name));
    await tail({ max_concurrent_files: 1, rotate_wait: '400ms' }).start();
    expect(bench.harness.lines()).toHaveLength(2);
    for (const name of ['a', 'b']) {
      appendFileSync(at(`app.log.${name}`), lines(5, 6));
      renameSync(at(`app.log.${name}`), at(`moved.${name}`));
    }
    await descriptors.exhaust();
    await bench.harness.polls(10);
    await descriptors.restore();
    await bench.harness.polls(10);
    expect(bench.harness.lines()).toHaveLength(2);
    expect(await bench.harness.settings.metrics.value('hids_tail_files_lost', { receiver: 'file_log' })).toBe(0);
  });

  it('files that were rotated meanwhile are read in order', async () => {
    writeFileSync(at('app.log'), lines(0, 10));
    await tail().start();
    expect(numbers()).toEqual(range(0, 10));
    for (let turn = 1; turn <= 3; turn++) {
      if (turn === 3) renameSync(at('app.log.1'), at('app.log.2'));
      if (turn > 1) renameSync(at('app.log'), at('app.log.1'));
      writeFileSync(at('app.log'), lines(turn * 10, turn * 10 + 2), { flag: turn === 1 ? 'a' : 'w' });
    }
    const size = statSync(at('app.log')).size;
    expect(size).toBeGreaterThan(0);
    await descriptors.exhaust();
    await bench.harness.polls(3);
    await descriptors.restore();
    await bench.harness.polls(3);
    expect(numbers()).toEqual([10, 11, 20, 21, 30, 31]);
  });

  it('at the start: what was moved away while nobody looked is read when it can be', async () => {
    writeFileSync(at('app.log'), lines(0, 10));
    await tail({ include: ['app.log'] }).start();
    expect(numbers()).toEqual(range(0, 10));
    await crash();
    appendFileSync(at('app.log'), lines(10, 12));
    renameSync(at('app.log'), at('old.log'));
    await descriptors.exhaust();
    await bench.harness.start();
    await bench.harness.polls(3);
    await descriptors.restore();
    await bench.harness.polls(3);
    expect(numbers()).toEqual([10, 11]);
  });
});
