import { XMLParser } from 'fast-xml-parser';
import type { AnyValue, Attributes } from '../../../pdata/any-value.ts';
import { toText } from '../../../pdata/any-value.ts';

/** A Windows event: the map of the Collector's receiver, or the event's XML (`raw: true`). */
export function isWindowsEvent(body: AnyValue): boolean {
  if (typeof body === 'string') return /^<Event[\s>]/.test(body);
  return body instanceof Map && body.has('event_id') && body.has('channel') && body.has('provider');
}

/**
 * The JSON that the original's event channel decoder hands to rules: `{"win":{"system":{...},"eventdata":{...}}}`, names
 * with a small first letter, every value a text (ruleset-engine 4.4). Values are as the original leaves them, since shipped
 * rules count on it: XML escapes stay (`&amp;`), and one level of JSON escapes too (`C:\\\\Windows`, `\\"`).
 * A body that is no Windows event stays as it is.
 */
export function formatWindowsEvent(body: AnyValue): string {
  if (!isWindowsEvent(body)) return toText(body);
  const event = body instanceof Map ? readMap(body) : readXml(toText(body));
  return event === undefined ? toText(body) : JSON.stringify({ win: event });
}

interface WindowsEvent {
  system: Record<string, string>;
  eventdata?: Record<string, string>;
}

/** Rendered level names of the Collector to the numbers that rules test. */
const LEVEL_NUMBERS: Readonly<Record<string, string>> = {
  critical: '1',
  error: '2',
  warning: '3',
  information: '4',
  verbose: '5',
};
const SEVERITY_BY_LEVEL = ['', 'CRITICAL', 'ERROR', 'WARNING', 'INFORMATION', 'VERBOSE'];
const AUDIT_FAILURE = 0x10000000000000n;
const AUDIT_SUCCESS = 0x20000000000000n;

function readMap(body: Attributes): WindowsEvent {
  const text = (map: AnyValue | undefined, ...names: string[]): string => {
    if (!(map instanceof Map)) return '';
    for (const name of names) {
      const value = map.get(name);
      if (value !== undefined && value !== null && value !== '') return toText(value);
    }
    return '';
  };
  const level = text(body, 'level');
  const levelNumber = LEVEL_NUMBERS[level.toLowerCase()] ?? level;
  const keywords = keywordMask(body.get('keywords'));
  const provider = body.get('provider');
  const execution = body.get('execution');
  const system = compact({
    providerName: text(provider, 'name'),
    providerGuid: text(provider, 'guid'),
    eventSourceName: text(provider, 'event_source'),
    eventID: text(body.get('event_id'), 'id'),
    version: text(body, 'version'),
    level: levelNumber,
    task: text(body, 'task'),
    opcode: text(body, 'opcode'),
    keywords,
    systemTime: text(body, 'system_time'),
    eventRecordID: text(body, 'record_id'),
    processID: text(execution, 'process_id'),
    threadID: text(execution, 'thread_id'),
    channel: text(body, 'channel'),
    computer: text(body, 'computer'),
    severityValue: severityOf(levelNumber, keywords),
    message: quoteMessage(text(body, 'message')),
  });
  const eventdata = readEventData(body.get('event_data') ?? body.get('user_data'));
  return eventdata === undefined ? { system } : { system, eventdata };
}

/** Both shapes of the Collector: a flat map, or `{ data: [ {name: value}, ... ] }`; unnamed values join in `data`. */
function readEventData(value: AnyValue | undefined): Record<string, string> | undefined {
  if (!(value instanceof Map) || value.size === 0) return undefined;
  const pairs: [string, string][] = [];
  const unnamed: string[] = [];
  for (const [name, item] of value) {
    if (name === 'data' && Array.isArray(item)) {
      for (const entry of item) {
        if (!(entry instanceof Map)) unnamed.push(toText(entry));
        else
          for (const [key, text] of entry) {
            if (key === '') unnamed.push(toText(text));
            else pairs.push([key, toText(text)]);
          }
      }
    } else pairs.push([name, toText(item)]);
  }
  if (unnamed.length > 0) pairs.push(['data', unnamed.join(', ')]);
  return collect(pairs.map(([name, text]) => [name, escapeXml(text)] as const));
}

const xmlParser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
  isArray: (name) => name === 'Data' || name === 'Keyword',
});

type XmlNode = string | { [name: string]: XmlNode | XmlNode[] };

