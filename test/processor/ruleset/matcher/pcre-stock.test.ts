import { existsSync, globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compileExpression } from '../../../../src/processor/ruleset/matcher/compile-expression.ts';
import { compileCode } from '../../../../src/processor/ruleset/matcher/pcre/compile.ts';
import { Machine } from '../../../../src/processor/ruleset/matcher/pcre/machine.ts';
import { parsePcre } from '../../../../src/processor/ruleset/matcher/pcre/parse.ts';

const SHARED = fileURLToPath(new URL('../../../../../shared/conformance/', import.meta.url));
const hasRulesets = existsSync(SHARED);
if (!hasRulesets) console.log('skipped: the stock rulesets are not beside the project');

/** Contents of elements whose opening tag fits; the reader's only escape is `\<`. */
function readPatterns(folder: string, opening: string): string[] {
  const element = new RegExp(`<(${opening})>((?:\\\\<|[^<])+)</`, 'gs');
  const files = globSync(`${SHARED}${folder}/**/*.xml`);
  const patterns = files.flatMap((file) => {
    const text = readFileSync(file, 'latin1').replace(/<!--.*?-->/gs, '');
    return [...text.matchAll(element)].map((match) => match[2]!.replaceAll('\\<', '<'));
  });
  return [...new Set(patterns)];
}

/** Real lines, a few of each source. */
function readLines(): string[] {
  return globSync(`${SHARED}real-logs/*.log`).flatMap((file) => {
    const lines = readFileSync(file, 'latin1').split('\n');
    return [0.2, 0.7].map((part) => lines[Math.floor(lines.length * part)] ?? '').filter((line) => line.length < 2000);
  });
}

const RULESETS = [
  { dialect: 'wazuh', folder: 'wazuh-4.14.7/home', opening: '[a-z]+[^>]* type="(?:pcre2|PCRE2)"[^>]*', least: 400 },
  { dialect: 'ossec', folder: 'ossec-4.3.0/home/etc', opening: '(?:[a-z]+_)?pcre2(?: [^>]*)?', least: 1500 },
] as const;

describe.skipIf(!hasRulesets)('every PCRE2 pattern of the stock rulesets', () => {
  test.each(RULESETS)(
    '$dialect: compiles, and matches as the machine alone does',
    ({ dialect, folder, opening, least }) => {
      const patterns = readPatterns(folder, opening);
      const lines = readLines();
      const failures: string[] = [];
      for (const pattern of patterns) {
        const searcher = compileExpression({ language: 'pcre2', pattern, dialect, captures: true });
        const parsed = parsePcre(pattern, { caseless: dialect === 'ossec', utf: false });
        const machine = new Machine(compileCode(parsed));
        for (const line of lines) {
          // In UTF mode the matcher refuses invalid subjects before the machine sees them.
          if (parsed.utf && /[\x80-\xff]/.test(line)) continue;
          const places = machine.exec(line, 0);
          const found = searcher.search(line, 0);
          const same = places === undefined ? found === undefined : places !== 'limit' && found?.resume === places[1];
          if (!same || searcher.test(line) !== (found !== undefined)) failures.push(`${pattern} on ${line}`);
        }
      }
      console.log(`${dialect}, stock pcre2 patterns: ${patterns.length - failures.length} of ${patterns.length}`);
      expect(failures).toEqual([]);
      expect(patterns.length).toBeGreaterThan(least);
    },
  );
});
