import { formatWazuhJson } from '../../src/exporter/file/wazuh-json.ts';
import { buildAlert } from '../../src/processor/ruleset/alert/build.ts';
import { textToBytes } from '../../src/processor/ruleset/bytes.ts';
import type { Ruleset } from '../../src/processor/ruleset/compile/ruleset.ts';
import { createEngine } from '../../src/processor/ruleset/evaluate/engine.ts';
import { EngineState } from '../../src/processor/ruleset/evaluate/state.ts';
import type { HostIdentity } from '../../src/processor/ruleset/identity.ts';

export interface LiveEvent {
  readonly log: string;
  readonly timeMs: number;
  /** Id and name; the manager's own host where absent. */
  readonly agent?: readonly [id: string, name: string];
  readonly location?: string;
  readonly queue?: string;
}

export interface Recording {
  readonly archives: string[];
  readonly alerts: string[];
}

/** What a manager with this ruleset would have written into archives.json and alerts.json. */
export function record(ruleset: Ruleset, events: readonly LiveEvent[]): Recording {
  const engine = createEngine(ruleset, new EngineState(), {
    mode: 'live',
    hostname: 'manager',
    localTime: (timeMs) => {
      const date = new Date(timeMs);
      return { minutes: date.getHours() * 60 + date.getMinutes(), weekday: date.getDay() };
    },
  });
  const recording: Recording = { archives: [], alerts: [] };
  for (const [index, { log, timeMs, agent, location = '/var/log/syslog', queue = '1' }] of events.entries()) {
    const raw = agent ? `[${agent[0]}] (${agent[1]}) any->${location}` : location;
    const verdict = engine.evaluate({ log: textToBytes(log), location: raw, queue, timeMs, trusted: true });
    if (verdict.dropped) continue;
    const host = { shownAgentId: agent?.[0] ?? '000', name: agent?.[1] ?? 'manager' } as HostIdentity;
    const alert = buildAlert(verdict, ruleset, host, String(index));
    const { rule, ...without } = alert;
    const archived = rule && rule.level > 0 ? { ...alert, rule: { ...rule, noFullLog: false } } : without;
    recording.archives.push(formatWazuhJson(archived, index, 'manager').trimEnd());
    if (verdict.logged) recording.alerts.push(formatWazuhJson(alert, index, 'manager').trimEnd());
  }
  return recording;
}
