import { appendFileSync, copyFileSync, existsSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RefusedError } from '../../src/component/errors.ts';
import { fileLogSchema } from '../../src/receiver/file_log/config.ts';
import { createFileLogReceiver } from '../../src/receiver/file_log/receiver.ts';
import { Descriptors, whyNoLimit } from './descriptors.ts';
import { createFolder, TailHarness } from './harness.ts';

const FINGERPRINT = 64;
const reason = whyNoLimit();
if (reason !== undefined) console.log(`rotation: without runs out of file descriptors: ${reason}`);

let descriptors: Descriptors | undefined;
beforeAll(async () => {
  if (reason === undefined) descriptors = await Descriptors.create();
});
afterAll(() => descriptors?.close());

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), lines: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('write half a line' as const) }) },
  { weight: 7, arbitrary: fc.record({ kind: fc.constant('look' as const), times: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('rename' as const) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('copytruncate' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stop' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refuse' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('accept' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('exhaust' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('recover' as const) }) },
);

/** A log, its writer, the rotation beside it, and the receiver that follows. */
class Scene {
  readonly harness: TailHarness;
  readonly expected: number[] = [];
  readonly #path: string;
  #half = '';
  #next = 0;
  #rotations = 0;
  #exhausted = false;

  constructor(folder: string, maxBatch: number) {
    this.#path = join(folder, 'app.log');
    const config = fileLogSchema.parse({
      include: [`${this.#path}*`],
      start_at: 'beginning',
      fingerprint_size: FINGERPRINT,
      max_batch_size: maxBatch,
      rotate_wait: '1h',
      report_rotation: false,
    });
    this.harness = new TailHarness((settings, intake) => createFileLogReceiver(settings, config, intake), folder);
    writeFileSync(this.#path, '');
  }

  write(lines: number): void {
    let text = this.#half;
    this.#half = '';
    if (text !== '') text = text.slice(10);
    for (let i = 0; i < lines; i++) text += `${this.#line()}\n`;
    appendFileSync(this.#path, text);
  }

  writeHalf(): void {
    if (this.#half !== '') return;
    this.#half = `${this.#line()}\n`;
    appendFileSync(this.#path, this.#half.slice(0, 10));
  }

  #line(): string {
    this.expected.push(this.#next);
    return `${String(this.#next++)} `.padEnd(FINGERPRINT + 6, '.');
  }

  rotate(how: 'rename' | 'copytruncate'): void {
    // What is shorter than a fingerprint cannot be told from another file.
    if (this.#half !== '' || statSync(this.#path).size < FINGERPRINT) return;
    this.#rotations++;
    for (let number = this.#rotations; number > 1; number--) {
      const from = `${this.#path}.${number - 1}`;
      if (existsSync(from)) renameSync(from, `${this.#path}.${number}`);
    }
    if (how === 'copytruncate') {
      copyFileSync(this.#path, `${this.#path}.1`);
      truncateSync(this.#path);
    } else {
      renameSync(this.#path, `${this.#path}.1`);
      writeFileSync(this.#path, '');
    }
  }

  async look(times: number): Promise<void> {
    if (!this.harness.receiver) return;
    // While a batch waits for its turn to come again, it is not the look's timer that is waited for.
    await this.harness.polls(times, 60_000);
  }

  async stop(): Promise<void> {
    await this.harness.stop();
  }

  /** Nothing is stored any more, as with SIGKILL. */
  async crash(): Promise<void> {
    this.refuse(true);
    await this.harness.stop();
    this.refuse(false);
  }

  async start(): Promise<void> {
    if (!this.harness.receiver) await this.harness.start();
  }

  refuse(refused: boolean): void {
    this.harness.intake.fail = refused
      ? () => {
          throw new RefusedError('not now', 10);
        }
      : undefined;
  }

  async exhaust(exhausted: boolean): Promise<void> {
    if (!descriptors || exhausted === this.#exhausted) return;
    this.#exhausted = exhausted;
    await (exhausted ? descriptors.exhaust() : descriptors.restore());
  }

  /** Writing needs a file descriptor, in this process as in the one that is tested. */
  async aside(write: () => void): Promise<void> {
    const { harness } = this;
    const was = this.#exhausted;
    await this.exhaust(false);
    write();
    await this.exhaust(was && harness.receiver !== undefined);
  }
}

it('gives each line once and in order, whatever becomes of the file and of the program', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 8, maxLength: 30 }),
      fc.constantFrom(1, 5, 1000),
      async (steps, maxBatch) => {
        const { folder, cleanup } = createFolder();
        const scene = new Scene(folder, maxBatch);
        try {
          await scene.start();
          for (const one of steps) {
            if (one.kind === 'write') await scene.aside(() => scene.write(one.lines));
            else if (one.kind === 'write half a line') await scene.aside(() => scene.writeHalf());
            else if (one.kind === 'look') await scene.look(one.times);
            else if (one.kind === 'rename' || one.kind === 'copytruncate') {
              await scene.aside(() => scene.rotate(one.kind));
            } else if (one.kind === 'stop') await scene.stop();
            else if (one.kind === 'crash') await scene.crash();
            else if (one.kind === 'restart') {
              await scene.stop();
              await scene.start();
            } else if (one.kind === 'refuse' || one.kind === 'accept') scene.refuse(one.kind === 'refuse');
            else await scene.exhaust(one.kind === 'exhaust');
          }
          await scene.exhaust(false);
          scene.refuse(false);
          scene.write(1);
          await scene.start();
          await scene.look(8);
          expect(scene.harness.lines().map((line) => Number(line.split(' ')[0]))).toEqual(scene.expected);
        } finally {
          await scene.exhaust(false);
          scene.refuse(false);
          await scene.stop();
          cleanup();
        }
      },
    ),
    { numRuns: 150 },
  );
});
