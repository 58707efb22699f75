import { it } from 'vitest';
import { checkCrashes } from '../../contract/crash.ts';
import { testSeed } from '../../support/random.ts';
import { createTempDir } from '../../support/temp-dir.ts';

const seed = testSeed();
it(`has every resolved commit and no half one after SIGKILL (SEED=${seed})`, { timeout: 120_000 }, async () => {
  await checkCrashes({ uri: `sqlite://${createTempDir()}/state.db`, namespace: 'crash', seed, rounds: 8 });
});
