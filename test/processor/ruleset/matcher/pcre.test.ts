import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileExpression } from '../../../../src/processor/ruleset/matcher/compile-expression.ts';
import { compileCode } from '../../../../src/processor/ruleset/matcher/pcre/compile.ts';
import { headOf } from '../../../../src/processor/ruleset/matcher/pcre/head.ts';
import { Machine } from '../../../../src/processor/ruleset/matcher/pcre/machine.ts';
import { parsePcre } from '../../../../src/processor/ruleset/matcher/pcre/parse.ts';
import { planSearch, planTest } from '../../../../src/processor/ruleset/matcher/pcre/plan.ts';
import { StartCount } from '../../../../src/processor/ruleset/matcher/pcre/start-count.ts';
import { MatchLimitError, PatternError } from '../../../../src/processor/ruleset/matcher/types.ts';

function search(pattern: string, text: string, dialect: 'wazuh' | 'ossec' = 'wazuh') {
  return compileExpression({ language: 'pcre2', pattern, dialect, captures: true }).search(text, 0);
}

describe('what PCRE2 does and JavaScript does not', () => {
  test.each([
    ['end$', 'the end\n', 7, []],
    ['(?m)^b$', 'a\nb\nc', 3, []],
    ['(?m)^', 'a\n', 0, []],
    ['(?s)a.b', 'a\nb', 3, []],
    ['a.b', 'a\rb', 3, []],
    ['(?:(a)|b)*', 'ab', 2, ['a']],
    ['(a)|(b)', 'b', 1, ['', 'b']],
    ['(a)?(b)?', 'a', 1, ['a']],
    ['(?>a+)b', 'aab', 3, []],
    ['"[^"]*+"', '"x"', 3, []],
    ['(?<y>\\d+)-\\k<y>', '12-12', 5, ['12']],
    ["(?'y'\\d+)-\\k{y}", '12-12', 5, ['12']],
    ['(\\((?:[^()]|(?1))*\\))', 'x(a(b)c)', 8, ['(a(b)c)']],
    ['(?|a(\\d)|b(\\d))', 'b7', 2, ['7']],
    ['^(?(?=a)ab|cd)', 'cd', 2, []],
    ['(<)?x(?(1)>)', '<x>', 3, ['<']],
    ['foo\\Kbar', 'foobar', 6, []],
    ['(?<=a|bc)x', 'bcx', 3, []],
    ['\\Qa.b\\E', 'xa.b', 4, []],
    ['[[:upper:]]+[[:^alpha:]]', 'aBC1', 4, []],
    ['\\h\\R\\N', '\t\r\nx', 4, []],
    ['\\x{41}\\o{102}\\103', 'ABC', 3, []],
    ['(?i:A)b', 'ab', 2, []],
    ['(?x) a b # comment', 'ab', 2, []],
    ['(*FAIL)|b', 'ab', 2, []],
    ['a(*COMMIT)b|.', 'acb', undefined, []],
    ['\\G\\d', '1a', 1, []],
    ['(?U)a+', 'aaa', 1, []],
    ['(*UTF)^.\\x{20ac}$', Buffer.from('é€').toString('latin1'), 5, []],
    ['^\\W\\W$', '\xc3\xa9', 2, []],
    ['', 'x', 0, []],
  ])('%j on %j', (pattern, text, resume, captures) => {
    expect(search(pattern, text)).toEqual(resume === undefined ? undefined : { resume, captures });
  });

  test('OSSEC ignores case and leaves unset groups out', () => {
    expect(search('(A)?(B)', 'b', 'ossec')).toEqual({ resume: 1, captures: ['b'] });
  });

  test('invalid UTF-8 never matches a pattern in UTF mode', () => {
    expect(search('(*UTF)a', 'a\xff')).toBeUndefined();
    expect(search('a', 'a\xff')).toBeDefined();
  });

  test('a search from an offset sees nothing before it', () => {
    const searcher = compileExpression({ language: 'pcre2', pattern: '^\\bb', dialect: 'wazuh', captures: true });
    expect(searcher.search('ab', 1)).toEqual({ resume: 2, captures: [] });
  });
});

