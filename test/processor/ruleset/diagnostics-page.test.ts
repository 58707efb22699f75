import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SOURCE = fileURLToPath(new URL('../../../src/processor/ruleset', import.meta.url));
const PAGE = readFileSync(new URL('../../../docs/diagnostics.md', import.meta.url), 'utf8');

/** Codes as they stand in the source of parsing, compiling and loading, and those of lint. */
function codesInSource(): Set<string> {
  const files = ['parse', 'compile'].flatMap((folder) =>
    readdirSync(`${SOURCE}/${folder}`).map((name) => `${folder}/${name}`),
  );
  const codes = new Set<string>();
  for (const file of [...files, 'load.ts', 'load-home.ts']) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(`${SOURCE}/${file}`, 'utf8');
    for (const [, code] of text.matchAll(
      /'((?:xml|variable|rule|decoder|group|list|addon|file|home|no|directory|ossec-conf|ossec-order)-[a-z-]+)'/g,
    ))
      codes.add(code ?? '');
  }
  for (const file of readdirSync(SOURCE)) {
    if (!file.endsWith('.ts')) continue;
    for (const [, code] of readFileSync(`${SOURCE}/${file}`, 'utf8').matchAll(/code: '([a-z-]+)'/g))
      codes.add(code ?? '');
  }
  const lint = readFileSync(new URL('../../../src/ruletools/lint/context.ts', import.meta.url), 'utf8');
  const union = /export type LintCode =([^;]*);/.exec(lint)?.[1] ?? '';
  for (const [, code] of union.matchAll(/'([a-z-]+)'/g)) codes.add(code ?? '');
  return codes;
}

test('every code is on the page, and the page has no others', () => {
  const codes = codesInSource();
  expect(codes.size).toBeGreaterThan(130);
  const listed = new Set([...PAGE.matchAll(/`([a-z]+(?:-[a-z]+)+)`/g)].map(([, code]) => code ?? ''));
  const attributes = ['id', 'level', 'maxsize', 'timeframe', 'frequency', 'accuracy', 'overwrite'].map(
    (name) => `rule-bad-${name}`,
  );
  expect([...codes].filter((code) => !listed.has(code))).toEqual([]);
  expect([...listed].filter((code) => !codes.has(code) && !attributes.includes(code))).toEqual(
    ['otel-hids'].filter((name) => listed.has(name)),
  );
});
