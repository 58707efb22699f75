import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ListSource, RulesetSource } from '../../../../src/processor/ruleset/compile/compile.ts';

/** Bytes that are no UTF-8 are given in base64. */
type Text = string | { readonly b64: string };

export interface MiniCase {
  readonly id: string;
  readonly files: Readonly<Record<string, Text>>;
  readonly config?: {
    readonly lists?: readonly string[];
    readonly log_alert_level?: number;
    readonly email_alert_level?: number;
    readonly memory_size?: number;
    readonly ruleset?: string;
  };
  readonly expect_load: 'ok' | 'warning' | 'fatal';
  readonly load_codes?: readonly number[];
  readonly rules_loaded?: readonly number[];
  readonly tree?: readonly TreeNode[];
  readonly decoders?: { readonly P: readonly DecoderNode[]; readonly N: readonly DecoderNode[] };
}

export type TreeNode = readonly [id: number, level: number, children?: readonly TreeNode[]];
export type DecoderNode = readonly [name: string, getNext: boolean, children?: readonly DecoderNode[]];

const MINI = new URL('../../../../../shared/conformance/wazuh-4.14.7/mini/mini.jsonl.gz', import.meta.url);

/** Undefined where the conformance data is not beside the repository. */
export function readMiniCases(): MiniCase[] | undefined {
  if (!existsSync(MINI)) return undefined;
  const lines = gunzipSync(readFileSync(MINI)).toString('utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as MiniCase);
}

export function toBytes(text: Text): string {
  return typeof text === 'string'
    ? Buffer.from(text, 'utf8').toString('latin1')
    : Buffer.from(text.b64, 'base64').toString('latin1');
}

/** The files of a case as the stock configuration would load them from below `etc/`. */
export function toSource(mini: MiniCase): RulesetSource {
  const files = Object.entries(mini.files).map(([path, content]) => ({
    path: `etc/${path}`,
    name: basename(path),
    content: toBytes(content),
  }));
  const select = (folder: string) =>
    files
      .filter((file) => file.path.startsWith(`etc/${folder}/`) && file.path.endsWith('.xml'))
      .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  const lists = (mini.config?.lists ?? []).flatMap((name): ListSource[] => {
    const file = files.find(({ path }) => path === name.replace(/\.cdb.*/, ''));
    return file === undefined ? [] : [{ name, path: file.path, content: file.content }];
  });
  const { log_alert_level: alertLevel, email_alert_level: emailLevel, memory_size: memorySize } = mini.config ?? {};
  return {
    dialect: 'wazuh',
    compat: 'strict',
    decoders: select('decoders'),
    rules: select('rules'),
    lists,
    settings: {
      ...(alertLevel === undefined ? {} : { alertLevel }),
      ...(emailLevel === undefined ? {} : { emailLevel }),
      ...(memorySize === undefined ? {} : { memorySize }),
    },
  };
}
