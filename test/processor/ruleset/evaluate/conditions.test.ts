import { describe, expect, test } from 'vitest';
import type { Dialect, ListLookup, TextSource } from '../../../../src/processor/ruleset/compile/ruleset.ts';
import { holdsCompiledRule } from '../../../../src/processor/ruleset/evaluate/conditions/compiled-rules.ts';
import { askList } from '../../../../src/processor/ruleset/evaluate/conditions/list-lookup.ts';
import {
  type ConditionContext,
  holds,
  type PureCondition,
} from '../../../../src/processor/ruleset/evaluate/conditions.ts';
import { Event } from '../../../../src/processor/ruleset/evaluate/event.ts';
import { LimitLog } from '../../../../src/processor/ruleset/evaluate/match.ts';
import { matcher, ruleset } from './ruleset-builder.ts';

const span = { file: 'test.xml', line: 1, column: 1, offset: 0 };

function context(dialect: Dialect = 'wazuh', minutes = 0, weekday = 0): ConditionContext {
  return { ruleset: ruleset([], { dialect }), limits: new LimitLog(), localTime: () => ({ minutes, weekday }) };
}

function eventOf(fields: Record<string, string> = {}, log = 'the log'): Event {
  const event = new Event(0, log, '/location');
  event.hostname = 'host';
  event.programName = 'sshd';
  event.size = log.length;
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'dyn') event.addDynamic(name, value);
    else event.setStatic(name as 'srcip', value);
  }
  return event;
}

describe('text', () => {
  const text = (source: TextSource, pattern: RegExp, negate = false): PureCondition => ({
    kind: 'text',
    element: source,
    source,
    matcher: matcher(pattern),
    negate,
    span,
  });

  test.each<[source: TextSource, pattern: RegExp, negate: boolean, fields: Record<string, string>, result: boolean]>([
    ['log', /log/, false, {}, true],
    ['program_name', /^sshd$/, false, {}, true],
    ['location', /^\/loc/, false, {}, true],
    ['hostname', /^host$/, true, {}, false],
    ['user', /^a$/, false, { dstuser: 'a', srcuser: 'b' }, true],
    ['user', /^b$/, false, { srcuser: 'b' }, true],
    ['user', /^a$/, true, {}, false],
    ['id', /^7$/, true, { id: '8' }, true],
    ['id', /^7$/, true, {}, false],
    ['id', /^$/, false, { id: '' }, true],
  ])('%s %s negate %s on %j: %s', (source, pattern, negate, fields, result) => {
    expect(holds(text(source, pattern, negate), eventOf(fields), context(), '1')).toBe(result);
  });
});

describe('time', () => {
  const range = (from: number, to: number, negate: boolean): PureCondition => ({
    kind: 'time',
    range: { from, to, negate },
    span,
  });

  test.each([
    [range(480, 600, false), 480, true],
    [range(480, 600, false), 600, true],
    [range(480, 600, false), 601, false],
    [range(510, 1080, true), 1080, false],
    [range(510, 1080, true), 1081, true],
  ])('%j at minute %d', (condition, minutes, result) => {
    expect(holds(condition, eventOf(), context('wazuh', minutes), '1')).toBe(result);
  });

  test('weekday counts from Sunday', () => {
    const days = [true, false, false, false, false, false, true];
    const condition: PureCondition = { kind: 'weekday', days, span };
    const results = [0, 1, 6].map((day) => holds(condition, eventOf(), context('wazuh', 0, day), '1'));
    expect(results).toEqual([true, false, true]);
  });
});

test('maxsize is a minimum', () => {
  const condition: PureCondition = { kind: 'maxsize', bytes: 7, span };
  expect([6, 7, 8].map((size) => holds(condition, eventOf({}, 'x'.repeat(size)), context(), '1'))).toEqual([
    false,
    true,
    true,
  ]);
});

describe('address', () => {
  const condition = (negate: boolean): PureCondition => ({
    kind: 'address',
    element: 'srcip',
    matcher: { test: (text) => (text === 'junk' ? undefined : text === '1.1.1.1') },
    negate,
    span,
  });

  test.each<[dialect: Dialect, negate: boolean, srcip: string | undefined, result: boolean]>([
    ['wazuh', false, '1.1.1.1', true],
    ['wazuh', true, '1.1.1.1', false],
    ['wazuh', true, 'junk', true],
    ['ossec', true, 'junk', false],
    ['wazuh', false, 'junk', false],
    ['wazuh', true, undefined, false],
  ])('%s negate %s on %s: %s', (dialect, negate, srcip, result) => {
    const event = eventOf(srcip === undefined ? {} : { srcip });
    expect(holds(condition(negate), event, context(dialect), '1')).toBe(result);
  });
});

