import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type CompileResult, compileRuleset } from '../../../../src/processor/ruleset/compile/compile.ts';
import type { Decoder, Rule, Ruleset } from '../../../../src/processor/ruleset/compile/ruleset.ts';
import { loadRuleset } from '../../../../src/processor/ruleset/load.ts';
import { type DecoderNode, type MiniCase, readMiniCases, type TreeNode, toSource } from './mini-cases.ts';
import { type OssecCase, readOssecCases, toSource as toOssecSource } from './ossec-cases.ts';

const CONFORMANCE = fileURLToPath(new URL('../../../../../shared/conformance', import.meta.url));
const hasConformance = existsSync(CONFORMANCE);
if (!hasConformance) console.log('conformance of loading: skipped, ../shared/conformance is not there');

function verdictOf({ ruleset, diagnostics }: CompileResult): MiniCase['expect_load'] {
  if (ruleset === undefined) return 'fatal';
  return diagnostics.some(({ severity }) => severity === 'warning' || severity === 'error') ? 'warning' : 'ok';
}

/** Compares all cases, prints how many are right, and shows the wrong ones. */
function compareAll<Case extends { id: string }>(
  what: string,
  cases: readonly Case[],
  compare: (value: Case) => readonly [got: unknown, wanted: unknown],
): void {
  const wrong: unknown[] = [];
  for (const value of cases) {
    const [got, wanted] = compare(value);
    if (JSON.stringify(got) !== JSON.stringify(wanted)) wrong.push({ id: value.id, got, wanted });
  }
  console.log(`${what}: ${cases.length - wrong.length} of ${cases.length}`);
  expect(wrong).toEqual([]);
}

/**
 * The original makes a node for every place of a rule, and gives children only to the first place in a row of siblings: what
 * hangs below a later place of the same rule is never reached, since the first one was tried before. Such places are cut.
 */
function cut(nodes: readonly TreeNode[], tried: ReadonlySet<number> = new Set()): TreeNode[] {
  const known = new Set(tried);
  const kept: TreeNode[] = [];
  for (const [id, level, children] of nodes) {
    if (known.has(id)) continue;
    const below = cut(children ?? [], known);
    kept.push(below.length > 0 ? [id, level, below] : [id, level]);
    known.add(id);
  }
  return kept;
}

function toTree(rule: Rule): TreeNode {
  return [Number(rule.id), rule.level, rule.children.map(toTree)];
}

function toDecoderNode(decoder: Decoder): DecoderNode {
  const children = decoder.children.map(toDecoderNode);
  return children.length > 0 ? [decoder.name, decoder.getNext, children] : [decoder.name, decoder.getNext];
}

describe.skipIf(!hasConformance)('loading as Wazuh 4.14.7 does', () => {
  // The configuration of these few names directories; load.test.ts lays them out as an installation.
  const cases = (readMiniCases() ?? []).filter((mini) => mini.config?.ruleset === undefined);
  const results = new Map(cases.map((mini) => [mini, compileRuleset(toSource(mini))] as const));
  const rulesetOf = (mini: MiniCase): Ruleset | undefined => results.get(mini)?.ruleset;

  test('verdicts', () => {
    compareAll('mini: verdicts', cases, (mini) => {
      const result = results.get(mini);
      return [result && verdictOf(result), mini.expect_load];
    });
  });

  test('rules that are loaded', () => {
    const given = cases.filter((mini) => mini.rules_loaded !== undefined);
    compareAll('mini: rules loaded', given, (mini) => {
      const ids = [...(rulesetOf(mini)?.rules.keys() ?? [])].map(Number).filter((id) => id < 1 || id > 7);
      return [ids.sort((a, b) => a - b), [...(mini.rules_loaded ?? [])].sort((a, b) => a - b)];
    });
  });

  test('trees', () => {
    const given = cases.filter((mini) => mini.tree !== undefined);
    compareAll('mini: trees', given, (mini) => [cut(rulesetOf(mini)?.roots.map(toTree) ?? []), cut(mini.tree ?? [])]);
  });

  test('decoders', () => {
    const given = cases.filter((mini) => mini.decoders !== undefined);
    compareAll('mini: decoders', given, (mini) => {
      const decoders = rulesetOf(mini)?.decoders;
      return [
        { P: decoders?.withProgram.map(toDecoderNode), N: decoders?.withoutProgram.map(toDecoderNode) },
        mini.decoders,
      ];
    });
  });

  test('the stock ruleset, as an installation', async () => {
    const { ruleset, diagnostics, files } = await loadRuleset({ wazuh_home: `${CONFORMANCE}/wazuh-4.14.7/home` });
    expect(diagnostics.filter(({ severity }) => severity !== 'info')).toEqual([]);
    const rules = `${CONFORMANCE}/wazuh-4.14.7/home/ruleset/rules`;
    const ids = readdirSync(rules)
      .filter((name) => name !== '0215-policy_rules.xml')
      .flatMap((name) =>
        [
          ...readFileSync(`${rules}/${name}`, 'latin1')
            .replace(/<!--[\s\S]*?-->/g, '')
            .matchAll(/<rule\s[^>]*?id="(\d+)"/g),
        ].map(([, id]) => Number(id)),
      );
    expect([...(ruleset?.rules.keys() ?? [])].map(Number).sort((a, b) => a - b)).toEqual(ids.sort((a, b) => a - b));
    expect(files).toHaveLength(120 + 167 + 7);
    console.log(`stock Wazuh: ${ruleset?.rules.size} rules of ${ids.length}`);
  });
});

describe.skipIf(!hasConformance)('loading as OSSEC 4.3.0 does', () => {
  test('verdicts', () => {
    const cases: readonly OssecCase[] = readOssecCases() ?? [];
    compareAll('ossec: verdicts', cases, (ossec) => {
      const fatal = compileRuleset(toOssecSource(ossec)).ruleset === undefined;
      return [fatal, ossec.expect_load === 'fatal'];
    });
  });

  test('the stock ruleset, in its own order', async () => {
    const home = `${CONFORMANCE}/ossec-4.3.0/home`;
    const order = readFileSync(`${home}/rule-order.txt`, 'utf8').split(/\s+/).filter(Boolean);
    const { ruleset, diagnostics } = await loadRuleset({
      dialect: 'ossec',
      decoders: [`${home}/etc/decoder.xml`],
      rules: order.map((name) => `${home}/etc/rules/${name}`),
    });
    expect(diagnostics.filter(({ severity }) => severity !== 'info')).toEqual([]);
    expect(ruleset?.rules.size).toBeGreaterThan(1290);
    console.log(`stock OSSEC: ${ruleset?.rules.size} rules`);
  });
});
