import { printableLine } from '../pdata/printable.ts';

/** Value of `hids.location` of all health events. */
export const HEALTH_LOCATION = 'otel-hids';

/** What happened, as the rules of `config/ruleset/health` know it; the list is that folder's README. */
export type HealthEventName =
  | 'command failed'
  | 'command could not start'
  | 'command timed out'
  | 'command killed'
  | 'command output truncated'
  | 'command left processes behind'
  | 'command output not normalised'
  | 'command output not delivered'
  | 'command wrote to stderr'
  | 'command exited'
  | 'command recovered'
  | 'command runs skipped'
  | 'command run out of order'
  | 'baseline'
  | 'audit gap'
  | 'queue full'
  | 'queue drained'
  | 'source silent'
  | 'source active'
  | 'source unreadable'
  | 'lines cut'
  | 'match limit tripped'
  | 'rule suspended'
  | 'rule resumed'
  | 'dead letter'
  | 'store quarantined'
  | 'store lost its state'
  | 'ruleset reloaded'
  | 'ruleset changed'
  | 'reload refused'
  | 'list changed'
  | 'configuration changed'
  | 'state evicted';

/** What a component tells the rules about itself; see `Host.reportHealth`. */
export interface HealthEvent {
  readonly name: HealthEventName;
  /** What it is about: a path, a component's id, a host. */
  readonly subject: string;
  readonly fields?: Readonly<Record<string, string | number | undefined>>;
  /** Numbers that add up where several events of one name and subject become one. */
  readonly totals?: Readonly<Record<string, number>>;
  /** For people; rules do not read it. */
  readonly detail?: string;
}

/**
 * Body of a health event: `otel-hids: NAME: subject='...' key=value key='quoted value'`, and below it the detail, if any.
 * The subject (alias, path, rule id ...) always comes first and is always quoted. Fields that are undefined are left out.
 * Quoted text holds no quote and no control character (`\x27`), so that neither decoders nor terminals can be misled;
 * the detail comes last, for people, and no rule of ours reads it.
 */
export function formatHealthEvent(
  name: HealthEventName,
  subject: string,
  fields: Readonly<Record<string, string | number | undefined>> = {},
  detail = '',
): string {
  let text = `otel-hids: ${name}: subject=${quote(subject)}`;
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    text += ` ${key}=${typeof value === 'number' || /^[\w.:/@+-]+$/.test(value) ? value : quote(value)}`;
  }
  return detail === '' ? text : `${text}\n${detail}`;
}

function quote(text: string): string {
  const escaped = text.replace(/[\\']/g, (character) => (character === "'" ? '\\x27' : '\\\\'));
  return `'${printableLine(escaped).replaceAll('\t', '\\x09')}'`;
}