function readXml(xml: string): WindowsEvent | undefined {
  let root: XmlNode;
  try {
    root = child(xmlParser.parse(xml) as XmlNode, 'Event');
  } catch {
    return undefined;
  }
  const part = child(root, 'System');
  const rendering = child(root, 'RenderingInfo');
  const level = textOf(child(part, 'Level'));
  const keywords = textOf(child(part, 'Keywords'));
  const system = compact({
    providerName: textOf(child(child(part, 'Provider'), '@Name')),
    providerGuid: textOf(child(child(part, 'Provider'), '@Guid')),
    eventSourceName: textOf(child(child(part, 'Provider'), '@EventSourceName')),
    eventID: textOf(child(part, 'EventID')),
    version: textOf(child(part, 'Version')),
    level,
    task: textOf(child(part, 'Task')),
    opcode: textOf(child(part, 'Opcode')),
    keywords,
    systemTime: textOf(child(child(part, 'TimeCreated'), '@SystemTime')),
    eventRecordID: textOf(child(part, 'EventRecordID')),
    processID: textOf(child(child(part, 'Execution'), '@ProcessID')),
    threadID: textOf(child(child(part, 'Execution'), '@ThreadID')),
    channel: textOf(child(part, 'Channel')),
    computer: textOf(child(part, 'Computer')),
    severityValue: severityOf(level, keywords),
    message: quoteMessage(unescapeXml(textOf(child(rendering, 'Message')))),
  });
  const pairs: [string, string][] = [];
  const unnamed: string[] = [];
  for (const entry of list(child(child(root, 'EventData'), 'Data'))) {
    const name = textOf(child(entry, '@Name'));
    if (name === '') unnamed.push(textOf(entry));
    else pairs.push([name, textOf(entry)]);
  }
  if (unnamed.length > 0) pairs.push(['data', unnamed.join(', ')]);
  const binary = textOf(child(child(root, 'EventData'), 'Binary'));
  if (binary !== '') pairs.push(['binary', binary]);
  return pairs.length === 0 ? { system } : { system, eventdata: collect(pairs) };
}

function child(node: XmlNode | XmlNode[] | undefined, name: string): XmlNode {
  if (node === undefined || typeof node === 'string' || Array.isArray(node)) return '';
  const found = Object.hasOwn(node, name) ? node[name] : '';
  return name === 'Data' ? (found as XmlNode) : Array.isArray(found) ? found[0] : found;
}

function list(node: XmlNode | XmlNode[]): XmlNode[] {
  return Array.isArray(node) ? node : node === '' ? [] : [node];
}

function textOf(node: XmlNode): string {
  if (typeof node === 'string') return node;
  const text = node['#text'];
  return typeof text === 'string' ? text : '';
}

function keywordMask(value: AnyValue | undefined): string {
  const items = Array.isArray(value) ? value.map(toText) : value === undefined ? [] : [toText(value)];
  for (const item of items) {
    if (item.startsWith('0x')) return item;
    if (item === 'Audit Success') return '0x8020000000000000';
    if (item === 'Audit Failure') return '0x8010000000000000';
  }
  return '';
}

function severityOf(level: string, keywords: string): string {
  if (/^0x[0-9a-f]{1,16}$/i.test(keywords)) {
    const mask = BigInt(keywords);
    if (mask & AUDIT_FAILURE) return 'AUDIT_FAILURE';
    if (mask & AUDIT_SUCCESS) return 'AUDIT_SUCCESS';
  }
  return SEVERITY_BY_LEVEL[Number(level)] || 'UNKNOWN';
}

/** The original keeps the rendered message in quotes of its own. */
function quoteMessage(message: string): string {
  return message === '' ? '' : `"${escapeJson(message)}"`;
}

function compact({ message, ...values }: Record<string, string>): Record<string, string> {
  const found = Object.entries(values).filter(([, value]) => value !== '');
  const system = Object.fromEntries(found.map(([name, value]) => [name, escapeJson(value)]));
  return message ? { ...system, message } : system;
}

/** Names with a small first letter; of a repeated name the first value counts, and what stands for nothing is left out. */
function collect(pairs: readonly (readonly [string, string])[]): Record<string, string> {
  const found: Record<string, string> = Object.create(null);
  for (const [name, value] of pairs) {
    const key = name.charAt(0).toLowerCase() + name.slice(1);
    if (!(key in found) && value !== '' && value !== '-' && value !== '(NULL)') found[key] = escapeJson(value);
  }
  return found;
}

const escapeJson = (text: string): string => text.replace(/[\\"]/g, '\\$&');

const XML_ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const XML_ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const escapeXml = (text: string): string => text.replace(/[&<>]/g, (character) => XML_ESCAPES[character] ?? character);

const unescapeXml = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|apos);/g, (entity, name: string) => XML_ENTITIES[name] ?? entity);
