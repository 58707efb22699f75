import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { textToBytes } from '../../processor/ruleset/bytes.ts';
import { findNearest } from '../../processor/ruleset/parse/nearest.ts';
import type { Expectation, ReadTests, RuleTest, TestFileError, TestStep } from './rule-test.ts';
import { expectSchema, type TestFile, testFileSchema, type YamlTest } from './yaml-schema.ts';

/** Words that may stand in a test file, for hints. */
const KEYS = ['tests', 'name', 'location', 'queue', 'start', 'logs', 'log', 'at', 'after', 'repeat', 'expect'].concat(
  Object.keys(expectSchema.shape),
);

/** Rule tests out of our own YAML; what is wrong with the file is an error with its place. */
export function readYamlTests(file: string, text: string, startMs: number): ReadTests {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return { tests: [], errors: document.errors.map(({ message, pos }) => errorAt(file, lines, pos[0], message)) };
  }
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    return { tests: [], errors: [{ file, line: 1, message: error instanceof Error ? error.message : String(error) }] };
  }
  const parsed = testFileSchema.safeParse(value);
  if (!parsed.success) {
    return { tests: [], errors: parsed.error.issues.flatMap((issue) => describeIssue(file, document, lines, issue)) };
  }
  const tests: RuleTest[] = [];
  const errors: TestFileError[] = [];
  for (const [index, test] of parsed.data.tests.entries()) {
    const offset = offsetOf(document, ['tests', index]);
    const problem = problemOf(test);
    if (problem !== undefined) errors.push(errorAt(file, lines, offset, problem));
    else tests.push(toTest(file, lines.linePos(offset).line, test, parsed.data, startMs));
  }
  return { tests, errors };
}

/** What the schema cannot say. */
function problemOf(test: YamlTest): string | undefined {
  const expectations = [...test.logs.map((step) => step.expect), test.expect].filter((expect) => expect !== undefined);
  if (expectations.every((expect) => Object.keys(expect).length === 0)) return `test "${test.name}" expects nothing`;
  if (test.expect && test.logs.at(-1)?.expect) {
    return `test "${test.name}" has two expect for its last log: its own and that of the test`;
  }
  for (const expect of expectations) {
    if (!expect.absent || expect.rule !== undefined) continue;
    const about = ['level', 'description', 'groups', 'firedtimes'].find((key) => key in expect);
    if (about !== undefined) return `test "${test.name}" expects no rule (absent), but a ${about}`;
  }
  if (test.logs.some((step) => step.at !== undefined && step.after !== undefined)) {
    return `test "${test.name}" has a log with both at and after`;
  }
  return undefined;
}

function toTest(file: string, line: number, test: YamlTest, defaults: TestFile, startMs: number): RuleTest {
  const steps: TestStep[] = [];
  let timeMs = test.start ?? defaults.start ?? startMs;
  for (const [index, { log, location, queue = test.queue, at, after, repeat = 1, expect }] of test.logs.entries()) {
    const isLast = index === test.logs.length - 1;
    for (let count = 1; count <= repeat; count++) {
      if (count === 1 && at !== undefined) timeMs = at;
      else timeMs += after ?? 0;
      const place = location ?? test.location ?? defaults.location;
      steps.push({
        log: textToBytes(log),
        location: place === undefined ? undefined : textToBytes(place),
        ...(queue !== undefined && { queue }),
        timeMs,
        expect: count === repeat ? toExpectation(expect ?? (isLast ? test.expect : undefined)) : undefined,
      });
    }
  }
  return { file, line, name: test.name, steps, verdict: { kind: 'steps' } };
}

/** Absent keys instead of undefined ones. */
function toExpectation(expect: z.output<typeof expectSchema> | undefined): Expectation | undefined {
  if (!expect) return undefined;
  return Object.fromEntries(Object.entries(expect).filter(([, value]) => value !== undefined));
}

function describeIssue(file: string, document: Document, lines: LineCounter, issue: z.core.$ZodIssue): TestFileError[] {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const near = findNearest(key, KEYS);
      const hint = near === undefined ? '' : `; did you mean "${near}"?`;
      return errorAt(file, lines, keyOffset(document, path, key), `${toPath([...path, key])}: unknown key${hint}`);
    });
  }
  const where = path.length === 0 ? '' : `${toPath(path)}: `;
  return [errorAt(file, lines, offsetOf(document, path), `${where}${issue.message}`)];
}

function toPath(path: readonly (string | number)[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step + 1}]` : step))
    .join('.')
    .replaceAll('.[', '[');
}

/** Of the node, or of the nearest one above it that is there. */
function offsetOf(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

function keyOffset(document: Document, path: readonly (string | number)[], key: string): number {
  const parent = path.length === 0 ? document.contents : document.getIn(path, true);
  if (isMap(parent)) {
    const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === key);
    if (pair && isScalar(pair.key) && pair.key.range) return pair.key.range[0];
  }
  return offsetOf(document, path);
}

function errorAt(file: string, lines: LineCounter, offset: number, message: string): TestFileError {
  const { line, col } = lines.linePos(offset);
  return { file, line: Math.max(line, 1), column: Math.max(col, 1), message };
}
