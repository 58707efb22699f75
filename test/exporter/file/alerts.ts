import type { Alert, AlertRule } from '../../../src/pdata/alert.ts';

export function createRule(fields: Partial<AlertRule> = {}): AlertRule {
  return {
    id: '5710',
    level: 5,
    description: 'sshd: Attempt to login using a non-existent user',
    rawDescription: 'sshd: Attempt to login using a non-existent user',
    groupText: 'syslog,sshd,authentication_failed,invalid_login,',
    groups: ['syslog', 'sshd', 'authentication_failed', 'invalid_login'],
    compliance: new Map(),
    firedtimes: 3,
    mail: false,
    file: '0095-sshd_rules.xml',
    noFullLog: false,
    ...fields,
  };
}

/** An alert of an agent for one line of sshd. */
export function createAlert(fields: Partial<Alert> = {}): Alert {
  return {
    time: Date.UTC(2026, 10, 20, 23, 7, 51, 402),
    uid: 'uid-1',
    rule: createRule(),
    agent: { id: '015', name: 'web01' },
    hostname: 'web01',
    location: '(web01) 10.0.3.17->/var/log/auth.log',
    fullLog: 'Nov 20 23:07:51 web01 sshd[2229]: Invalid user test from 203.0.113.9 port 51498',
    predecoder: { programName: 'sshd', timestamp: 'Nov 20 23:07:51', hostname: 'web01' },
    decoder: { name: 'sshd', parent: 'sshd' },
    data: [
      ['srcip', '203.0.113.9'],
      ['srcuser', 'test'],
      ['srcport', '51498'],
    ],
    previousOutput: [],
    ...fields,
  };
}
