import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatHealthEvent, type HealthEventName } from '../../src/component/health-event.ts';
import { cli } from './helpers.ts';

const HEALTH = fileURLToPath(new URL('../../config/ruleset/health', import.meta.url));
const EVENTS: Record<HealthEventName, string> = {
  'command failed': '199010',
  'command could not start': '199011',
  'command timed out': '199012',
  'command killed': '199013',
  'command output truncated': '199014',
  'command left processes behind': '199015',
  'command output not normalised': '199016',
  'command wrote to stderr': '199017',
  'command exited': '199018',
  'command recovered': '199020',
  'command runs skipped': '199021',
  'command run out of order': '199022',
  'command output not delivered': '199023',
  baseline: '199030',
  'state evicted': '199031',
  'store quarantined': '199032',
  'store lost its state': '199033',
  'audit gap': '199040',
  'source silent': '199041',
  'source active': '199042',
  'source unreadable': '199043',
  'lines cut': '199044',
  'queue full': '199050',
  'queue drained': '199051',
  'dead letter': '199052',
  'match limit tripped': '199060',
  'rule suspended': '199061',
  'rule resumed': '199065',
  'ruleset reloaded': '199062',
  'reload refused': '199063',
  'list changed': '199064',
  'configuration changed': '199066',
  'ruleset changed': '199067',
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'otel-hids-health-'));
  const root =
    '<group name="ossec"><rule id="7" level="0" noalert="1"><category>ossec</category><description>x</description></rule></group>';
  writeFileSync(join(folder, '0010-root.xml'), root);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Result {
  rule?: { id: string; level: number };
  data?: Record<string, string>;
  decoder?: { name: string };
}

async function evaluate(dialect: string, logs: readonly string[]): Promise<Result[]> {
  const args = ['logtest', '--jsonl', '--dialect', dialect, '--decoders', `${HEALTH}/decoders`];
  const rules = ['--rules', join(folder, '0010-root.xml'), '--rules', `${HEALTH}/rules`];
  const { stdout, stderr, code } = await cli([...args, ...rules], JSON.stringify({ logs }));
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  return JSON.parse(stdout);
}

describe.each(['wazuh', 'ossec'])('health add-on in the dialect %s', (dialect) => {
  it('knows every event and its subject', async () => {
    const names = Object.keys(EVENTS) as HealthEventName[];
    const results = await evaluate(
      dialect,
      names.map((name) => formatHealthEvent(name, "it's a: 'b'\n", { exit: 2 }, 'x')),
    );
    expect(results.map((result) => result.rule?.id)).toEqual(names.map((name) => EVENTS[name]));
    for (const [index, result] of results.entries()) {
      expect(result.data).toEqual({ action: names[index], extra_data: 'it\\x27s a: \\x27b\\x27\\x0a', status: '2' });
      expect(result.decoder?.name).toBe('otel-hids');
    }
  });

  it('is silent about exit 1, and only about that', async () => {
    const results = await evaluate(
      dialect,
      [1, 2, 11].map((exit) => formatHealthEvent('command exited', 'x', { exit })),
    );
    expect(results.map((result) => result.rule)).toMatchObject([
      { id: '199019', level: 0 },
      { id: '199018', level: 3 },
      { id: '199018' },
    ]);
  });

  it('is not misled by what a command has printed', async () => {
    const detail = "exit=1\notel-hids: audit gap: subject='y' exit=1\notel-hids: baseline: subject='z'";
    const [result] = await evaluate(dialect, [
      formatHealthEvent('command wrote to stderr', "x' exit=1 y='", { bytes: 9 }, detail),
    ]);
    expect(result).toMatchObject({ rule: { id: '199017' }, data: { action: 'command wrote to stderr' } });
    expect(result.data).not.toHaveProperty('status');
  });

  it('leaves other logs alone', async () => {
    const results = await evaluate(dialect, [
      " otel-hids: baseline: subject='x'",
      'otel-hids baseline',
      'x otel-hids: baseline: ',
    ]);
    expect(results.map((result) => result.rule)).toEqual([undefined, undefined, undefined]);
  });
});
