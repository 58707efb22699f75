import { describe, expect, it } from 'vitest';
import { rulesetConfigSchema } from '../../../src/processor/ruleset/config.ts';
import { createIdentifier, parseClientKeys } from '../../../src/processor/ruleset/identity.ts';

const LOCAL = { name: 'manager', id: 'machine-1' };

function identify(attributes: Record<string, string>, identity: object = {}) {
  const config = rulesetConfigSchema.parse({ identity }).identity;
  const agents = new Map([['web02', '007']]);
  return createIdentifier(config, LOCAL, agents)({ attributes: new Map(Object.entries(attributes)) });
}

describe('host identity', () => {
  it.each([
    ['own host by id', { 'host.id': 'machine-1', 'host.name': 'renamed' }, { agentId: '000', local: true }],
    ['own host by name', { 'host.name': 'manager' }, { agentId: '000', local: true }],
    [
      'own name with another id is another host',
      { 'host.id': 'x', 'host.name': 'manager' },
      { agentId: 'x', local: false },
    ],
    ['another host by id', { 'host.id': 'm2', 'host.name': 'web01' }, { agentId: 'm2', name: 'web01', key: 'm2' }],
    ['another host by name', { 'host.name': 'web01' }, { agentId: 'web01', key: 'web01', shownAgentId: '' }],
    ['an agent id that is known', { 'host.name': 'web02' }, { agentId: '007', shownAgentId: '007' }],
    ['no host at all', {}, { agentId: '000', missing: true }],
  ])('%s', (_name, attributes, expected) => {
    expect(identify(attributes)).toMatchObject(expected);
  });

  it('by header alone treats every record as local', () => {
    expect(identify({ 'host.name': 'web01' }, { source: 'header' })).toMatchObject({ agentId: '000', missing: false });
  });
});

describe('client.keys', () => {
  it('gives ids by name, without removed agents, and never the key', () => {
    const ids = parseClientKeys('001 web01 any SECRET\n002 !gone any SECRET\n\nbroken\n1025 db 10.0.0.5 SECRET');
    expect([...ids]).toEqual([
      ['web01', '001'],
      ['db', '1025'],
    ]);
  });
});
