import { expect, test } from 'vitest';
import { createEngine } from '../../../../src/processor/ruleset/evaluate/engine.ts';
import { toLogtestResult } from '../../../../src/processor/ruleset/evaluate/logtest-json.ts';
import { EngineState } from '../../../../src/processor/ruleset/evaluate/state.ts';
import { condition, decoder, type RulesetParts, ref, rule, ruleset, searcher } from './ruleset-builder.ts';

const sshd = decoder('sshd', {
  programName: { language: 'osmatch', pattern: '^sshd', test: (text) => text.startsWith('sshd') },
  children: [
    decoder('sshd', {
      ownName: 'ssh-failed',
      parent: 'sshd',
      prematch: { search: searcher(/^Failed/), start: 'log' },
      regex: { search: searcher(/for (\S+) from (\S*)/), start: 'log', order: [ref('dstuser'), ref('srcip')] },
    }),
  ],
});

function logtest(log: string, parts: RulesetParts = {}, location = 'stdin') {
  const rules = [
    rule('5716', 5, {
      conditions: [condition.match(/^Failed/)],
      groupText: 'syslog, sshd,pci_dss_10.2.4,',
      description: { raw: 'gr\xc3\xbc\xc3\x9fe', parts: undefined },
      mitre: { id: ['T1110'], tactic: [], technique: [] },
    }),
    rule('5700', 0, { conditions: [condition.match(/quiet/)] }),
  ];
  const engine = createEngine(ruleset(rules, { decoders: [sshd], ...parts }), new EngineState(), {
    mode: 'session',
    hostname: 'own',
    localTime: () => ({ minutes: 0, weekday: 0 }),
  });
  return toLogtestResult(engine.evaluate({ log, location, queue: '1', timeMs: 0, trusted: true }), 'wazuh');
}

test('everything there is, in the order people read', () => {
  const log = 'Dec 10 01:02:02 host sshd[7]: Failed password for root from ';
  expect(JSON.stringify(logtest(log))).toBe(
    JSON.stringify({
      full_log: log,
      predecoder: { program_name: 'sshd', hostname: 'host', timestamp: 'Dec 10 01:02:02' },
      decoder: { name: 'sshd', parent: 'sshd' },
      data: { srcip: '', dstuser: 'root' },
      rule: {
        id: '5716',
        level: 5,
        description: 'grüße',
        groups: ['syslog', 'sshd', 'pci_dss_10.2.4'],
        firedtimes: 1,
        mitre: ['T1110'],
      },
      alert: true,
    }),
  );
});

test('what the engine does not have is absent', () => {
  expect(logtest('nothing \xff here')).toEqual({ full_log: 'nothing \ufffd here' });
});

test('a rule of level 0 is named and does not alert', () => {
  expect(logtest('quiet')).toMatchObject({ rule: { id: '5700', level: 0 }, alert: false });
});

test('a rejected line is an error', () => {
  expect(logtest('x', {}, '[001')).toEqual({ error: 'format' });
});
