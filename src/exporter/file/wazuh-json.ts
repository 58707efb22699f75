import type { Alert, AlertRule } from '../../pdata/alert.ts';
import { partFields } from './alert-data.ts';
import { formatJsonTime } from './alert-time.ts';
import { compactArray, JsonObject, stringifyJson } from './json.ts';

/**
 * The header that alerts.json looks for in the log to fill `predecoder.hostname`, whatever pre-decoding concluded
 * (`src/analysisd/format/to_json.c`, v4.14.7).
 */
const HEADER_HOST = /^[A-Z][a-z][a-z] [ 0123][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9] ([^ ]+)/;

/**
 * One line of alerts.json, keys in the original's order, with its newline. `offset` is where the line starts in the
 * file: it is the second half of the alert id. A record without a rule gives the line that archives.json would have.
 */
export function formatWazuhJson(alert: Alert, offset: number, managerName: string): string {
  const root = new JsonObject();
  root.add('timestamp', formatJsonTime(alert.time));
  if (alert.rule) root.add('rule', ruleOf(alert.rule));
  const agentless = agentlessOf(alert);
  if (!agentless) root.add('agent', agentOf(alert));
  root.add('manager', object({ name: managerName }));
  root.add('id', `${Math.floor(alert.time / 1000)}.${offset}`);
  if (alert.previousOutput.length >= 2 && alert.previousOutput[1] !== '') {
    root.add('previous_output', alert.previousOutput.join('\n'));
  }
  if (!alert.rule?.noFullLog) root.add('full_log', alert.fullLog);
  const predecoder = object({
    program_name: alert.predecoder.programName,
    timestamp: alert.predecoder.timestamp,
    hostname: HEADER_HOST.exec(alert.fullLog)?.[1],
  });
  if (predecoder.size > 0) root.add('predecoder', predecoder);
  root.add('decoder', decoderOf(alert));
  root.addIf('previous_log', alert.previousLog);
  const data = dataOf(alert);
  if (data.size > 0) root.add('data', data);
  root.addIf('location', locationOf(alert.location));
  root.addIf('agentless', agentless);
  return `${stringifyJson(root)}\n`;
}

function ruleOf(rule: AlertRule): JsonObject {
  const json = new JsonObject();
  if (rule.level !== 0) json.add('level', rule.level);
  json.add('description', rule.description);
  json.add('id', rule.id);
  if (rule.mitre && rule.mitre.id.length > 0) {
    const mitre = new JsonObject();
    mitre.add('id', rule.mitre.id);
    mitre.add('tactic', rule.mitre.tactic);
    mitre.add('technique', rule.mitre.technique);
    json.add('mitre', mitre);
  }
  json.addIf('cve', rule.cve);
  json.addIf('info', rule.info);
  json.addIf('frequency', rule.frequency);
  json.addIf('firedtimes', rule.firedtimes);
  json.add('mail', rule.mail);
  json.add('groups', rule.groups);
  for (const [name, tags] of rule.compliance) json.add(name, tags);
  return json;
}

function agentOf(alert: Alert): JsonObject {
  const ip = alert.agent.ip ?? /^\([^)]*\) ([^-]*)-/.exec(alert.location)?.[1];
  return object({ id: alert.agent.id, name: alert.agent.name, ip: ip === 'any' ? undefined : ip });
}

/** A check that ran without an agent has the location `(script) user@host->...`; the original then names no agent. */
function agentlessOf(alert: Alert): JsonObject | undefined {
  if (alert.agent.id !== '000') return undefined;
  const found = /^\(([^)]*)\) ([^@>]*)@(.*?)->/s.exec(alert.location);
  return found ? object({ script: found[1], user: found[2], host: found[3] }) : undefined;
}

function decoderOf(alert: Alert): JsonObject {
  const json = new JsonObject();
  if (!alert.decoder) return json;
  if (alert.decoder.accumulate) json.add('accumulate', 1);
  json.addIf('parent', alert.decoder.parent);
  json.add('name', alert.decoder.name);
  json.addIf('ftscomment', alert.decoder.ftsComment);
  return json;
}

function dataOf(alert: Alert): JsonObject {
  const data = new JsonObject();
  const { statics, dynamics } = partFields(alert);
  for (const [name, value] of statics) data.add(name, value);
  for (const [name, value] of dynamics) addNested(data, name, value);
  return data;
}

/** Nesting that names may ask for; what is deeper stays one name with dots. */
const MAX_NESTING = 500;

/** Dots in a name make objects. What is in the way (a value where an object is needed, or the name itself) wins. */
function addNested(root: JsonObject, name: string, value: string): void {
  let at = root;
  let start = 0;
  for (let depth = 0; depth < MAX_NESTING; depth++) {
    const dot = name.indexOf('.', start);
    if (dot < 0) break;
    const step = name.slice(start, dot);
    let next = at.get(step);
    if (next === undefined) {
      next = new JsonObject();
      at.add(step, next);
    }
    if (!(next instanceof JsonObject)) return;
    at = next;
    start = dot + 1;
  }
  at.add(name.slice(start), compactArray(value) ?? value);
}

/** Of an agent's location only what follows the first `>`; nothing where there is none. */
function locationOf(location: string): string | undefined {
  if (!location.startsWith('(')) return location;
  const arrow = location.indexOf('>');
  return arrow < 0 ? undefined : location.slice(arrow + 1);
}

function object(members: Readonly<Record<string, string | undefined>>): JsonObject {
  const json = new JsonObject();
  for (const [name, value] of Object.entries(members)) json.addIf(name, value);
  return json;
}
