import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RulesetOptions } from '../../../src/processor/ruleset/load.ts';

/** Rulesets of any size, of our own: programs, each with a decoder, and kinds of messages, each with a rule. */
const ROOT = 100_000;
const RULES_OF_ONE = 25;
/** What every ruleset needs: the root of its category, and a decoder for lines without a program. */
const CATEGORY = '<rule id="1" level="0" noalert="1"><category>syslog</category><description>all</description></rule>';
const OTHER = '<decoder name="other"><prematch>^other: </prematch></decoder>';

/** So many rules, 25 for each program. */
export function writePrograms(folder: string, rules: number): RulesetOptions & { programs: number } {
  const programs = Math.max(1, Math.round(rules / RULES_OF_ONE));
  const all = Array.from({ length: programs }, (_, index) => index);
  const options = write(folder, all.map(programDecoder), [
    all.flatMap((index) => [
      rootRule(ROOT + index * RULES_OF_ONE, `app${index}`),
      ...kindRules(ROOT + index * RULES_OF_ONE, RULES_OF_ONE - 1),
    ]),
  ]);
  return { ...options, programs };
}

/** So many rules below one. */
export function writeSiblings(folder: string, rules: number): RulesetOptions {
  return write(folder, [programDecoder(0)], [[rootRule(ROOT, 'app0'), ...kindRules(ROOT, rules)]]);
}

/** One rule that looks a source up in a list. */
export function writeListRule(folder: string, list: string): RulesetOptions {
  const rule = `<rule id="${ROOT + 1}" level="3"><if_sid>${ROOT}</if_sid><list field="srcip" lookup="address_match_key">etc/lists/large</list><description>listed</description></rule>`;
  return {
    ...write(folder, [programDecoder(0)], [[rootRule(ROOT, 'app0'), rule]]),
    lists: { 'etc/lists/large': list },
  };
}

/** One rule that counts events of one source. */
export function writeWindowRule(folder: string): RulesetOptions {
  const seen = `<rule id="${ROOT + 1}" level="3"><if_sid>${ROOT}</if_sid><match>kind-0 </match><description>seen</description></rule>`;
  const window = `<rule id="${ROOT + 2}" level="10" frequency="12" timeframe="99999"><if_matched_sid>${ROOT + 1}</if_matched_sid><same_source_ip/><description>often</description></rule>`;
  return write(folder, [programDecoder(0)], [[rootRule(ROOT, 'app0'), seen, window]]);
}

function programDecoder(index: number): string {
  return (
    `<decoder name="app${index}"><program_name>^app${index}$</program_name></decoder>\n` +
    `<decoder name="app${index}-source"><parent>app${index}</parent><regex>user (\\S+) from (\\S+)</regex><order>dstuser, srcip</order></decoder>`
  );
}

function rootRule(id: number, program: string): string {
  return `<rule id="${id}" level="0"><decoded_as>${program}</decoded_as><description>${program}</description></rule>`;
}

function kindRules(parent: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const id = parent + 1 + index;
    return `<rule id="${id}" level="3"><if_sid>${parent}</if_sid><match>kind-${index} </match><description>kind ${index}</description></rule>`;
  });
}

function write(folder: string, decoders: readonly string[], groups: readonly (readonly string[])[]): RulesetOptions {
  const decoderFile = join(folder, 'decoders.xml');
  const ruleFile = join(folder, 'rules.xml');
  writeFileSync(decoderFile, [...decoders, OTHER].join('\n'));
  writeFileSync(
    ruleFile,
    [[CATEGORY], ...groups].map((rules) => `<group name="bench,">\n${rules.join('\n')}\n</group>\n`).join(''),
  );
  return { decoders: [decoderFile], rules: [ruleFile] };
}
