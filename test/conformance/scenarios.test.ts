import { describe, expect, test } from 'vitest';
import type { Ruleset } from '../../src/processor/ruleset/compile/ruleset.ts';
import { createEngine, type EventInput } from '../../src/processor/ruleset/evaluate/engine.ts';
import { EngineState, loadState } from '../../src/processor/ruleset/evaluate/state.ts';
import type { Verdict } from '../../src/processor/ruleset/evaluate/verdict.ts';
import type { SourceFile } from '../../src/processor/ruleset/parse/ast.ts';
import { MemoryStateStore } from '../../src/storage/memory-store.ts';
import { compileWazuh, hasConformance, utcTime } from './support.ts';

const START = 1_700_000_000;

const localRules: SourceFile = {
  path: 'local_rules.xml',
  name: 'local_rules.xml',
  content: `<group name="syscollector,">
<rule id="223" level="10">
  <if_sid>221</if_sid>
  <field name="netinfo.iface.name">^docker\\d*$</field>
  <field name="netinfo.iface.state">^up$</field>
  <description>A Docker network interface has been detected: $(netinfo.iface.name)</description>
</rule>
<rule id="224" level="12">
  <if_sid>221</if_sid>
  <field name="port.local_port">^1514$</field>
  <field name="port.state">^established$</field>
  <list field="port.remote_ip" lookup="not_address_match_key">etc/lists/allowed_ips</list>
  <description>An unexpected IP has been connected to the Wazuh manager</description>
</rule>
</group>
<group name="audit,">
<rule id="100210" level="12">
  <if_sid>80792</if_sid>
  <list field="audit.command" lookup="match_key_value" check_value="red">etc/lists/suspicious-programs</list>
  <description>Audit: Highly Suspicious Command executed: $(audit.exe)</description>
  <group>audit_command,</group>
</rule>
</group>
<group name="local,">
<rule id="140123" level="7">
  <if_sid>530</if_sid>
  <match>ossec: output: 'netstat -tan</match>
  <check_diff />
  <description>Listened ports have changed.</description>
</rule>
</group>
`,
};

