import { createHash } from 'node:crypto';
import { z } from 'zod';

const text = z.string();

/** What is read of a line of archives.json or alerts.json; the rest of it does not matter here. */
const lineSchema = z.object({
  timestamp: text,
  rule: z.object({ id: z.union([text, z.number()]).transform(String), level: z.number().optional() }).optional(),
  agent: z.object({ id: text.optional(), name: text.optional(), ip: text.optional() }).optional(),
  agentless: z.object({ script: text.optional(), user: text.optional(), host: text.optional() }).optional(),
  manager: z.object({ name: text.optional() }).optional(),
  full_log: text.optional(),
  decoder: z.object({ name: text.optional() }).optional(),
  location: text.optional(),
  data: z.record(text, z.unknown()).optional(),
});

/** One line of what a live manager wrote. */
export interface RecordedLine {
  /** Epoch milliseconds. */
  readonly timeMs: number;
  /** Minutes east of UTC: the manager's own zone. */
  readonly zoneMinutes: number;
  readonly agentId: string;
  /** As the engine takes it: `[001] (web01) any->/var/log/x`. */
  readonly rawLocation: string;
  readonly manager: string | undefined;
  /** Undefined where the line does not hold it (rules with no_full_log). */
  readonly fullLog: string | undefined;
  readonly decoder: string | undefined;
  readonly ruleId: string | undefined;
  readonly level: number;
  /** The same for the event in archives.json and its alert in alerts.json. */
  readonly place: string;
  readonly logDigest: string | undefined;
  readonly dataDigest: string | undefined;
}

/** Reads a line; a text says what is wrong with it. */
export function readRecordedLine(line: string): RecordedLine | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'it is no JSON';
  }
  const parsed = lineSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `${issue?.path.join('.') || 'the line'}: ${issue?.message ?? 'not understood'}`;
  }
  const { timestamp, rule, agent, manager, decoder, full_log: fullLog, data } = parsed.data;
  const time = readTimestamp(timestamp);
  if (!time) return `timestamp "${timestamp.slice(0, 40)}" is none of the form 2026-01-05T12:00:00.000+0000`;
  const agentId = agent?.id ?? '000';
  const rawLocation = toRawLocation(parsed.data, agentId);
  return {
    ...time,
    agentId,
    rawLocation,
    manager: manager?.name,
    fullLog: fullLog ?? rebuildLog(decoder?.name, data),
    decoder: decoder?.name,
    ruleId: rule?.id,
    level: rule?.level ?? 0,
    place: JSON.stringify([timestamp, agentId, parsed.data.location ?? '']),
    logDigest: fullLog === undefined ? undefined : digest(fullLog),
    dataDigest: data === undefined ? undefined : digest(JSON.stringify(data)),
  };
}

/** Whether an alert tells of an event; both come from one place and time. */
export function isSameEvent(
  event: RecordedLine,
  alert: Pick<RecordedLine, 'logDigest' | 'dataDigest' | 'ruleId'>,
): boolean {
  // Of several equal ones the manager's own decision tells them apart.
  if (event.ruleId !== undefined && event.ruleId !== alert.ruleId) return false;
  if (alert.logDigest !== undefined && event.logDigest !== undefined) return alert.logDigest === event.logDigest;
  return alert.dataDigest === event.dataDigest;
}

const TIMESTAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(?:Z|([+-])(\d\d):?(\d\d))$/;

function readTimestamp(timestamp: string): { timeMs: number; zoneMinutes: number } | undefined {
  const match = TIMESTAMP.exec(timestamp);
  if (!match) return undefined;
  const zone = match[2] === undefined ? 0 : (match[2] === '-' ? -1 : 1) * (Number(match[3]) * 60 + Number(match[4]));
  const timeMs = Date.parse(`${match[1]}Z`) - zone * 60_000;
  return Number.isNaN(timeMs) ? undefined : { timeMs, zoneMinutes: zone };
}

/** The files hold the location without what an agent's message carried before it. */
function toRawLocation({ agent, agentless, location = '' }: z.output<typeof lineSchema>, agentId: string): string {
  if (agentless) return `(${agentless.script ?? ''}) ${agentless.user ?? ''}@${agentless.host ?? ''}->${location}`;
  if (agentId === '000') return location;
  return `[${agentId}] (${agent?.name ?? ''}) ${agent?.ip ?? 'any'}->${location}`;
}

/** Windows events are JSON, which their fields are enough to write again. */
function rebuildLog(
  decoder: string | undefined,
  data: Readonly<Record<string, unknown>> | undefined,
): string | undefined {
  return decoder === 'windows_eventchannel' && data?.win ? JSON.stringify({ win: data.win }) : undefined;
}

function digest(value: string): string {
  return createHash('sha1').update(value).digest('base64');
}