describe('compiled rules', () => {
  test.each<
    [name: Parameters<typeof holdsCompiledRule>[0], fields: Record<string, string>, log: string, result: boolean]
  >([
    ['comp_srcuser_dstuser', { srcuser: 'a', dstuser: 'a' }, '', true],
    ['comp_srcuser_dstuser', { srcuser: 'a', dstuser: 'b' }, '', false],
    ['comp_srcuser_dstuser', { srcuser: 'a' }, '', true],
    ['check_id_size', { id: '1234567890' }, '', true],
    ['check_id_size', { id: '123456789' }, '', false],
    ['is_simple_http_request', { url: '/' }, '', true],
    ['is_simple_http_request', { url: '/a?b' }, '', false],
    ['is_simple_http_request', {}, '', false],
    ['is_valid_crawler', {}, '66.249.1.1 - -', true],
    ['is_valid_crawler', {}, '1.2.3.4 - -', false],
    ['comp_mswin_targetuser_calleruser_diff', {}, 'Target Account Name: a\t Caller User Name: b\t', true],
    ['comp_mswin_targetuser_calleruser_diff', {}, 'Target Account Name: a\t Caller User Name: a\t', false],
    ['comp_mswin_targetuser_calleruser_diff', {}, 'Target Account Name: a', false],
  ])('%s %j %j: %s', (name, fields, log, result) => {
    expect(holdsCompiledRule(name, eventOf(fields, log), 'wazuh')).toBe(result);
  });

  test('OSSEC knows the method of a simple request, and Google only by name', () => {
    expect(holdsCompiledRule('is_simple_http_request', eventOf({ url: '/', action: 'POST' }), 'ossec')).toBe(false);
    expect(holdsCompiledRule('is_simple_http_request', eventOf({ url: '/', action: 'get' }), 'ossec')).toBe(true);
    expect(holdsCompiledRule('is_valid_crawler', eventOf({}, '66.249.1.1 - -'), 'ossec')).toBe(false);
  });
});

describe('lists', () => {
  const entries = new Map([
    ['bob', 'admin'],
    ['10.0.0.', 'net'],
    ['10.0.', 'wide'],
  ]);
  const list = { name: 'l', get: (key: string) => entries.get(key) };
  const ask = (lookup: ListLookup, key: string, value: RegExp | undefined, strict: boolean) =>
    askList({ list, lookup, checkValue: value && matcher(value) }, key, strict, new LimitLog(), '1');

  test.each<[lookup: ListLookup, key: string, value: RegExp | undefined, result: boolean]>([
    ['match_key', 'bob', undefined, true],
    ['match_key', 'Bob', undefined, false],
    ['not_match_key', 'eve', undefined, true],
    ['match_key_value', 'bob', /adm/, true],
    ['match_key_value', 'bob', /root/, false],
    ['match_key_value', 'bob', undefined, false],
    ['address_match_key', '10.0.0.7', undefined, true],
    ['address_match_key', '10.0.9.9', undefined, true],
    ['address_match_key', '10.1.0.1', undefined, false],
    ['address_match_key', '.', undefined, false],
    ['not_address_match_key', '10.0.0.7', undefined, false],
    ['not_address_match_key', '::1', undefined, true],
  ])('%s %s %s: %s', (lookup, key, value, result) => {
    expect(ask(lookup, key, value, true)).toBe(result);
    expect(ask(lookup, key, value, false)).toBe(result);
  });

  test('the value of the longest prefix decides; strict has it the wrong way round', () => {
    expect(ask('address_match_key_value', '10.0.0.7', /^net$/, false)).toBe(true);
    expect(ask('address_match_key_value', '10.0.0.7', /^wide$/, false)).toBe(false);
    expect(ask('address_match_key_value', '10.0.0.7', /^net$/, true)).toBe(false);
    expect(ask('address_match_key_value', '9.9.9.9', /x/, true)).toBe(true);
  });

  test('an IPv4-mapped address is found unless strict', () => {
    expect(ask('address_match_key', '::ffff:10.0.0.7', undefined, false)).toBe(true);
    expect(ask('address_match_key', '::ffff:10.0.0.7', undefined, true)).toBe(false);
  });
});
