import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fileLogSchema } from '../../src/receiver/file_log/config.ts';
import { createFileLogReceiver } from '../../src/receiver/file_log/receiver.ts';
import { createFolder, TailHarness } from './harness.ts';

const START = { line_start_pattern: '^\\d{4}' };
const END = { line_end_pattern: ';$' };

function create(options: object) {
  const { folder, cleanup } = createFolder();
  const path = join(folder, 'app.log');
  writeFileSync(path, '');
  const config = fileLogSchema.parse({ include: [path], start_at: 'beginning', ...options });
  const harness = new TailHarness((settings, intake) => createFileLogReceiver(settings, config, intake), folder);
  return {
    harness,
    write: (text: string) => appendFileSync(path, text),
    end: async () => {
      await harness.stop();
      cleanup();
    },
  };
}

function createOne(options: object) {
  const created = create(options);
  onTestFinished(created.end);
  return created;
}

describe('records of several lines', () => {
  it('begin with a line that matches, and are whole when the next one begins', async () => {
    const { harness, write } = createOne({ multiline: START, force_flush_period: '0s' });
    await harness.start();
    write('of an older one\n2026 one\n  at a\r\n  at b\n');
    await harness.polls(2);
    expect(harness.lines()).toEqual(['of an older one']);
    write('2026 t');
    await harness.polls(2);
    expect(harness.lines()).toEqual([]);
    write('wo\n\n2027 three\n');
    await harness.polls(2);
    expect(harness.lines()).toEqual(['2026 one\n  at a\r\n  at b', '2026 two\n']);
    // What waits is read again after a restart, as a whole and once.
    await harness.restart(() => write('  at c\n2028\n'));
    await harness.polls(2);
    expect(harness.lines()).toEqual(['2027 three\n  at c']);
  });

  it('end with a line that matches', async () => {
    const { harness, write } = createOne({ multiline: END });
    await harness.start();
    write('select\n  1;\r\nselect 2;\nselect\n');
    await harness.polls(2);
    expect(harness.lines()).toEqual(['select\n  1;', 'select 2;']);
    write('3;\n');
    await harness.polls(1);
    expect(harness.lines()).toEqual(['select\n3;']);
  });

  it('are handed over when nothing was added for a while', async () => {
    const { harness, write } = createOne({ multiline: START });
    await harness.start();
    write('2026 one\n  at a\n');
    await harness.polls(2);
    expect(harness.lines()).toEqual([]);
    write('  at b\n');
    await harness.polls(2);
    expect(harness.lines()).toEqual([]);
    await harness.polls(3);
    expect(harness.lines()).toEqual(['2026 one\n  at a\n  at b']);
    write('\n2026 two\n');
    await harness.polls(5);
    expect(harness.lines()).toEqual(['', '2026 two']);
  });

  it.each([
    [START, '2026 long\n', '2027 next\n2028\n', '2027 next'],
    [END, 'long\n', 'end;\nnext;\n', 'next;'],
  ])('have a bound: the rest is left out, %j', async (multiline, begin, after, next) => {
    const { harness, write } = createOne({ multiline, max_log_size: 256, force_flush_period: '0s' });
    await harness.start();
    write(begin);
    for (let line = 0; line < 40; line++) {
      write(`  line ${line} of it\n`);
      if (line % 7 === 0) await harness.polls(1);
    }
    // Between two lines, and it is not known yet whether the next one begins a record.
    await harness.restart();
    write(after);
    await harness.polls(3);
    const records = harness.news().filter((record) => record.attributes.has('log.file.path'));
    expect(records.map((record) => record.attributes.get('hids.truncated') ?? false)).toEqual([true, false]);
    expect(String(records[0].body)).toHaveLength(256);
    expect(records[1].body).toBe(next);
  });

  it('are the same however they are written and read', async () => {
    const line = fc.constantFrom('2026 a', 'b', '', '  c;', 'd;', '2027;', 'grün', '2028 e\r');
    const piece = fc.record({
      lines: fc.array(line, { maxLength: 6 }),
      cut: fc.integer({ min: 0, max: 20 }),
      next: fc.constantFrom('poll', 'restart', 'nothing'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), fc.constantFrom(START, END), async (pieces, multiline) => {
        const { harness, write, end } = create({ multiline, force_flush_period: '0s' });
        try {
          await harness.start();
          const all: string[] = [];
          const last = { lines: ['2029;', '2030;'], cut: 0, next: 'poll' };
          for (const { lines, cut, next } of [...pieces, last]) {
            const text = lines.map((each) => `${each}\n`).join('');
            all.push(...lines);
            write(text.slice(0, cut));
            if (cut > 0) await harness.polls(1);
            write(text.slice(cut));
            if (next === 'restart') await harness.restart();
            else if (next === 'poll') await harness.polls(1);
          }
          await harness.polls(1);
          expect(harness.lines()).toEqual(group(all, multiline === START));
        } finally {
          await end();
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    [{}, 'needs either'],
    [{ ...START, ...END }, 'needs either'],
    [{ line_start_pattern: '(' }, 'Invalid regular expression'],
    [{ line_start_pattern: '' }, 'Too small'],
    [{ omit_pattern: true }, 'Unrecognized key'],
  ])('refuse %j', (multiline, message) => {
    const result = fileLogSchema.safeParse({ include: ['/a'], multiline });
    expect(String(result.error?.issues.map((issue) => issue.message))).toContain(message);
  });
});

/** The plain way; the last record of the first kind is not known to be whole. */
function group(lines: readonly string[], byStart: boolean): string[] {
  const records: string[][] = [[]];
  for (const line of lines) {
    const current = records.at(-1) as string[];
    if (byStart && /^\d{4}/.test(line) && current.length > 0) records.push([line]);
    else current.push(line);
    if (!byStart && line.endsWith(';')) records.push([]);
  }
  return records.slice(0, -1).map((each) => each.join('\n').replace(/\r$/, ''));
}
