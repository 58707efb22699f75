import { isUtf8 } from 'node:buffer';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { textToBytes } from '../../processor/ruleset/bytes.ts';
import type { Dialect } from '../../processor/ruleset/compile/ruleset.ts';
import { readIniTests } from './ini-tests.ts';
import type { ReadTests, RuleTest, TestFileError } from './rule-test.ts';
import { readYamlTests } from './yaml-tests.ts';

const MAX_FILE_SIZE = 64 * 1024 * 1024;
const TEST_FILE = /\.(?:ini|ya?ml)$/i;
/** Cases for a build option of the original that looks addresses up; its own runner leaves them out too. */
const GEOIP = /_geoip\.ini$/;

export interface FoundTests extends ReadTests {
  readonly files: number;
  /** Files that are not run, with the reason. */
  readonly skipped: readonly { readonly file: string; readonly reason: string }[];
}

/**
 * Reads the tests of files, and of every `.ini`, `.yaml` and `.yml` file of directories, sorted by name. `geoip` tests
 * are left out of directories.
 */
export function readTests(paths: readonly string[], dialect: Dialect, startMs: number): FoundTests {
  const tests: RuleTest[] = [];
  const errors: TestFileError[] = [];
  const skipped: { file: string; reason: string }[] = [];
  const files = new Set<string>();
  for (const path of paths) {
    const found = expand(path);
    if (found === undefined) errors.push({ file: path, line: 0, message: 'there is no such file or directory' });
    else if (found.length === 0) errors.push({ file: path, line: 0, message: 'no .ini, .yaml or .yml file in it' });
    for (const file of found ?? []) {
      if (file !== path && GEOIP.test(file)) skipped.push({ file, reason: 'geoip is not built in' });
      else files.add(file);
    }
  }
  for (const file of files) {
    const read = readTestFile(file, dialect, startMs);
    tests.push(...read.tests);
    errors.push(...read.errors);
    if (read.tests.length === 0 && read.errors.length === 0) skipped.push({ file, reason: 'no test in it' });
  }
  return { tests, errors, skipped, files: files.size };
}

function expand(path: string): string[] | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return undefined;
  if (!stats.isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => TEST_FILE.test(name))
    .sort()
    .map((name) => join(path, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
}

function readTestFile(file: string, dialect: Dialect, startMs: number): ReadTests {
  let content: Buffer;
  try {
    const { size } = statSync(file);
    if (size > MAX_FILE_SIZE) throw new Error(`it has ${size} bytes, more than ${MAX_FILE_SIZE}`);
    content = readFileSync(file);
  } catch (error) {
    const message = `cannot be read: ${error instanceof Error ? error.message : error}`;
    return { tests: [], errors: [{ file, line: 0, message }] };
  }
  if (/\.ini$/i.test(file)) {
    // Logs of old systems are not always UTF-8: then characters are bytes already.
    const [text, toBytes] = isUtf8(content)
      ? [content.toString('utf8'), textToBytes]
      : [content.toString('latin1'), same];
    return readIniTests(file, text, { dialect, startMs, toBytes });
  }
  if (/\.ya?ml$/i.test(file)) return readYamlTests(file, content.toString('utf8'), startMs);
  return { tests: [], errors: [{ file, line: 0, message: 'a test file ends in .ini, .yaml or .yml' }] };
}

const same = (text: string): string => text;
