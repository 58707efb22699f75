import { XMLParser } from 'fast-xml-parser';
import type { Ruleset } from '../../compile/ruleset.ts';
import type { Event } from '../event.ts';
import { readJson } from '../json-reader.ts';
import { decodeJson } from '../plugins/json.ts';
import { setInternalDecoder } from './internal.ts';

/**
 * Windows event channel messages: `{"Message":"...","Event":"<Event ...>"}` as agents send them, or the `win.*` JSON the
 * original makes of that. What is neither stays undecoded.
 */
export function decodeEventChannel(event: Event, ruleset: Ruleset): void {
  const root = readJson(event.log);
  if (root?.kind !== 'object') return;
  const member = (name: string) => root.children.find((child) => child.name === name);
  const xml = member('Event');
  const message = member('Message');
  if (xml?.kind === 'string') {
    const converted = formatEventChannel(xml.value, message?.kind === 'string' ? message.value : undefined);
    if (converted === undefined) return;
    event.log = converted;
    event.fullLog = converted;
  } else if (member('win')?.kind !== 'object') return;
  setInternalDecoder(event, 'windows_eventchannel', ruleset);
  decodeJson(event, event.log, {
    nullField: 'string',
    arrays: 'array',
    maxFields: ruleset.settings.decoderOrderSize,
  });
}

interface XmlNode {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
  readonly children: readonly XmlNode[];
}

/** Ordered entries of fast-xml-parser: one key is the element's name, `:@` its attributes. */
type ParsedEntry = Readonly<Record<string, unknown>>;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  // The original leaves `&amp;` as it is, and rules expect it so.
  processEntities: false,
});

/**
 * The JSON that rules see for an event's XML: `win.system.*` and `win.eventdata.*`, first letters small. Values keep
 * one level of JSON escapes (`\` is doubled, `"` has a `\` before it), since the original reads the XML out of its JSON
 * text without unescaping; the shipped rules count on it. Undefined where the XML cannot be read. Texts are bytes.
 */
export function formatEventChannel(xml: string, message: string | undefined): string | undefined {
  let nodes: XmlNode[];
  try {
    nodes = readNodes(parser.parse(xml) as ParsedEntry[]);
  } catch {
    return undefined;
  }
  const root = nodes.find((node) => node.name === 'Event');
  if (!root) return undefined;
  const system: Fields = Object.create(null);
  const win: Record<string, Fields> = Object.create(null);
  win.system = system;
  for (const part of root.children) {
    if (part.name === 'System') addSystem(part, system);
    else if (part.name === 'EventData') win.eventdata = readEventData(part);
    else if (part.name === 'UserData') {
      for (const data of part.children) win[lowerFirst(data.name)] = readMembers(data);
    }
  }
  system.severityValue = severityOf(system.level, system.keywords);
  if (message !== undefined) system.message = `"${message.replace(/[\\"]/g, '\\$&')}"`;
  return JSON.stringify({ win });
}

type Fields = Record<string, string>;

function addSystem(part: XmlNode, system: Fields): void {
  for (const node of part.children) {
    const { attributes } = node;
    switch (node.name) {
      case 'Provider':
        set(system, 'providerName', attributes.Name);
        set(system, 'providerGuid', attributes.Guid);
        set(system, 'eventSourceName', attributes.EventSourceName);
        break;
      case 'TimeCreated':
        set(system, 'systemTime', attributes.SystemTime);
        break;
      case 'Execution':
        set(system, 'processID', attributes.ProcessID);
        set(system, 'threadID', attributes.ThreadID);
        break;
      case 'Security':
        set(system, 'securityUserID', attributes.UserID);
        break;
      case 'Correlation':
        break;
      case 'Channel':
        set(system, 'channel', node.text);
        set(system, 'userID', attributes.UserID);
        break;
      default:
        set(system, lowerFirst(node.name), node.text);
    }
  }
}

/** Unnamed values join in `data`; empty ones, `-` and `(NULL)` are left out. */
function readEventData(part: XmlNode): Fields {
  const fields: Fields = Object.create(null);
  const unnamed: string[] = [];
  for (const node of part.children) {
    if (node.text === '' || node.text === '-' || node.text === '(NULL)') continue;
    if (node.name !== 'Data') set(fields, lowerFirst(node.name), node.text);
    else if (node.attributes.Name) set(fields, lowerFirst(node.attributes.Name), node.text);
    else unnamed.push(node.text);
  }
  if (unnamed.length > 0) set(fields, 'data', unnamed.join(', '));
  return fields;
}

function readMembers(part: XmlNode): Fields {
  const fields: Fields = Object.create(null);
  for (const node of part.children) set(fields, lowerFirst(node.name), node.text);
  return fields;
}

/** The first value of a name counts. */
function set(fields: Fields, name: string, value: string | undefined): void {
  if (value === undefined || value === '' || name in fields) return;
  fields[name] = value.replace(/[\\"]/g, '\\$&');
}

const SEVERITY_BY_LEVEL = ['', 'CRITICAL', 'ERROR', 'WARNING', 'INFORMATION', 'VERBOSE'];
const AUDIT_FAILURE = 0x10000000000000n;
const AUDIT_SUCCESS = 0x20000000000000n;

function severityOf(level: string | undefined, keywords: string | undefined): string {
  const byLevel = SEVERITY_BY_LEVEL[Number(level)];
  if (byLevel) return byLevel;
  const mask = /^0x[0-9a-f]{1,16}$/i.test(keywords ?? '') ? BigInt(keywords!) : 0n;
  if (mask & AUDIT_FAILURE) return 'AUDIT_FAILURE';
  return mask & AUDIT_SUCCESS ? 'AUDIT_SUCCESS' : 'UNKNOWN';
}

function readNodes(entries: readonly ParsedEntry[]): XmlNode[] {
  const nodes: XmlNode[] = [];
  for (const entry of entries) {
    const name = Object.keys(entry).find((key) => key !== ':@');
    if (name === undefined || name === '#text' || name.startsWith('?')) continue;
    const content = entry[name] as ParsedEntry[];
    const text = content.map((item) => (typeof item['#text'] === 'string' ? item['#text'] : '')).join('');
    nodes.push({
      name,
      attributes: (entry[':@'] as Record<string, string> | undefined) ?? {},
      text: content.length === 0 || content.some((item) => '#text' in item) ? text : '',
      children: readNodes(content),
    });
  }
  return nodes;
}

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