describe('errors', () => {
  test.each([
    ['a**', 'follows nothing to repeat', 2],
    ['(a', '"(" without ")"', 0],
    ['a)', '")" without "("', 1],
    ['[a', '"[" without "]"', 0],
    ['[z-a]', 'wrong order', 4],
    ['a{3,2}', 'wrong order', 1],
    ['\\i', '"\\i" is not known', 0],
    ['(?<=a*)b', 'fixed length', 0],
    ['(?<n>a)(?<n>b)', 'two groups are named "n"', 7],
    ['\\2(a)', 'group 2, which does not exist', 2],
    ['(?z)a', 'option "z"', 0],
    ['(*THEN)a', '(*THEN) is not supported', 0],
    ['(*UCP)a', '(*UCP) is not supported', 0],
    ['\\x{100}', 'Unicode mode', 0],
    ['[[:foo:]]', 'POSIX class "foo"', 1],
    ['(((a{1000}){1000}){1000})', 'too large', undefined],
  ])('%j', (pattern, message, offset) => {
    try {
      parsePcre(pattern, { caseless: false, utf: false });
      compileExpression({ language: 'pcre2', pattern, dialect: 'wazuh', captures: false });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(PatternError);
      expect(error).toMatchObject({ message: expect.stringContaining(message), offset });
    }
  });

  test('any text is a pattern or a PatternError', () => {
    const pieces = '()[]{}?*+|^$\\.,-:=!<>PQEKRkgxdwsnbUi#&\'"0129aA \n_'.split('');
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...pieces), maxLength: 24 }), (pattern) => {
        try {
          compileExpression({ language: 'pcre2', pattern, dialect: 'wazuh', captures: true }).search('a1 b', 0);
        } catch (error) {
          if (!(error instanceof PatternError || error instanceof MatchLimitError)) throw error;
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('nesting is bounded', () => {
    expect(() => search(`${'('.repeat(5000)}a${')'.repeat(5000)}`, 'a')).toThrow(PatternError);
  });
});

describe('patterns that explode', () => {
  test.each([
    ['(a+)+$', `${'a'.repeat(5000)}!`],
    ['(?:a|ab)*c', `${'ab'.repeat(5000)}c!`.replace('c', 'd')],
    ['^(\\w+\\s?)*$', `${'a'.repeat(5000)}!`],
    ['(.*a){20}[bc]', 'a'.repeat(3000)],
    ['(x+x+)+[yz]', 'x'.repeat(20_000)],
    ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'.repeat(5000)],
    ['(\\S+ \\S*) .* (\\S+) \\S*.* (\\d{3}) \\S+', 'ab cd '.repeat(1000)],
    ['\\d+[.]\\d*[a-z]', '1'.repeat(60_000)],
  ])('%s is decided', (pattern, text) => {
    expect(search(pattern, text)).toBeUndefined();
    expect(compileExpression({ language: 'pcre2', pattern, dialect: 'wazuh', captures: false }).test(text)).toBe(false);
  });

  test('a limit ends what cannot be decided', () => {
    expect(() => search('(a*)*(a*)*\\2[bc]', 'a'.repeat(400))).toThrow(MatchLimitError);
  });
});

const atom = fc.constantFrom(
  ...['a', 'b', 'A', '1', ' ', '.', '\\d', '\\w', '\\s', '\\W', '[ab]', '[^a]', '[a-c1]', '\\n', '-', '\\.', '\\xe9'],
  ...['^', '$', '\\b', '\\B', '\\A', '\\z', '(?=a)', '(?!b)', '(?<=a)', '(?<!\\d)', '(?i)', '(?m)', '(?s)'],
);
const quantifier = fc.constantFrom('', '', '', '*', '+', '?', '*?', '+?', '{2}', '{1,2}', '{2,}', '++', '*+');
const pattern = fc.letrec<{ sequence: string; group: string }>((tie) => ({
  sequence: fc
    .array(fc.tuple(fc.oneof({ weight: 5, arbitrary: atom }, { weight: 2, arbitrary: tie('group') }), quantifier), {
      maxLength: 4,
    })
    .map((items) => items.map(([item, mark]) => item + mark).join('')),
  group: fc
    .tuple(
      fc.constantFrom('(', '(?:', '(', '(?>', '(?=', '(?!', '(?i:'),
      fc.array(tie('sequence'), { minLength: 1, maxLength: 2 }),
    )
    .map(([open, branches]) => `${open}${branches.join('|')})`),
})).sequence;
const subject = fc.string({ unit: fc.constantFrom(...'aaabbAB11  .-\n\xe9'), maxLength: 16 });

describe('the ways to match agree', () => {
  test('native, machine, and machine that remembers from the first step on', () => {
    let native = 0;
    fc.assert(
      fc.property(
        pattern,
        fc.array(subject, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        (source, texts, caseless) => {
          const parsed = tryParse(source, caseless);
          if (!parsed) return;
          const code = compileCode(parsed);
          const machine = new Machine(code);
          const remembering = new Machine(code, 0);
          const matcher = compileExpression({
            language: 'pcre2',
            pattern: caseless ? `(?i)${source}` : source,
            dialect: 'wazuh',
            captures: true,
          });
          if (planSearch(parsed, undefined).native && planTest(parsed, undefined).native) native++;
          for (const text of texts) {
            const plain = resultOf(machine, text, parsed.groups);
            // Some patterns explode on any machine; then there is nothing to compare with.
            if (plain === 'limit') continue;
            expect(resultOf(remembering, text, parsed.groups)).toEqual(plain);
            const found = matcher.search(text, 0);
            expect(found).toEqual(plain);
            expect(matcher.test(text)).toBe(plain !== undefined);
            if (plain && matcher.requiredLiterals) {
              const folded = text.replace(/[A-Z]/g, (char) => char.toLowerCase());
              expect(matcher.requiredLiterals.some((literal) => folded.includes(literal))).toBe(true);
            }
          }
        },
      ),
      { numRuns: 5000 },
    );
    expect(native).toBeGreaterThan(500);
  });

  test.each([
    ['cs4=(.*)\\scs4Label=(\\S+)?\\s', ' cs3=a cs4=b c cs4Label=d ', 1],
    ['cs4=(.*)\\scs4Label=(\\S+)?\\s', ' cs4=b cs4Label=', 4],
    ['cs4=(.*)\\scs4Label=(\\S+)?\\s', ' cs4=b cs4Labe', 60],
    ['(?i)CS4=(\\w+)(.*)b(.*)c(.*)d', ' Cs4=xx b c', 3],
  ])('%j on a long text with %j', (source, part, count) => {
    const parsed = tryParse(source, false)!;
    const matcher = compileExpression({ language: 'pcre2', pattern: source, dialect: 'wazuh', captures: true });
    for (const size of [50, 400, 2000]) {
      const text = `${'x y '.repeat(size / 4)}${part.repeat(count)}${'z '.repeat(size / 2)}`;
      const wanted = resultOf(new Machine(compileCode(parsed)), text, parsed.groups);
      if (wanted === 'limit') continue;
      expect(matcher.search(text, 0)).toEqual(wanted);
      expect(matcher.test(text)).toBe(wanted !== undefined);
    }
  });

  test.each([
    ['cs4=(.*) (.*)', 'x'.repeat(1000), true],
    ['cs4=(.*) (.*)', `${'CS4='.repeat(4)}x`.toLowerCase(), true],
    ['cs4=(.*) (.*)', 'cs4='.repeat(5), false],
    ['cs4=(.*) (.*)', 'x'.repeat(100_000), false],
  ])('%j may run natively on a text of few starts', (source, folded, few) => {
    const { root } = tryParse(source, false)!;
    expect(StartCount.of(root, 3, 2 ** 25)!.areFew(folded, 0)).toBe(few);
  });

  test.each(['c(.*)d(.*)', '.*abc', '[abc]{3}(.*)x(.*)', 'abc|abd'])('%j begins with no literal to count', (source) => {
    expect(StartCount.of(tryParse(source, false)!.root, 3, 2 ** 25)).toBeUndefined();
  });

  test('a text that matches has the head of the pattern', () => {
    const narrow = fc.constantFrom(
      'a',
      'b',
      '1',
      ' ',
      '\\d',
      '\\s',
      '[ab]',
      '\\d+',
      '\\s*',
      '\\w+',
      'a?',
      '-',
      '\\w{2}',
    );
    const begin = fc.array(narrow, { minLength: 3, maxLength: 4 }).map((items) => items.join(''));
    let [heads, matches] = [0, 0];
    fc.assert(
      fc.property(begin, pattern, fc.array(subject, { minLength: 1, maxLength: 8 }), (start, rest, texts) => {
        const parsed = tryParse(start + rest, false);
        const head = parsed && headOf(parsed.root, false);
        if (!head) return;
        heads++;
        const machine = new Machine(compileCode(parsed));
        for (const text of texts) {
          if (typeof resultOf(machine, text, parsed.groups) !== 'object') continue;
          matches++;
          expect(head.occursIn(text, 0)).toBe(true);
          expect(head.occursIn(`x${text}`, 1)).toBe(true);
        }
      }),
      { numRuns: 4000 },
    );
    expect(heads).toBeGreaterThan(1000);
    expect(matches).toBeGreaterThan(200);
  });
});

function tryParse(source: string, caseless: boolean) {
  try {
    return parsePcre(source, { caseless, utf: false });
  } catch (error) {
    if (error instanceof PatternError) return undefined;
    throw error;
  }
}

function resultOf(machine: Machine, text: string, groups: number) {
  const places = machine.exec(text, 0);
  if (places === undefined) return undefined;
  if (places === 'limit') return 'limit';
  const captures: string[] = [];
  for (let group = groups; group > 0; group--) {
    const [begin, end] = [places[2 * group]!, places[2 * group + 1]!];
    if (end >= 0) captures.unshift(text.slice(begin, end));
    else if (captures.length > 0) captures.unshift('');
  }
  return { resume: places[1]!, captures };
}
