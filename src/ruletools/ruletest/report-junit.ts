import { formatMismatch, type Paint } from './report-plain.ts';
import type { TestFileError } from './rule-test.ts';
import type { TestOutcome } from './run.ts';

const NO_PAINT: Paint = { bad: (text) => text, good: (text) => text, dim: (text) => text };

/** The results as JUnit XML: a suite for each file. */
export function formatJunit(outcomes: readonly TestOutcome[], errors: readonly TestFileError[]): string {
  const suites = new Map<string, { cases: string[]; failures: number; errors: number }>();
  const suiteOf = (file: string) => {
    const suite = suites.get(file) ?? { cases: [], failures: 0, errors: 0 };
    suites.set(file, suite);
    return suite;
  };
  for (const outcome of outcomes) {
    const suite = suiteOf(outcome.test.file);
    if (outcome.failures.length > 0) suite.failures++;
    suite.cases.push(formatCase(outcome));
  }
  for (const { file, line, message } of errors) {
    const suite = suiteOf(file);
    suite.errors++;
    suite.cases.push(
      `    <testcase name="line ${line}" classname="${escapeXml(file)}"><error message="${escapeXml(message)}"/></testcase>\n`,
    );
  }
  const list = [...suites].map(
    ([file, suite]) =>
      `  <testsuite name="${escapeXml(file)}" tests="${suite.cases.length}" failures="${suite.failures}" errors="${suite.errors}">\n` +
      `${suite.cases.join('')}  </testsuite>\n`,
  );
  const failures = outcomes.filter((outcome) => outcome.failures.length > 0).length;
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<testsuites tests="${outcomes.length + errors.length}" failures="${failures}" errors="${errors.length}">\n` +
    `${list.join('')}</testsuites>\n`
  );
}

function formatCase({ test, failures }: TestOutcome): string {
  const head = `    <testcase name="${escapeXml(test.name)}" classname="${escapeXml(test.file)}" line="${test.line}"`;
  if (failures.length === 0) return `${head}/>\n`;
  const text = failures.flatMap(({ step, mismatches }) => [
    `log ${step + 1} of ${test.steps.length}`,
    ...mismatches.flatMap((mismatch) => formatMismatch(mismatch, NO_PAINT)),
  ]);
  const names = [...new Set(failures.flatMap(({ mismatches }) => mismatches.map(({ name }) => name)))].join(', ');
  return `${head}><failure message="${escapeXml(names)}">${escapeXml(text.join('\n'))}</failure></testcase>\n`;
}

/** Characters that XML 1.0 cannot hold, escaped or not, become U+FFFD. */
function escapeXml(text: string): string {
  return text
    .replace(
      /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
      '\ufffd',
    )
    .replace(/[&<>"\n]/g, (character) => `&#${character.charCodeAt(0)};`);
}
