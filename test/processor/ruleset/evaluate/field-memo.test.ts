import { expect, test } from 'vitest';
import { NumberTable } from '../../../../src/processor/ruleset/compile/number-table.ts';
import type { FieldGuard } from '../../../../src/processor/ruleset/compile/sibling-index.ts';
import { FieldMemo, MemoBudget } from '../../../../src/processor/ruleset/evaluate/field-memo.ts';
import { compileExpression } from '../../../../src/processor/ruleset/matcher/compile-expression.ts';

const PATTERNS = ['^a', 'b$', '\\d\\d', 'x|y'];

function createGuard(): FieldGuard {
  return {
    field: { kind: 'dynamic', name: 'f', key: 'f' },
    exact: new NumberTable(new Map()),
    longest: 0,
    others: Int32Array.from(PATTERNS.keys()),
    questions: PATTERNS.map((pattern, index) => ({
      matcher: compileExpression({ language: 'osregex', pattern, dialect: 'wazuh', captures: false }),
      negate: index === 2,
    })),
  };
}

test('memos answer as the patterns do, and hold no more than their budget together', () => {
  const budget = new MemoBudget();
  const guard = createGuard();
  const wanted = (value: string) =>
    [...guard.others].filter((position) => {
      const question = guard.questions[position]!;
      return question.matcher.test(value) !== question.negate;
    });
  const memos = Array.from({ length: 60 }, () => new FieldMemo(guard, budget));
  let highest = 0;
  let told = 0;
  for (const memo of memos) {
    for (let number = 0; number < 1500; number++) {
      // Several times in a row, so that remembering pays while there is room; without, all stay in question.
      for (let turn = 0; turn < 4; turn++) {
        const value = `${number % 2 === 0 ? 'a' : 'x'}${number}${number % 3 === 0 ? 'b' : ''}`;
        const found = [...memo.positionsOf(value)];
        if (found.length < PATTERNS.length) {
          expect(found).toEqual(wanted(value));
          told++;
        }
        highest = Math.max(highest, budget.values);
      }
    }
  }
  expect(told).toBeGreaterThan(60_000);
  expect(highest).toBe(16_384);
  expect(budget.values).toBeGreaterThan(0);
});
