import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fileLogSchema } from '../../src/receiver/file_log/config.ts';
import { createFileLogReceiver } from '../../src/receiver/file_log/receiver.ts';
import { createFolder, TailHarness } from './harness.ts';

/** Bytes that matter to a reader of lines, and others. */
const bytes = fc
  .array(fc.oneof(fc.constantFrom('\n', '\n', '\r\n', 'a', 'ü', '\x1d', '日'), fc.string()), { maxLength: 40 })
  .map((parts) => Buffer.from(parts.join('').replaceAll('\0', '0')));
const steps = fc.array(fc.record({ bytes, next: fc.constantFrom('poll', 'poll', 'rename', 'restart', 'nothing') }), {
  maxLength: 12,
});

it('gives each line once and in order, however it is written, renamed over and restarted', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(1, 3, 1000), async (list, max_batch_size) => {
      const { folder, cleanup } = createFolder();
      const path = join(folder, 'app.log');
      const config = fileLogSchema.parse({ include: [path], start_at: 'beginning', max_batch_size, rotate_wait: '1s' });
      const harness = new TailHarness((settings, intake) => createFileLogReceiver(settings, config, intake), folder);
      try {
        writeFileSync(path, '');
        await harness.start();
        let content = Buffer.alloc(0);
        const expected: string[] = [];
        const finish = (whole: Buffer) => {
          const found = whole.toString('utf8').split('\n');
          const last = found.pop() as string;
          expected.push(...found.map((line) => line.replace(/\r$/, '')), ...(last === '' ? [] : [last]));
        };
        let renames = 0;
        for (const step of list) {
          appendFileSync(path, step.bytes);
          content = Buffer.concat([content, step.bytes]);
          if (step.next === 'poll') await harness.polls();
          if (step.next === 'restart') await harness.restart();
          if (step.next === 'rename') {
            renameSync(path, `${path}.${renames++}`);
            finish(content);
            content = Buffer.alloc(0);
            // The unfinished last line of a file that was moved away is handed over when the file is left.
            await harness.polls(8);
            writeFileSync(path, '');
            await harness.polls(1);
          }
        }
        appendFileSync(path, '\nend\n');
        finish(Buffer.concat([content, Buffer.from('\nend\n')]));
        await harness.polls(2);
        const bom = (line: string) => line.replace(/^\ufeff/, '');
        expect(harness.lines().map(bom)).toEqual(expected.map(bom));
      } finally {
        await harness.stop();
        cleanup();
      }
    }),
    { numRuns: 60 },
  );
});
