import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatAlertsLog, formatNotification } from '../../../src/exporter/file/alert-text.ts';
import type { Alert } from '../../../src/pdata/alert.ts';
import { createAlert, createRule } from './alerts.ts';

const zone = process.env.TZ;
beforeAll(() => {
  process.env.TZ = 'UTC';
});
afterAll(() => {
  process.env.TZ = zone;
});

const WAZUH = { dialect: 'wazuh', escape: true } as const;
const OSSEC = { dialect: 'ossec', escape: true } as const;

const listening = createAlert({
  time: Date.UTC(2010, 2, 11, 19, 56, 30),
  rule: createRule({
    id: '140123',
    level: 7,
    description: 'Listened ports have changed.',
    groupText: 'local,syslog,',
    mail: true,
  }),
  agent: { id: '000', name: 'XYZ' },
  hostname: 'XYZ',
  location: 'netstat -tan |grep LISTEN|grep -v 127.0.0.1',
  fullLog: "ossec: output: 'netstat':\ntcp4 0 0 *.23456 *.* LISTEN\ntcp4 0 0 *.25 *.* LISTEN",
  data: [],
  decoder: { name: 'ossec' },
  previousOutput: ['Previous output:', "ossec: output: 'netstat':\ntcp4 0 0 *.25 *.* LISTEN"],
});

describe('alerts_log', () => {
  it('has the head, the addresses, the log and the earlier events', () => {
    const alert = createAlert({
      time: Date.UTC(2026, 10, 20, 23, 7, 54),
      rule: createRule({
        id: '5712',
        level: 10,
        description: 'sshd: brute force.',
        groupText: 'syslog,sshd,',
        mail: true,
      }),
      data: [
        ['srcip', '203.0.113.9'],
        ['dstuser', 'root'],
        ['srcport', '51514'],
        ['dstip', '10.0.0.1'],
        ['dstport', '22'],
        ['id', '77'],
        ['ssh.method', 'password'],
        ['ssh.empty', ''],
      ],
      previousOutput: ['newest', 'oldest'],
    });
    expect(formatAlertsLog(alert, 48213, WAZUH)).toBe(
      [
        '** Alert 1795216074.48213: mail  - syslog,sshd,',
        '2026 Nov 20 23:07:54 (web01) 10.0.3.17->/var/log/auth.log',
        "Rule: 5712 (level 10) -> 'sshd: brute force.'",
        'Src IP: 203.0.113.9',
        'Src Port: 51514',
        'Dst IP: 10.0.0.1',
        'Dst Port: 22',
        'User: root',
        'Nov 20 23:07:51 web01 sshd[2229]: Invalid user test from 203.0.113.9 port 51498',
        'ssh.method: password',
        'newest',
        'oldest',
        '',
        '',
      ].join('\n'),
    );
  });

  it('has a blank for the mail mark, and names the host of a bare location', () => {
    const [head, source] = formatAlertsLog({ ...listening, rule: createRule() }, 0, WAZUH).split('\n');
    expect(head).toBe('** Alert 1268337390.0: - syslog,sshd,authentication_failed,invalid_login,');
    expect(source).toBe('2010 Mar 11 19:56:30 XYZ->netstat -tan |grep LISTEN|grep -v 127.0.0.1');
  });

  it.each<[string, Partial<Alert>, 'wazuh' | 'ossec']>([
    ['ossec', {}, 'ossec'],
    ['nothing decoded', { decoder: undefined }, 'wazuh'],
    ['file integrity', { decoder: { name: 'syscheck_integrity_changed' } }, 'wazuh'],
  ])('prints no dynamic fields: %s', (_name, fields, dialect) => {
    const data = [['a.b', 'shown']] as const;
    const shown = formatAlertsLog(createAlert({ data }), 0, WAZUH);
    expect(shown).toContain('a.b: shown');
    expect(formatAlertsLog(createAlert({ data, ...fields }), 0, { dialect, escape: true })).not.toContain('shown');
  });

  it('cannot be forged by what a log says', () => {
    const forged = '** Alert 1.0: - x,\n2026 Jan 01 00:00:00 h->l\nRule: 1 (level 15)';
    const alert = createAlert({
      rule: createRule({ description: `d\n${forged}` }),
      location: `l\n${forged}`,
      fullLog: `${forged}\nend\x1b[2J\r\u202e`,
      data: [
        ['srcip', `1\n${forged}`],
        ['a', `x\n${forged}`],
      ],
      previousOutput: [forged],
    });
    const text = formatAlertsLog(alert, 0, WAZUH);
    expect(text.match(/^\*\* Alert /gm)).toHaveLength(1);
    expect(text).toContain('\\** Alert 1.0: - x,');
    expect(text).toContain('end\\x1b[2J\\x0d\\u202e');
    expect(text).toContain(`Rule: 5710 (level 5) -> 'd\\x0a** Alert`);
    expect(formatAlertsLog(alert, 0, { ...WAZUH, escape: false })).toContain('\x1b[2J\r');
  });
});

describe('notification', () => {
  it('is the mail text', () => {
    expect(formatNotification(listening, OSSEC)).toBe(
      [
        '',
        'OSSEC HIDS Notification.',
        '2010 Mar 11 19:56:30',
        '',
        'Received From: XYZ->netstat -tan |grep LISTEN|grep -v 127.0.0.1',
        'Rule: 140123 fired (level 7) -> "Listened ports have changed."',
        'Portion of the log(s):',
        '',
        "ossec: output: 'netstat':",
        'tcp4 0 0 *.23456 *.* LISTEN',
        'tcp4 0 0 *.25 *.* LISTEN',
        'Previous output:',
        "ossec: output: 'netstat':",
        'tcp4 0 0 *.25 *.* LISTEN',
        '',
        '',
        '',
        ' --END OF NOTIFICATION',
        '',
        '',
        '',
      ].join('\n'),
    );
  });

  it('names addresses and user where they are set', () => {
    const text = formatNotification(
      createAlert({
        data: [
          ['srcip', '1.1.1.1'],
          ['srcport', '7'],
          ['dstip', '2.2.2.2'],
          ['dstuser', 'root'],
        ],
      }),
      WAZUH,
    );
    expect(text).toContain('Wazuh Notification.\n');
    expect(text).toContain('\nSrc IP: 1.1.1.1\nDst IP: 2.2.2.2\nUser: root\nPortion of the log(s):\n\n');
    expect(text).not.toContain('Port:');
  });

  it('cannot be ended by what a log says', () => {
    const text = formatNotification({ ...listening, fullLog: 'a\n --END OF NOTIFICATION\n\n\n\nb' }, WAZUH);
    expect(text.match(/^ --END OF NOTIFICATION$/gm)).toHaveLength(1);
  });
});
