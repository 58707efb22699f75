import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Dialect } from '../../../../src/processor/ruleset/compile/ruleset.ts';
import { Event } from '../../../../src/processor/ruleset/evaluate/event.ts';
import { readLocation } from '../../../../src/processor/ruleset/evaluate/location.ts';
import { predecodeLog } from '../../../../src/processor/ruleset/evaluate/predecode.ts';

function predecode(log: string, dialect: Dialect = 'wazuh') {
  const event = new Event(0, log, 'x');
  predecodeLog(event, dialect);
  const host = event.hostnameKnown ? event.hostname : undefined;
  return [event.timestamp, host, event.programName, event.log];
}

type Row = [log: string, timestamp: string | undefined, host?: string, program?: string, rest?: string];

describe('header', () => {
  test.each<Row>([
    ['Dec 29 10:00:01 box sshd[12]: hi', 'Dec 29 10:00:01', 'box', 'sshd', 'hi'],
    ['Dec 29 10:00:01  box sshd: hi', 'Dec 29 10:00:01', 'box', 'sshd', 'hi'],
    ['Dec 29 10:00:01 box sshd:hi', 'Dec 29 10:00:01', 'box', 'sshd', 'hi'],
    ['Dec 29 10:00:01 sshd: hi', 'Dec 29 10:00:01', undefined, 'sshd', 'hi'],
    ['Dec 29 10:00:01 box my app: hi', 'Dec 29 10:00:01', 'box', undefined, 'my app: hi'],
    ['Dec 29 10:00:01 box app[x]: hi', 'Dec 29 10:00:01', 'box', undefined, 'app[x]: hi'],
    ['Dec 29 10:00:01 fe80::1 app: hi', 'Dec 29 10:00:01', undefined, undefined, 'fe80::1 app: hi'],
    ['Dec 29 10:00:01 box AUTH:INFO sshd[2]: x', 'Dec 29 10:00:01', 'box', 'AUTH', 'INFO sshd[2]: x'],
    ['Dec 29 10:00:01 box app[1]: [ID 7 a.b] hi', 'Dec 29 10:00:01', 'box', 'app', 'hi'],
    ['Dec 29 10:00:01 box auth|security:info app[1]:x', 'Dec 29 10:00:01', 'box', 'app', 'auth|security:info app'],
    ['2022-12-19T15:02:53.288+00:00 box app: hi', '2022-12-19T15:02:53.288+00:00', 'box', 'app', 'hi'],
    ['[Fri Feb 11 18:06:35 2004] x', 'Fri Feb 11 18:06:35 2004', undefined, undefined, 'x'],
    ['short', undefined, undefined, undefined, 'short'],
  ])('%s', (log, timestamp, host, program, rest) => {
    expect(predecode(log)).toEqual([timestamp, host, program, rest]);
  });

  test('the ossec dialect wants blanks and knows a colon date', () => {
    expect(predecode('Dec 29 10:00:01 box sshd:hi', 'ossec')[2]).toBeUndefined();
    expect(predecode('2026:01:05-12:00:00 box app[1]: hi', 'ossec')).toEqual([
      '2026:01:05-12:00:00',
      'box',
      'app',
      'hi',
    ]);
  });

  test('never throws, and only cuts', () => {
    const unit = fc.constantFrom(...'0129 :.-,[]TM()|/a\xc3\xa4Z');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), fc.constantFrom<Dialect>('wazuh', 'ossec'), (log, dialect) => {
        const event = new Event(0, log, 'x');
        predecodeLog(event, dialect);
        expect(log).toContain(event.log);
      }),
    );
  });
});

test.each<[location: string, agent: string, rest: string, host: string]>([
  ['[015] (web01) any->/var/log/x', '015', '(web01) any->/var/log/x', 'web01'],
  ['[015]', '015', '', ''],
  ['[015] foo->x', '015', 'foo->x', ''],
  ['[015] (web', '015', '(web', ''],
])('location %s', (location, agent, rest, host) => {
  const event = new Event(0, 'x', location);
  expect(readLocation(event, 'wazuh')).toBe(true);
  expect([event.agentId, event.location, event.hostname]).toEqual([agent, rest, host]);
});

test('a location without its closing bracket is refused', () => {
  expect(readLocation(new Event(0, 'x', '[015'), 'wazuh')).toBe(false);
});
