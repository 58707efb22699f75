import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const FOLDER = new URL('../../../../../shared/conformance/wazuh-4.14.7/expressions/', import.meta.url);

export const hasGoldens = existsSync(FOLDER);
if (!hasGoldens) console.log('skipped: the expression goldens are not beside the project');

/** One answer of the original engine; texts are byte strings. */
export interface Golden {
  readonly type: 'osregex' | 'osmatch' | 'pcre2';
  readonly pattern: string;
  readonly subject: string;
  readonly match: boolean;
  readonly end: number | null | undefined;
  readonly subs: readonly string[] | undefined;
  readonly matchWithoutCaptures: boolean;
  readonly error: boolean;
  readonly crash: boolean;
}

type RawText = string | { b64: string };

export function readGoldens(file: string, type: Golden['type']): Golden[] {
  const lines = gunzipSync(readFileSync(new URL(`expr-${file}.jsonl.gz`, FOLDER)))
    .toString('utf8')
    .trimEnd()
    .split('\n');
  return lines.map((line) => readGolden(JSON.parse(line))).filter((golden) => golden.type === type);
}

function readGolden(raw: Record<string, unknown>): Golden {
  const match = raw.match === true;
  return {
    type: raw.type as Golden['type'],
    pattern: toBytes(raw.pattern as RawText),
    subject: raw.subject === undefined ? '' : toBytes(raw.subject as RawText),
    match,
    end: raw.end as number | null | undefined,
    subs: (raw.subs as RawText[] | undefined)?.map(toBytes),
    matchWithoutCaptures: (raw.match_nocapture as boolean | undefined) ?? match,
    error: raw.error === true,
    crash: raw.crash === true,
  };
}

function toBytes(text: RawText): string {
  return typeof text === 'string'
    ? Buffer.from(text, 'utf8').toString('latin1')
    : Buffer.from(text.b64, 'base64').toString('latin1');
}
