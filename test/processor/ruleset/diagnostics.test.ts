import { expect, it } from 'vitest';
import { formatDiagnostic } from '../../../src/processor/ruleset/diagnostics.ts';

it('shows what a ruleset holds without letting it act on a terminal, or begin a line', () => {
  const span = { file: 'rules/\x1b[2J\nforged.xml', line: 1, column: 2, offset: 1 };
  const found = {
    severity: 'error',
    code: 'c',
    message: '<\x1b]0;t\x07> is \u202e wrong',
    help: 'do \x9b',
    span,
  } as const;
  expect(formatDiagnostic(found)).toBe(
    'rules/\\x1b[2J\\x0aforged.xml:1:2: error[c]: <\\x1b]0;t\\x07> is \\u202e wrong\n    help: do \\x9b',
  );
});
