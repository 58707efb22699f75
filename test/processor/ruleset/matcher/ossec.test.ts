import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  compileExpression,
  type ExpressionLanguage,
} from '../../../../src/processor/ruleset/matcher/compile-expression.ts';
import { convertOsMatch, convertOsRegex } from '../../../../src/processor/ruleset/matcher/ossec/convert.ts';
import { type Matcher, PatternError, type Searcher } from '../../../../src/processor/ruleset/matcher/types.ts';

const CASES = new URL('../../../../../shared/conformance/ossec-4.3.0/cases/cases.jsonl', import.meta.url);
const hasCases = existsSync(CASES);
if (!hasCases) console.log('skipped: the OSSEC cases are not beside the project');

interface Case {
  readonly id: string;
  readonly files: Readonly<Record<string, string>>;
  readonly logs?: readonly string[];
  readonly expect?: readonly { rule: number | null; fields: Readonly<Record<string, string>> }[];
  readonly expect_load?: string;
}

const LANGUAGES: Readonly<Record<string, ExpressionLanguage>> = { match: 'osmatch', regex: 'osregex', pcre2: 'pcre2' };

/** Cases with one condition in rule 100, and cases of one decoder; the engine's own tests do the rest. */
describe.skipIf(!hasCases)('OSSEC expressions against the original engine', () => {
  const cases = (hasCases ? readFileSync(CASES, 'utf8').trimEnd().split('\n') : []).map(
    (line): Case => JSON.parse(line),
  );

  test('conditions of rules', () => {
    const failures: string[] = [];
    let count = 0;
    for (const { id, files, logs = [], expect: results = [] } of cases) {
      const rules = files['rules/10-local.xml'] ?? '';
      const condition = /<rule id="100" level="3"><(match|regex|pcre2)>([^<]*(?:\\<[^<]*)*)<\/\1><description>/.exec(
        rules,
      );
      if (!condition || !/^(osmatch|osregex|pcre2|utf8)/.test(id)) continue;
      const language = LANGUAGES[condition[1]!]!;
      const pattern = toBytes(condition[2]!.replaceAll('\\<', '<'));
      if (pattern === '' && language === 'pcre2') continue;
      let matcher: Matcher;
      try {
        matcher = compileExpression({ language, pattern, dialect: 'ossec', captures: false });
      } catch (error) {
        if (!(error instanceof PatternError)) throw error;
        count++;
        if (results.length > 0) failures.push(`${id}: ${error.message}`);
        continue;
      }
      for (const [i, result] of results.entries()) {
        count++;
        // The engine deletes control characters of a line.
        const text = toBytes(logs[i]!).replace(/[\x00-\x1f]/g, '');
        if (matcher.test(text) !== (result.rule === 100)) failures.push(`${id}: ${JSON.stringify(logs[i])}`);
      }
    }
    console.log(`ossec conditions: ${count - failures.length} of ${count}`);
    expect(failures).toEqual([]);
    expect(count).toBeGreaterThan(50);
  });

  test('decoders', () => {
    const failures: string[] = [];
    let count = 0;
    for (const { id, files, logs = [], expect: results = [], expect_load } of cases) {
      const decoder =
        /<prematch>(\^\w+:? )<\/prematch><(regex|pcre2) offset="after_prematch">(.*)<\/\2><order>(id, url, status|id)<\/order>/.exec(
          files['decoders.xml'] ?? '',
        );
      if (!decoder) continue;
      const language = decoder[2] === 'regex' ? 'osregex' : 'pcre2';
      const pattern = toBytes(decoder[3]!);
      const prematch = compileExpression({
        language: 'osregex',
        pattern: decoder[1]!,
        dialect: 'ossec',
        captures: true,
      });
      let regex: Searcher | undefined;
      try {
        regex = compileExpression({ language, pattern, dialect: 'ossec', captures: true });
      } catch (error) {
        if (!(error instanceof PatternError)) throw error;
      }
      count++;
      if ((regex === undefined) !== (expect_load === 'fatal')) failures.push(`${id}: load`);
      if (!regex) continue;
      for (const [i, { fields }] of results.entries()) {
        count++;
        const text = toBytes(logs[i]!);
        const start = prematch.search(text, 0)!.resume;
        const captures = regex.search(text, start)?.captures ?? [];
        const found = Object.fromEntries(decoder[4]!.split(', ').map((name, n) => [name, captures[n]]));
        const wanted = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, toBytes(value)]));
        if (JSON.stringify(found) !== JSON.stringify({ ...blank(found), ...wanted })) {
          failures.push(`${id}: ${JSON.stringify(logs[i])} ${JSON.stringify(found)}`);
        }
      }
    }
    console.log(`ossec decoders: ${count - failures.length} of ${count}`);
    expect(failures).toEqual([]);
    expect(count).toBeGreaterThan(50);
  });
});

function blank(found: Readonly<Record<string, unknown>>): Record<string, undefined> {
  return Object.fromEntries(Object.keys(found).map((name) => [name, undefined]));
}

/** In the cases a byte that is not valid UTF-8 is a lone surrogate: byte 0xNN is U+DCNN. */
function toBytes(text: string): string {
  return text.replace(/[\ud800-\udbff][\udc00-\udfff]|[^\x00-\x7f]/g, (char) => {
    const code = char.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) return String.fromCharCode(code - 0xdc00);
    return Buffer.from(char, 'utf8').toString('latin1');
  });
}

test.each([
  ['^\\S+ \\d+$', '^[^ ]+? [0-9]+(?!\\n)$'],
  ['(\\d+)|x', '([0-9]+)|x'],
  ['a+ (\\w*)b', 'a\\+ ([A-Za-z0-9@_-]*?)b'],
  ['\\\\b+c', '\\\\b+?c'],
  ['[\\.]', '\\[(?s:.)\\]'],
])('osregex %j is %j', (pattern, converted) => {
  expect(convertOsRegex(pattern)).toBe(converted);
});

test('osmatch escapes everything but anchors and bars', () => {
  expect(convertOsMatch('^a.b|(c)$')).toBe('^a\\.b|\\(c\\)$');
});

test('an unknown escape is named', () => {
  expect(() => convertOsRegex('a\\n')).toThrow('"\\n" is not known');
});
