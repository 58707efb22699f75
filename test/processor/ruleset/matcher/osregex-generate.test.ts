import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldAscii } from '../../../../src/processor/ruleset/matcher/ascii.ts';
import { bytesOf } from '../../../../src/processor/ruleset/matcher/byte-view.ts';
import { type GeneratedRun, generateRun } from '../../../../src/processor/ruleset/matcher/osregex/generate.ts';
import { LIMIT, run } from '../../../../src/processor/ruleset/matcher/osregex/machine.ts';
import { OsRegexSearcher } from '../../../../src/processor/ruleset/matcher/osregex/matcher.ts';
import { parseOsRegex } from '../../../../src/processor/ruleset/matcher/osregex/parse.ts';
import { buildProgram, type Program } from '../../../../src/processor/ruleset/matcher/osregex/program.ts';
import { hasGoldens, readGoldens } from './goldens.ts';

const MODES = [
  { captures: true, captureMode: true },
  { captures: false, captureMode: true },
  { captures: false, captureMode: false },
] as const;

interface Outcome {
  readonly end: number;
  readonly places: readonly number[];
}

interface Pair {
  readonly program: Program;
  readonly captures: boolean;
  readonly captureMode: boolean;
  readonly generated: GeneratedRun;
}

/** Code in every mode that there is. */
function generateAll(pattern: string): Pair[] {
  return parseOsRegex(pattern).flatMap((alternative) => {
    const program = buildProgram(alternative);
    return MODES.filter(({ captures }) => !captures || program.parens > 0).flatMap((mode) => {
      const generated = generateRun(program, mode);
      return generated ? [{ program, ...mode, generated }] : [];
    });
  });
}

function runBoth({ program, captures, captureMode, generated }: Pair, text: string, from: number): [Outcome, Outcome] {
  const [places, wanted] = [new Int32Array(program.parens), new Int32Array(program.parens)];
  if (captures) wanted.fill(-1);
  const lower = program.folds ? foldAscii(text) : '';
  const code = generated(text, bytesOf(text), from, lower, captures ? places : undefined);
  const end = run(program, text, bytesOf(text), undefined, from, captures ? wanted : undefined, captureMode);
  return [
    { end: code, places: [...places] },
    { end, places: [...wanted] },
  ];
}

const token = fc.constantFrom(
  ...['\\d', '\\w', '\\s', '\\p', '\\W', '\\D', '\\S', '\\.', '\\t', '\\(', '\\<'],
  ...['a', 'B', '1', ' ', ':', '.', '-', '\xe9', '$', '^', '+', 'ab', 'a1'],
);
const quantified = fc.tuple(token, fc.constantFrom('', '', '+', '*')).map(([text, quantifier]) => text + quantifier);
const sequence = fc.array(quantified, { maxLength: 3 }).map((tokens) => tokens.join(''));
const piece = fc.tuple(sequence, fc.boolean()).map(([text, captured]) => (captured ? `(${text})` : text));
const patterns = fc
  .tuple(fc.constantFrom('', '', '^'), fc.array(piece, { maxLength: 3 }), fc.constantFrom('', '', '$'))
  .map(([begin, pieces, end]) => begin + pieces.join('') + end);
const texts = fc.string({ unit: fc.constantFrom(...'aabABb11  ::.-()\t\xe9\0'), minLength: 1, maxLength: 24 });

describe('code made for an OS_Regex pattern and the machine', () => {
  test('agree on any pattern, with any captures', () => {
    let [runs, matches] = [0, 0];
    fc.assert(
      fc.property(
        patterns,
        fc.array(texts, { minLength: 4, maxLength: 8 }),
        fc.nat(3),
        (pattern, subjects, skipped) => {
          for (const pair of generateAll(pattern)) {
            for (const text of subjects) {
              const [code, interpreted] = runBoth(pair, text, Math.min(skipped, text.length - 1));
              runs++;
              if (interpreted.end >= 0) matches++;
              expect([pattern, text, code]).toEqual([pattern, text, interpreted]);
            }
          }
        },
      ),
      { numRuns: 2500 },
    );
    expect(runs).toBeGreaterThan(10_000);
    expect(matches).toBeGreaterThan(1000);
  }, 60_000);

  test.skipIf(!hasGoldens)(
    'agree on the patterns of the stock decoders and rules',
    () => {
      const pairs = new Map<string, Pair[]>();
      let compared = 0;
      for (const file of ['osregex', 'stock']) {
        for (const { pattern, subject, error } of readGoldens(file, 'osregex')) {
          if (error || subject === '') continue;
          if (!pairs.has(pattern)) pairs.set(pattern, generateAll(pattern));
          for (const pair of pairs.get(pattern)!) {
            compared++;
            const [code, interpreted] = runBoth(pair, subject, 0);
            if (code.end !== interpreted.end || code.places.join() !== interpreted.places.join()) {
              expect([pattern, subject, code]).toEqual([pattern, subject, interpreted]);
            }
          }
        }
      }
      console.log(`code and interpreter: ${compared} runs agree`);
      expect(compared).toBeGreaterThan(1000);
    },
    60_000,
  );

  test('a pattern in use answers as before', () => {
    const searcher = new OsRegexSearcher('^(\\S+) from (\\S+) port (\\d+)|to (\\w+)$');
    const texts = ['bob from 10.0.0.1 port 22 ssh2', 'sent to ALICE', 'nothing', ''];
    const before = texts.map((text) => searcher.search(text, 0));
    for (let round = 0; round < 4000; round++) expect(texts.map((text) => searcher.search(text, 0))).toEqual(before);
  });

  test('both give up on a text that takes too long', () => {
    const [pair] = generateAll('a\\S+\\t\\d');
    const [code, interpreted] = runBoth(pair!, `${'a'.repeat(6000)} b`, 0);
    expect([code.end, interpreted.end]).toEqual([LIMIT, LIMIT]);
  });
});
