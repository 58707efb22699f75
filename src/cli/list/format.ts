import { bytesToText, textToBytes } from '../../processor/ruleset/bytes.ts';
import { parseList } from '../../processor/ruleset/parse/list.ts';

export type ListDialect = 'wazuh' | 'ossec';

/** The line of a CDB list that reads as this entry; undefined where the grammar has none (quotes, line breaks ...). */
export function formatEntry(key: string, value: string, dialect: ListDialect): string | undefined {
  const forms = [`${key}:${value}`, `"${key}":${value}`, `"${key}":"${value}"`];
  return forms.find((line) => {
    const { entries } = parseList(textToBytes(line), dialect);
    return entries.size === 1 && entries.get(textToBytes(key)) === textToBytes(value);
  });
}

/** Entries as texts, of a file's bytes; the problems name their lines. */
export function readEntries(
  content: Buffer,
  dialect: ListDialect,
): { entries: Map<string, string>; problems: string[] } {
  const { entries, problems } = parseList(content.toString('latin1'), dialect);
  return {
    entries: new Map([...entries].map(([key, value]) => [bytesToText(key), bytesToText(value)])),
    problems: problems.map(({ line, message }) => `${line}: ${message}`),
  };
}
