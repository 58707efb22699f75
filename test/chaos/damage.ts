import { closeSync, existsSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../support/random.ts';

/** Spoils the store as a failing disk or a careless hand does; says what was done. */
export function damageStore(dataDir: string, random: Random): string {
  const names = ['state.db', 'state.db-wal'].filter((name) => existsSync(join(dataDir, name)));
  const whole = names.filter((name) => statSync(join(dataDir, name)).size > 0);
  const name = random.pick(whole);
  const path = join(dataDir, name);
  const { size } = statSync(path);
  const file = openSync(path, 'r+');
  try {
    const kind = random.pick(['bytes', 'bytes', 'page', 'header', 'torn'] as const);
    switch (kind) {
      case 'bytes': {
        const count = random.int(1, 20);
        for (let flip = 0; flip < count; flip++) writeSync(file, randomBytes(random, 1), 0, 1, random.int(0, size - 1));
        return `${count} bytes of ${name}`;
      }
      case 'page': {
        const at = random.int(0, Math.floor((size - 1) / 4096)) * 4096;
        writeSync(file, randomBytes(random, Math.min(4096, size - at)), 0, Math.min(4096, size - at), at);
        return `a page of ${name} at ${at}`;
      }
      case 'header':
        writeSync(file, randomBytes(random, 100), 0, 100, 0);
        return `the header of ${name}`;
      case 'torn': {
        const rest = random.int(0, size - 1);
        ftruncateSync(file, rest);
        return `${name} torn at ${rest} of ${size} bytes`;
      }
    }
  } finally {
    closeSync(file);
  }
}

function randomBytes(random: Random, count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, () => random.int(0, 255)));
}
