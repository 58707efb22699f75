import type { Alert, AlertRule } from '../../../pdata/alert.ts';
import { bytesToText } from '../bytes.ts';
import type { Rule, Ruleset } from '../compile/ruleset.ts';
import { listFields, type Verdict } from '../evaluate/verdict.ts';
import type { HostIdentity } from '../identity.ts';
import { unifiedDelta } from './delta.ts';
import { textsOf } from './rule-texts.ts';
import { alertUid } from './uid.ts';

/** Everything the engine decided, as text for people and exporters; nothing is cut here. */
export function buildAlert(verdict: Verdict, ruleset: Ruleset, host: HostIdentity, eventIdentity: string): Alert {
  const { event, rule } = verdict;
  const previousLog = optionalText(event.previousLog);
  const log = bytesToText(event.log);
  const decoder = event.decoderName === undefined ? undefined : describeDecoder(verdict);
  return {
    time: event.timeMs,
    uid: alertUid(eventIdentity, rule?.id ?? '', ruleset.fingerprint),
    agent: { id: host.shownAgentId, name: host.name },
    hostname: bytesToText(event.hostname),
    location: bytesToText(event.location),
    fullLog: bytesToText(event.fullLog),
    predecoder: {
      programName: optionalText(event.programName),
      timestamp: optionalText(event.timestamp),
      hostname: event.hostnameKnown ? bytesToText(event.hostname) : undefined,
    },
    data: listFields(event, ruleset.dialect).map(([name, value]) => [bytesToText(name), bytesToText(value)] as const),
    previousOutput: event.previous.map(bytesToText),
    ...(rule && { rule: describeRule(rule, verdict) }),
    ...(decoder && { decoder }),
    ...(previousLog !== undefined && { previousLog, delta: unifiedDelta(previousLog, log) }),
  };
}

function describeDecoder({ event }: Verdict): Alert['decoder'] {
  const { decoder } = event;
  return {
    name: bytesToText(event.decoderName ?? ''),
    parent: optionalText(event.decoderParent),
    ftsComment: optionalText(decoder?.ftsComment),
    ...(event.accumulated && { accumulate: true }),
  };
}

function describeRule(rule: Rule, verdict: Verdict): AlertRule {
  return {
    ...textsOf(rule),
    description: bytesToText(verdict.description),
    firedtimes: rule.options.noCounter ? undefined : verdict.firedtimes,
  };
}

function optionalText(bytes: string | undefined): string | undefined {
  return bytes === undefined ? undefined : bytesToText(bytes);
}
