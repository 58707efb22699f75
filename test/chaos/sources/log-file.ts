import { appendFileSync, copyFileSync, existsSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import type { Random } from '../../support/random.ts';

/** A shorter file than the fingerprint cannot be told from another by a copy of it. */
const MIN_ROTATED_BYTES = 1500;
/** After how many of the appends a rotation follows: copies are made of what is read, so they come less often. */
const ROTATIONS: Record<Rotation, number> = { rename: 0.12, copytruncate: 0.05 };

export type Rotation = 'rename' | 'copytruncate';

/** A program that writes a log, and logrotate beside it. Old files stay. */
export class LogFile {
  readonly path: string;
  rotations = 0;
  readonly #rotation: Rotation;
  readonly #random: Random;

  constructor(path: string, rotation: Rotation, random: Random) {
    this.path = path;
    this.#rotation = rotation;
    this.#random = random;
    writeFileSync(path, '');
  }

  /** Lines at once, or one of them in two pieces. */
  async append(lines: readonly string[]): Promise<void> {
    const text = `${lines.join('\n')}\n`;
    if (this.#random.next() < 0.3) {
      const cut = this.#random.int(1, text.length - 1);
      appendFileSync(this.path, text.slice(0, cut));
      await new Promise((resolve) => setTimeout(resolve, this.#random.int(1, 60)));
      appendFileSync(this.path, text.slice(cut));
    } else {
      appendFileSync(this.path, text);
    }
    if (this.#random.next() < ROTATIONS[this.#rotation] && statSync(this.path).size >= MIN_ROTATED_BYTES)
      this.#rotate();
  }

  #rotate(): void {
    this.rotations++;
    for (let number = this.rotations; number >= 1; number--) {
      const from = number === 1 ? this.path : `${this.path}.${number - 1}`;
      if (number > 1 && existsSync(from)) renameSync(from, `${this.path}.${number}`);
    }
    if (this.#rotation === 'rename') {
      renameSync(this.path, `${this.path}.1`);
      writeFileSync(this.path, '');
    } else {
      copyFileSync(this.path, `${this.path}.1`);
      truncateSync(this.path);
    }
  }
}
