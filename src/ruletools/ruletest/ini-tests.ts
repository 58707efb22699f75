import type { Dialect } from '../../processor/ruleset/compile/ruleset.ts';
import { type IniSection, readIni } from './ini.ts';
import type { ReadTests, RuleTest, TestFileError, TestStep } from './rule-test.ts';

export interface IniTestOptions {
  readonly dialect: Dialect;
  /** When the logs arrive, epoch milliseconds. */
  readonly startMs: number;
  toBytes(text: string): string;
}

/** What every section has to say; the stock runners stop without one of them. */
const REQUIRED = ['rule', 'alert', 'decoder'] as const;

/**
 * Rule tests out of an `.ini` file (ruleset-engine 10.3). Each `log ...` option is a session of its own, and every line of
 * its value a log. Wazuh's runner puts options of one name together, so that repeating a name tests correlation; with
 * OSSEC's the last one counts.
 */
export function readIniTests(file: string, text: string, options: IniTestOptions): ReadTests {
  const { sections, problems } = readIni(text, options.dialect);
  const errors: TestFileError[] = problems.map(({ line, message }) => ({ file, line, message }));
  const tests: RuleTest[] = [];
  for (const section of sections) {
    const missing = REQUIRED.filter((name) => !section.options.has(name));
    if (missing.length > 0) {
      errors.push({ file, line: section.line, message: `section [${section.name}] has no ${missing.join(', no ')}` });
      continue;
    }
    tests.push(...testsOf(file, section, options));
  }
  return { tests, errors };
}

function testsOf(file: string, section: IniSection, { startMs, toBytes }: IniTestOptions): RuleTest[] {
  const expected = REQUIRED.map((name) => section.options.get(name)!.value).join(':');
  return [...section.options]
    .filter(([name]) => name.startsWith('log '))
    .map(([name, { line, value }]): RuleTest => {
      const steps = value
        .split('\n')
        .filter((log) => log !== '')
        .map((log): TestStep => ({ log: toBytes(log), location: undefined, timeMs: startMs, expect: undefined }));
      const verdict = { kind: 'ini', expected, negated: name.endsWith('fail') } as const;
      return { file, line, name: `${section.name} / ${name}`, steps, verdict };
    });
}
