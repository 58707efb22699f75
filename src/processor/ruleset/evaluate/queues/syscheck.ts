import type { Ruleset } from '../../compile/ruleset.ts';
import type { Event } from '../event.ts';
import { type JsonNode, readJson } from '../json-reader.ts';
import { setInternalDecoder } from './internal.ts';
import { joinedTexts, member, memberText, scalarText } from './json-members.ts';

/** JSON attribute, field, and how a change of it reads: before and after the old value. */
interface Attribute {
  readonly key: string;
  readonly field: string;
  readonly change: (before: string, after: string) => string;
}

const now = (what: string) => (before: string, after: string) => `${what} was '${before}', now it is '${after}'\n`;
const sum = (what: string) => (before: string, after: string) =>
  `Old ${what} was: '${before}'\nNew ${what} is : '${after}'\n`;
const fromTo = (what: string) => (before: string, after: string) => `${what} changed from '${before}' to '${after}'\n`;

const ATTRIBUTES: readonly Attribute[] = [
  { key: 'size', field: 'size', change: fromTo('Size') },
  { key: 'perm', field: 'perm', change: fromTo('Permissions') },
  { key: 'uid', field: 'uid', change: now('Ownership') },
  { key: 'user_name', field: 'uname', change: now('User name') },
  { key: 'gid', field: 'gid', change: now('Group ownership') },
  { key: 'group_name', field: 'gname', change: now('Group name') },
  {
    key: 'mtime',
    field: 'mtime',
    change: (before, after) => `Old modification time was: '${before}', now it is '${after}'\n`,
  },
  { key: 'inode', field: 'inode', change: (before, after) => `Old inode was: '${before}', now it is '${after}'\n` },
  { key: 'hash_md5', field: 'md5', change: sum('md5sum') },
  { key: 'hash_sha1', field: 'sha1', change: sum('sha1sum') },
  { key: 'hash_sha256', field: 'sha256', change: sum('sha256sum') },
  {
    key: 'attributes',
    field: 'win_attributes',
    change: (before, after) => `Old attributes were: '${before}'\nNow they are '${after}'\n`,
  },
];

const AUDIT: readonly (readonly [key: string, field: string])[] = [
  ['user_id', 'user_id'],
  ['user_name', 'user_name'],
  ['group_id', 'group_id'],
  ['group_name', 'group_name'],
  ['process_name', 'process_name'],
  ['process_id', 'process_id'],
  ['ppid', 'ppid'],
  ['parent_name', 'parent_name'],
  ['cwd', 'cwd'],
  ['parent_cwd', 'parent_cwd'],
  ['audit_uid', 'audit_uid'],
  ['audit_name', 'audit_name'],
  ['effective_uid', 'effective_uid'],
  ['effective_name', 'effective_name'],
];

type Kind = 'file' | 'registry_key' | 'registry_value';
type Change = 'added' | 'modified' | 'deleted';

const DECODERS: Readonly<Record<Kind, Readonly<Record<Change, string>>>> = {
  file: {
    added: 'syscheck_new_entry',
    modified: 'syscheck_integrity_changed',
    deleted: 'syscheck_deleted',
  },
  registry_key: {
    added: 'syscheck_registry_key_added',
    modified: 'syscheck_registry_key_modified',
    deleted: 'syscheck_registry_key_deleted',
  },
  registry_value: {
    added: 'syscheck_registry_value_added',
    modified: 'syscheck_registry_value_modified',
    deleted: 'syscheck_registry_value_deleted',
  },
};
const TITLES: Readonly<Record<Kind, string>> = {
  file: 'File',
  registry_key: 'Registry Key',
  registry_value: 'Registry Value',
};
const MAX_SHOWN_PATH = 756;

/**
 * File integrity events of 4.x (`{"type":"event","data":{...}}`): the fields and the text that rules see are made of
 * them. Marks of a scan's begin and end, and what is no such event, stay undecoded.
 */
export function decodeSyscheck(event: Event, ruleset: Ruleset): void {
  const root = readJson(event.log);
  const data = member(root, 'data');
  if (memberText(root, 'type') !== 'event' || !data) return;
  const attributes = member(data, 'attributes');
  const change = changeOf(memberText(data, 'type'));
  const kind = kindOf(memberText(attributes, 'type'));
  const path = memberText(data, 'path');
  if (!change || !kind || path === undefined) return;

  const add = (name: string, value: string | undefined) => {
    if (value !== undefined && value !== '') event.addDynamic(name, value);
  };
  const changed = joinedTexts(member(data, 'changed_attributes'));
  const links = joinedTexts(member(data, 'hard_links'));
  const mode = memberText(data, 'mode');
  add('file', path);
  add('hard_links', links);
  add('mode', mode);
  for (const name of ['arch', 'value_name', 'value_type'] as const) {
    add(name, memberText(data, name) ?? memberText(attributes, name));
  }
  const old = member(data, 'old_attributes');
  for (const { key, field } of ATTRIBUTES) {
    add(field, scalarText(member(attributes, key)));
    add(`${field}_before`, scalarText(member(old, key)));
  }
  add('symbolic_path', memberText(attributes, 'symbolic_path'));
  add('changed_fields', changed);
  add('changed_content', memberText(data, 'content_changes'));
  add('tag', memberText(data, 'tags'));
  add('entry_type', kind);
  add('event_type', change);
  const audit = member(data, 'audit');
  for (const [key, field] of AUDIT) add(field, scalarText(member(audit, key)));

  setInternalDecoder(event, DECODERS[kind][change], ruleset);
  event.log = describeChange({ kind, change, path, links, mode, changed }, attributes, old);
  event.fullLog = event.log;
}

function changeOf(text: string | undefined): Change | undefined {
  return text === 'added' || text === 'modified' || text === 'deleted' ? text : undefined;
}

function kindOf(text: string | undefined): Kind | undefined {
  if (text === 'registry') return 'registry_key';
  return text === 'file' || text === 'registry_key' || text === 'registry_value' ? text : undefined;
}

interface Described {
  readonly kind: Kind;
  readonly change: Change;
  readonly path: string;
  readonly links: string | undefined;
  readonly mode: string | undefined;
  readonly changed: string | undefined;
}

function describeChange(about: Described, attributes: JsonNode | undefined, old: JsonNode | undefined): string {
  const path = about.path.length > MAX_SHOWN_PATH ? `${about.path.slice(0, MAX_SHOWN_PATH)} [...] ` : about.path;
  let text = `${TITLES[about.kind]} '${path}' ${about.change}\n`;
  if (about.links) text += `Hard links: ${about.links}\n`;
  text += `Mode: ${about.mode ?? ''}\n`;
  if (about.change !== 'modified') return text;
  if (about.changed) text += `Changed attributes: ${about.changed}\n`;
  for (const { key, change } of ATTRIBUTES) {
    const before = scalarText(member(old, key));
    const after = scalarText(member(attributes, key));
    if (before !== undefined && after !== undefined && before !== after) text += change(before, after);
  }
  return text;
}
