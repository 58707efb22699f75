import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { RulesetSource } from '../../../../src/processor/ruleset/compile/compile.ts';

export interface OssecCase {
  readonly id: string;
  readonly topic: string;
  readonly files: Readonly<Record<string, string>>;
  readonly config?: { readonly log_alert_level?: number };
  readonly expect_load?: 'fatal';
}

const CASES = new URL('../../../../../shared/conformance/ossec-4.3.0/cases/cases.jsonl', import.meta.url);

/** Undefined where the conformance data is not beside the repository. */
export function readOssecCases(): OssecCase[] | undefined {
  if (!existsSync(CASES)) return undefined;
  const lines = readFileSync(CASES, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as OssecCase);
}

/** A byte that is no UTF-8 is a lone surrogate there, 0xNN as U+DCNN. */
export function toBytes(text: string): string {
  let bytes = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes +=
      code >= 0xdc80 && code <= 0xdcff
        ? String.fromCharCode(code & 0xff)
        : Buffer.from(character, 'utf8').toString('latin1');
  }
  return bytes;
}

export function toSource(ossec: OssecCase): RulesetSource {
  const files = Object.entries(ossec.files).map(([path, content]) => ({
    path,
    name: basename(path),
    content: toBytes(content),
  }));
  const alertLevel = ossec.config?.log_alert_level;
  return {
    dialect: 'ossec',
    compat: 'strict',
    decoders: files.filter(({ path }) => path === 'decoders.xml'),
    rules: files.filter(({ path }) => path.startsWith('rules/')),
    lists: files
      .filter(({ path }) => path.startsWith('lists/'))
      .map(({ path, content }) => ({ name: path, path, content })),
    settings: alertLevel === undefined ? {} : { alertLevel },
  };
}
