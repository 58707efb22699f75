import { printableLine, printableText } from '../../pdata/printable.ts';

/** A place in a ruleset file; lines and columns start at 1, columns and offsets count bytes. */
export interface SourceSpan {
  /** Path as it was given. */
  file: string;
  line: number;
  column: number;
  offset: number;
}

/**
 * A finding about a ruleset as a value: all are collected, good rules survive bad neighbours, nothing is skipped
 * without one. `fatal` means that the original engine refuses to start.
 */
export interface Diagnostic {
  severity: 'fatal' | 'error' | 'warning' | 'info';
  /** Stable, kebab-case: `rule-duplicate-id`. Listed in `docs/diagnostics.md`. */
  code: string;
  message: string;
  span?: SourceSpan;
  /** What to do about it, one sentence. */
  help?: string;
}

/**
 * `file:line:column: severity[code]: message`, then the help on a line of its own. Rules come from elsewhere, and so do the names
 * of their files: what would act on a terminal is shown as `\x1b`.
 */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { severity, code, message, span, help } = diagnostic;
  const place = span ? `${printableLine(span.file)}:${span.line}:${span.column}: ` : '';
  return printableText(`${place}${severity}[${code}]: ${message}${help ? `\n    help: ${help}` : ''}`);
}