/** Stories of the seeds with the stock ruleset and the rules their authors added. */
describe.skipIf(!hasConformance)('scenarios on the stock ruleset', () => {
  const ruleset: Ruleset | undefined = hasConformance
    ? compileWazuh({
        compat: 'default',
        rules: [localRules],
        lists: [
          { name: 'etc/lists/allowed_ips', path: 'allowed_ips', content: '127.0.0.1:\n10.0.0.:\n' },
          { name: 'etc/lists/suspicious-programs', path: 's', content: 'ncat:yellow\nnc:red\ntcpdump:orange\n' },
        ],
      })
    : undefined;

  function runner(state = new EngineState()) {
    const engine = createEngine(ruleset!, state, { mode: 'live', hostname: 'mgr', localTime: utcTime });
    let second = START;
    return (log: string, more: Partial<EventInput> = {}): Verdict =>
      engine.evaluate({ log, location: '/l', queue: '1', timeMs: second++ * 1000, trusted: true, ...more });
  }
  const summary = ({ alert, rule, description }: Verdict) => (alert ? [rule?.id, rule?.level, description] : undefined);

  test('listening ports: a change alerts with both outputs, also over a restart', async () => {
    const ports = (port: number) =>
      `ossec: output: 'netstat listening ports':\ntcp 0.0.0.0:${port} 0.0.0.0:* 1/sshd\ntcp6 :::80 :::* 2/nginx`;
    const from = { location: '[001] (web01) any->netstat listening ports' };
    const store = new MemoryStateStore();
    const state = loadState(store);
    const before = runner(state);
    expect(summary(before(ports(22), from))).toBeUndefined();
    expect(summary(before(ports(22), from))).toBeUndefined();
    await store.commit(state.drainChanges());

    const after = runner(loadState(store));
    const changed = after(ports(2021), from);
    expect(summary(changed)).toEqual([
      '533',
      7,
      'Listened ports status (netstat) changed (new port opened or closed).',
    ]);
    expect(changed.event.previous).toEqual(['Previous output:', ports(22)]);
    expect(summary(after(ports(2021), from))).toBeUndefined();
  });

  test('any command: rule 140123', () => {
    const send = runner();
    const output = (lines: string) => `ossec: output: 'netstat -tan |grep LISTEN|grep -v 127.0.0.1':\n${lines}`;
    const results = ['a', 'a', 'a\nb'].map((lines) => summary(send(output(lines), { location: 'netstat -tan' })));
    expect(results).toEqual([undefined, undefined, ['140123', 7, 'Listened ports have changed.']]);
  });

  test('a tailed file cannot pretend to be a command', () => {
    const send = runner();
    const line = (text: string) => send(`ossec: output: 'netstat listening ports': ${text}`, { trusted: false });
    expect([line('a'), line('b')].map((verdict) => verdict.event.decoderName)).toEqual([undefined, undefined]);
  });

  test('brute force: the eighth attempt of a stranger is an attack', () => {
    const send = runner();
    const ids = Array.from({ length: 9 }, (_, index) =>
      send(`Nov 20 23:07:5${index} web01 sshd[22${index}]: Invalid user test from 203.0.113.9 port 5149${index}`),
    ).map((verdict) => verdict.rule?.id);
    expect(ids).toEqual([...Array<string>(7).fill('5710'), '5712', '5710']);
  });

  const audit = (command: string, exe: string, key = '"audit-wazuh-c"') =>
    'type=SYSCALL msg=audit(1700000000.123:4242): arch=c000003e syscall=59 success=yes exit=0 a0=55 a1=55 a2=55 a3=8 ' +
    'items=2 ppid=1 pid=2 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=2 ' +
    `comm="${command}" exe="${exe}" subj=unconfined key=${key}\x1dARCH=x86_64 SYSCALL=execve ` +
    `type=EXECVE msg=audit(1700000000.123:4242): argc=2 a0="${command}" a1="-v" ` +
    `type=CWD msg=audit(1700000000.123:4242): cwd="/root" ` +
    `type=PATH msg=audit(1700000000.123:4242): item=0 name="${exe}" inode=5 dev=08:01 mode=0100755 ouid=0`;

  test.each<[command: string, exe: string, key: string | undefined, alert: unknown[] | undefined]>([
    [
      'nc',
      '/usr/bin/nc.openbsd',
      undefined,
      ['100210', 12, 'Audit: Highly Suspicious Command executed: /usr/bin/nc.openbsd'],
    ],
    ['tcpdump', '/usr/bin/tcpdump', undefined, ['80792', 3, 'Audit: Command: /usr/bin/tcpdump.']],
    ['ls', '/usr/bin/ls', undefined, ['80792', 3, 'Audit: Command: /usr/bin/ls.']],
    ['nc', '/usr/bin/nc', '"other"', undefined],
    ['nc', '/usr/bin/nc', '(null)', undefined],
  ])('malicious commands: %s %s %s', (command, exe, key, alert) => {
    const verdict = runner()(audit(command, exe, key), { location: '/var/log/audit/audit.log' });
    expect(summary(verdict)).toEqual(alert);
    expect(verdict.event.dynamic('audit.command')).toBe(command);
  });

  const docker = (state: string) =>
    `{"type":"network","ID":834291887,"timestamp":"2019/06/14 16:30:18","iface":{"name":"docker0","type":"ethernet","state":"${state}","MAC":"02:42:00:e8:60:9c","MTU":1500,"IPv4":{"address":["172.17.0.1"]}}}`;
  const port = (remote: string, more = {}) =>
    JSON.stringify({
      type: 'port',
      ID: 1,
      port: { protocol: 'tcp', local_port: 1514, remote_ip: remote, state: 'established', ...more },
    });
  const delta = (remote: string) =>
    JSON.stringify({
      type: 'dbsync_ports',
      operation: 'INSERTED',
      data: { local_port: 1514, remote_ip: remote, state: 'established' },
    });
  const unexpected = ['224', 12, 'An unexpected IP has been connected to the Wazuh manager'];

  test.each<[log: string, alert: unknown[] | undefined]>([
    [docker('down'), undefined],
    [docker('up'), ['223', 10, 'A Docker network interface has been detected: docker0']],
    [port('10.0.0.7'), undefined],
    [port('::ffff:10.0.0.7'), undefined],
    [port('127.0.0.1'), undefined],
    [port('203.0.113.9'), unexpected],
    [port('203.0.113.9', { state: 'listening' }), undefined],
    [port('203.0.113.9', { local_port: 15140 }), undefined],
    ['{"type":"port_end","ID":100}', undefined],
    [delta('203.0.113.9'), unexpected],
    [delta('10.0.0.7'), undefined],
  ])('inventory: %s', (log, alert) => {
    const verdict = runner()(log, { queue: 'd', location: '[001] (web01) any->syscollector' });
    expect(summary(verdict)).toEqual(alert);
    expect(verdict.rule).toBeDefined();
  });

  const channel = (eventId: number, provider: string, data: Record<string, string>) =>
    JSON.stringify({
      Message: 'text',
      Event:
        `<Event><System><Provider Name='${provider}'/><EventID>${eventId}</EventID><Level>0</Level>` +
        '<Keywords>0x8010000000000000</Keywords><Channel>Security</Channel><Computer>C1</Computer></System><EventData>' +
        Object.entries(data)
          .map(([name, value]) => `<Data Name='${name}'>${value}</Data>`)
          .join('') +
        '</EventData></Event>',
    });

  test('Windows event channel: a failed logon, from the XML an agent sends', () => {
    const log = channel(4625, 'Microsoft-Windows-Security-Auditing', {
      TargetUserName: 'bob',
      SubStatus: '0xc0000064',
    });
    const verdict = runner()(log, { queue: 'f', location: '[001] (pc) any->EventChannel' });
    expect(summary(verdict)?.slice(0, 2)).toEqual(['60122', 5]);
    expect(verdict.event.dynamic('win.eventdata.targetusername')).toBe('bob');
  });

  test('file integrity: a changed checksum', () => {
    const data = {
      path: '/etc/hosts',
      mode: 'scheduled',
      type: 'modified',
      attributes: { type: 'file', size: 12 },
      old_attributes: { type: 'file', size: 10 },
      changed_attributes: ['size'],
    };
    const log = JSON.stringify({ type: 'event', data });
    const verdict = runner()(log, { queue: '8', location: '[001] (web01) any->syscheck' });
    expect(summary(verdict)).toEqual(['550', 7, 'Integrity checksum changed.']);
  });
});
