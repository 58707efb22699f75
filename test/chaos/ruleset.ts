import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AUDIT_NODE } from './sources/audit-log.ts';

/** Rules of one source: what each line of it may lead to. Sources share no rule, so that order within one decides all. */
export interface SourceRules {
  /** Every line. */
  base: number;
  failed: number;
  /** Four times `failed` from one address. */
  burst: number;
  /** A user that was never seen. */
  firstSeen: number;
  /** Once, then silent for a day. */
  noisy: number;
  /** The text is another than the last time. */
  changed: number;
  /** Four times any of the source's group, whoever it was. */
  crowd: number;
}

/** Longer than any run, so that the time which a fault costs never decides what a rule does. */
const SECONDS = 86_400;

export function rulesOf(index: number): SourceRules {
  const base = 110_000 + index * 100;
  return {
    base,
    failed: base + 1,
    burst: base + 2,
    firstSeen: base + 3,
    noisy: base + 4,
    changed: base + 5,
    crowd: base + 6,
  };
}

/** Whether an alert is of a rule that the load decides; health and rotation alerts come as faults do. */
export function isOwnRule(id: string): boolean {
  return /^11\d{4}$/.test(id);
}

/** Writes the decoders of all sources, once. */
export function writeDecoders(folder: string, lineSources: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  const decoders = lineSources.map(
    (name) => `<decoder name="${name}">
  <prematch>${startOf(name)}</prematch>
</decoder>
<decoder name="${name}">
  <parent>${name}</parent>
  <regex offset="after_parent">user=(\\S+) addr=(\\S+)</regex>
  <order>user, srcip</order>
  <fts>name, user</fts>
</decoder>
`,
  );
  writeFileSync(join(folder, 'chaos_decoders.xml'), decoders.join('\n'));
}

function startOf(source: string): string {
  return source === 'chaos-audit' ? `^node=${AUDIT_NODE} type=SYSCALL ` : `^${source} `;
}

export interface RulesOptions {
  lineSources: readonly string[];
  /** Alias of each command by its place among all sources. */
  commands: readonly { alias: string; index: number }[];
  /** Changes one unrelated rule, and with it the ruleset's fingerprint. */
  edition: number;
}

export function formatRules({ lineSources, commands, edition }: RulesOptions): string {
  const parts = [
    ...lineSources.map((name, index) => formatLineRules(name, rulesOf(index))),
    ...commands.map(({ alias, index }) => formatCommandRule(alias, rulesOf(index))),
    `<group name="chaos,">
  <rule id="119999" level="4">
    <if_sid>${rulesOf(0).base}</if_sid>
    <match>never seen ${edition}</match>
    <description>Edition ${edition}.</description>
  </rule>
</group>
`,
  ];
  return parts.join('\n');
}

/** Replaces the rules in one step, as an editor that is careful does. */
export function writeRules(folder: string, text: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'new'), text);
  renameSync(join(folder, 'new'), join(folder, 'chaos_rules.xml'));
}

function formatLineRules(name: string, rules: SourceRules): string {
  return `<group name="${name},">
  <rule id="${rules.base}" level="3">
    <decoded_as>${name}</decoded_as>
    <description>Line of ${name}.</description>
  </rule>
  <rule id="${rules.failed}" level="5">
    <if_sid>${rules.base}</if_sid>
    <match>failed</match>
    <description>$(dstuser) failed from $(srcip).</description>
    <group>${name}_failed,</group>
  </rule>
  <rule id="${rules.burst}" level="10" frequency="4" timeframe="${SECONDS}">
    <if_matched_sid>${rules.failed}</if_matched_sid>
    <same_source_ip />
    <description>Many failures from $(srcip).</description>
  </rule>
  <rule id="${rules.firstSeen}" level="6">
    <if_sid>${rules.base}</if_sid>
    <match>login</match>
    <if_fts />
    <description>First login of $(dstuser).</description>
    <group>${name}_first,</group>
  </rule>
  <rule id="${rules.noisy}" level="6" ignore="${SECONDS}">
    <if_sid>${rules.base}</if_sid>
    <match>noisy</match>
    <description>Noise.</description>
  </rule>
  <rule id="${rules.changed}" level="7">
    <if_sid>${rules.base}</if_sid>
    <match>state of</match>
    <check_diff />
    <description>The state changed.</description>
  </rule>
  <rule id="${rules.crowd}" level="11" frequency="4" timeframe="${SECONDS}">
    <if_matched_group>${name}_first</if_matched_group>
    <description>Many first logins.</description>
  </rule>
</group>
`;
}

function formatCommandRule(alias: string, rules: SourceRules): string {
  return `<group name="chaos_command,">
  <rule id="${rules.base}" level="7">
    <if_sid>530</if_sid>
    <match>ossec: output: '${alias}'</match>
    <check_diff />
    <description>Output of ${alias} changed.</description>
  </rule>
</group>
`;
}
