/**
 * What the ruleset decided about one event, in Wazuh's own words and complete: nothing here is cut.
 * Texts are Unicode (the engine's bytes decoded as UTF-8).
 */
export interface Alert {
  /** Epoch milliseconds at which the engine decided. */
  time: number;
  /** Deterministic: same event identity, rule and ruleset give the same uid. */
  uid: string;
  /** Absent where no rule won (records that are only annotated). */
  rule?: AlertRule;
  agent: { id: string; name: string; ip?: string };
  /** `hostname` the engine used: agent name, header host or own host. */
  hostname: string;
  location: string;
  fullLog: string;
  predecoder: { programName?: string; timestamp?: string; hostname?: string };
  decoder?: { name: string; parent?: string; ftsComment?: string; accumulate?: boolean };
  /** Static then dynamic fields in the engine's order; the first of a repeated name counts. */
  data: ReadonlyArray<readonly [name: string, value: string]>;
  /** Lines shown after the log: earlier events of a correlation newest first, or `Previous output:` and the old text. */
  previousOutput: readonly string[];
  /** Old text of a `check_diff` rule. */
  previousLog?: string;
  /** Unified difference between `previousLog` and the log. */
  delta?: string;
}

export interface AlertRule {
  id: string;
  level: number;
  description: string;
  /** The description as written, with its `$(field)` marks. */
  rawDescription: string;
  /** Group text as the engine holds it: `syslog,sshd,`. */
  groupText: string;
  groups: readonly string[];
  /** Compliance tags cut out of the groups by prefix: `pci_dss`, `gdpr`, ... */
  compliance: ReadonlyMap<string, readonly string[]>;
  mitre?: { id: readonly string[]; tactic: readonly string[]; technique: readonly string[] };
  firedtimes?: number;
  /** Attribute value; only for rules with a history search. */
  frequency?: number;
  mail: boolean;
  cve?: string;
  info?: string;
  /** Base name of the file that holds the rule. */
  file: string;
  noFullLog: boolean;
}
