import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { ConfigError } from '../../component/errors.ts';
import { MAX_LIST_ENTRIES } from '../../storage/list/list.ts';
import type { ImportFlags, ListFileFlags, StoreFlags } from '../commands/list.ts';
import { type CliIo, type ExitCode, write } from '../io.ts';
import { formatEntry, readEntries } from './format.ts';
import { editList, readList } from './with-list.ts';

/** Lines of a file that are complained about. */
const MAX_PROBLEMS = 50;
/** Lines of one write. */
const PAGE = 1000;

export function getEntry(name: string, key: string | undefined, flags: StoreFlags, io: CliIo): Promise<ExitCode> {
  return readList('get', name, flags, io, async (list, shown) => {
    if (key === undefined) {
      const entries = await list.read();
      const edit = await list.lastEdit();
      const who = edit ? `, changed ${new Date(edit.at).toISOString()} by ${edit.by}` : '';
      await write(io.stdout, `${count(entries.size, 'entry', 'entries')}${who}\n`);
      return 0;
    }
    const value = await list.get(key);
    if (value === undefined) {
      await write(io.stderr, `otel-hids list get: ${shown} has no key "${key}"\n`);
      return 1;
    }
    await write(io.stdout, `${value}\n`);
    return 0;
  });
}

export function setEntry(name: string, key: string, value: string, flags: StoreFlags, io: CliIo): Promise<ExitCode> {
  return editList('set', name, flags, io, async () => {
    checkEntry(key, value);
    return new Map([[key, value]]);
  });
}

export function deleteEntries(name: string, keys: readonly string[], flags: StoreFlags, io: CliIo): Promise<ExitCode> {
  return editList('del', name, flags, io, async (entries, shown) => {
    for (const key of keys) {
      if (!entries.has(key)) await write(io.stderr, `otel-hids list del: ${shown} has no key "${key}"\n`);
    }
    return new Map(keys.map((key) => [key, null]));
  });
}

export function importEntries(name: string, file: string, flags: ImportFlags, io: CliIo): Promise<ExitCode> {
  return editList('import', name, flags, io, async (before) => {
    const content = file === '-' ? await buffer(io.stdin) : readFileSync(file);
    if (!isUtf8(content)) throw new ConfigError(`${file}:${firstBadLine(content)}: this is not UTF-8`);
    const { entries, problems } = readEntries(content, flags.dialect);
    for (const problem of problems.slice(0, MAX_PROBLEMS)) await write(io.stderr, `${file}:${problem}\n`);
    if (entries.size === 0 && !flags.allowEmpty && !flags.merge) {
      throw new ConfigError(`${file} holds no entry; say --allow-empty to empty the list`);
    }
    if (entries.size > MAX_LIST_ENTRIES) {
      throw new ConfigError(`${file} holds ${entries.size} entries; a list has at most ${MAX_LIST_ENTRIES}`);
    }
    const gone = flags.merge ? [] : [...before.keys()].filter((key) => !entries.has(key));
    return new Map<string, string | null>([...entries, ...gone.map((key) => [key, null] as const)]);
  });
}

export function exportEntries(name: string, flags: ListFileFlags, io: CliIo): Promise<ExitCode> {
  return readList('export', name, flags, io, async (list) => {
    const entries = [...(await list.read())].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    let lines: string[] = [];
    let missing = 0;
    for (const [key, value] of entries) {
      const line = formatEntry(key, value, flags.dialect);
      if (line === undefined) {
        missing++;
        await write(io.stderr, `otel-hids list export: ${JSON.stringify(key)} cannot stand in a CDB list; left out\n`);
        continue;
      }
      lines.push(`${line}\n`);
      if (lines.length < PAGE) continue;
      await write(io.stdout, lines.join(''));
      lines = [];
    }
    await write(io.stdout, lines.join(''));
    return missing > 0 ? 1 : 0;
  });
}

function checkEntry(key: string, value: string): void {
  if (formatEntry(key, value, 'wazuh') !== undefined) return;
  throw new ConfigError(
    'keys and values of a list hold no quotes, line breaks or zero bytes, and have less than 64 KB together',
  );
}

function firstBadLine(content: Buffer): number {
  let line = 1;
  for (let start = 0; start < content.length; line++) {
    const newline = content.indexOf(10, start);
    const end = newline < 0 ? content.length : newline;
    if (!isUtf8(content.subarray(start, end))) break;
    start = end + 1;
  }
  return line;
}

export function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
