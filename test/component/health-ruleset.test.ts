import { readFileSync } from 'node:fs';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';

const folder = new URL('../../config/ruleset/health/', import.meta.url);
const rulesText = readFileSync(new URL('rules/0999-otel-hids_health_rules.xml', folder), 'utf8');
const decodersText = readFileSync(new URL('decoders/0001-otel-hids_decoders.xml', folder), 'utf8');
const readme = readFileSync(new URL('README.md', folder), 'utf8');
const source = readFileSync(new URL('../../src/component/health-event.ts', import.meta.url), 'utf8');

interface RuleXml {
  '@_id': string;
  '@_level': string;
  match?: string;
  description: string;
}

const parser = new XMLParser({ ignoreAttributes: false, trimValues: false });
const rules: RuleXml[] = parser.parse(rulesText).group.rule;
const names = [...source.matchAll(/^ {2}\| '([^']+)'/gm)].map((match) => match[1]);

describe('health add-on', () => {
  it('is well-formed', () => {
    expect(XMLValidator.validate(rulesText)).toBe(true);
    expect(decodersText).not.toContain('pcre2');
  });

  it('has one rule for each event, reading only the start of the text', () => {
    const matches = rules.flatMap((rule) => rule.match ?? []);
    expect(matches.toSorted()).toEqual(names.map((name) => `^otel-hids: ${name}: `).toSorted());
  });

  it('keeps to its ids and to what both dialects know', () => {
    const ids = rules.map((rule) => Number(rule['@_id']));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => id >= 199_000 && id <= 199_999)).toBe(true);
    expect(rules.every((rule) => !rule.description.includes('$('))).toBe(true);
  });

  it('has a README whose table says the same', () => {
    for (const rule of rules) {
      const name = /^\^otel-hids: (.*): $/.exec(rule.match ?? '')?.[1];
      if (name === undefined) continue;
      expect(readme).toMatch(new RegExp(`^\\| \`${name}\` \\| ${rule['@_id']}\\b[^|]*\\| ${rule['@_level']}\\b`, 'm'));
    }
  });
});
