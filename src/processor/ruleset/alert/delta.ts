import { structuredPatch } from 'diff';

/** Lines of context around a change: none, both texts are in the alert anyway. */
const CONTEXT = 0;
/** Beyond this many changed lines the difference says less than both texts do, and costs quadratic time. */
const MAX_EDITS = 2000;

/**
 * Unified difference between two outputs of a command, without file names: `@@ -1,2 +1,3 @@` and lines that start with
 * blank, `-` or `+`. Undefined where the texts have too little in common to be worth it.
 */
export function unifiedDelta(before: string, after: string): string | undefined {
  const patch = structuredPatch('', '', ensureNewline(before), ensureNewline(after), '', '', {
    context: CONTEXT,
    maxEditLength: MAX_EDITS,
  });
  if (!patch || patch.hunks.length === 0) return undefined;
  const lines: string[] = [];
  for (const hunk of patch.hunks) {
    lines.push(`@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`, ...hunk.lines);
  }
  return lines.join('\n');
}

/** An empty range stands behind the line before it, as in every unified difference; the package counts from the next. */
function range(start: number, count: number): string {
  return `${count === 0 ? start - 1 : start},${count}`;
}

/** Outputs have no trailing newline; with one the package says nothing of it. */
function ensureNewline(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}
