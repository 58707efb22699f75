import { describeForeignWriters } from '../../config/permissions.ts';
import type { Diagnostic } from './diagnostics.ts';

const MAX_NAMED = 5;

/**
 * One finding for all files that others could change, since whoever changes the rules decides what is seen. Links are
 * followed. Nothing below `trusted` is looked at: who can write there can change this program.
 */
export function checkWriters(paths: readonly string[], trusted: string): Diagnostic[] {
  const open: string[] = [];
  let count = 0;
  for (const path of paths) {
    if (path.startsWith(`${trusted}/`)) continue;
    const writers = foreignWritersOf(path);
    if (writers === undefined) continue;
    count++;
    if (open.length < MAX_NAMED) open.push(`${path}: ${writers}`);
  }
  if (count === 0) return [];
  const more = count > open.length ? `; and ${count - open.length} more` : '';
  return [
    {
      severity: 'fatal',
      code: 'writable-ruleset',
      message: `commands are configured, and others can change the ruleset: ${open.join('; ')}${more}`,
      help: 'chmod go-w the files and their folders, or say --allow-writable-config',
    },
  ];
}

/** What is gone by now has its own diagnostic. */
function foreignWritersOf(path: string): string | undefined {
  try {
    return describeForeignWriters(path);
  } catch {
    return undefined;
  }
}
