/** Why an event led to another alert here than it did there. */
export type ReasonCode =
  | 'not-in-archive'
  | 'not-replayable'
  | 'no-log'
  | 'window-before-recording'
  | 'state-before-recording'
  | 'outside-alerts-file'
  | 'unknown-rule'
  | 'other-decoder'
  | 'below-alert-level'
  | 'ignored-here'
  | 'dropped-here'
  | 'window'
  | 'condition-failed'
  | 'other-rule-first'
  | 'in-place-of'
  | 'recorded-without-alert'
  | 'new-rule'
  | 'unexplained';

/** Reasons that lie in what was recorded, not in rules or engine: nothing is wrong. */
export const EXCUSED: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'not-in-archive',
  'not-replayable',
  'no-log',
  'window-before-recording',
  'state-before-recording',
  'outside-alerts-file',
]);

export const REASONS: Readonly<Record<ReasonCode, string>> = {
  'not-in-archive': 'the archives do not hold the event of this alert',
  'not-replayable': 'an internal decoder of the manager made this event, which is not built here',
  'no-log': 'the line holds no log to replay',
  'window-before-recording': 'the rule counts events from before the recording began',
  'state-before-recording': 'the rule depends on what was seen before the recording began',
  'outside-alerts-file': 'the event is older or newer than what the alerts cover',
  'unknown-rule': 'this ruleset does not have the rule',
  'other-decoder': 'another decoder takes the log here',
  'below-alert-level': 'the rule matches here too, but does not alert',
  'ignored-here': 'the rule matches here too, but its ignore time is not over',
  'dropped-here': 'the event does not reach the rules here',
  window: 'fewer events fit the window here',
  'condition-failed': 'a condition of the rule does not hold here',
  'other-rule-first': 'another rule decides here before this one is asked',
  'in-place-of': 'it alerts here in the place of another rule',
  'recorded-without-alert': 'the manager decided the same, but its alert is not in the alerts',
  'new-rule': 'the recording never names this rule: the manager may not have it',
  unexplained: 'no explanation was found',
};

export interface Difference {
  readonly ruleId: string;
  readonly kind: 'missing' | 'extra';
  readonly code: ReasonCode;
  readonly detail: string | undefined;
  /** `archives line 12`. */
  readonly place: string;
  readonly log: string | undefined;
}

export interface RuleTally {
  recorded: number;
  ours: number;
  same: number;
  missing: number;
  extra: number;
}

export interface Group {
  readonly ruleId: string;
  readonly kind: Difference['kind'];
  code: ReasonCode;
  count: number;
  /** The first few. */
  readonly examples: Difference[];
}
