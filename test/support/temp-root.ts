import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Gives a run of the tests a temporary folder of its own, which goes with all that was left in it: also by processes that
 * were killed on purpose.
 */
export default function setup(): () => void {
  const root = mkdtempSync(join(tmpdir(), 'otel-hids-tests-'));
  // Some tests run programs as other users.
  chmodSync(root, 0o755);
  process.env.TMPDIR = root;
  return () => rmSync(root, { recursive: true, force: true });
}
