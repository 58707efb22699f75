import { describe, expect, test } from 'vitest';
import { Event } from '../../../../src/processor/ruleset/evaluate/event.ts';
import { decodeQueue } from '../../../../src/processor/ruleset/evaluate/queues/queues.ts';
import { ruleset } from './ruleset-builder.ts';

const rules = ruleset([], {
  internal: ['syscollector', 'windows_eventchannel', 'syscheck_integrity_changed', 'syscheck_new_entry'],
});

function decode(queue: string, log: string, location: string) {
  const event = new Event(0, log, location);
  const missing = decodeQueue(event, queue, rules);
  const fields: Record<string, string> = Object.create(null);
  for (const [index, name] of event.dynamicNames.entries()) fields[name] ??= event.dynamicValues[index]!;
  return { missing, log: event.log, name: event.decoderName, id: event.decoderId, category: event.category, fields };
}

describe('inventory', () => {
  test('an interface of a full scan', () => {
    const log = JSON.stringify({
      type: 'network',
      ID: 1,
      iface: {
        name: 'docker0',
        state: 'up',
        MAC: '02:42',
        tx_packets: 0,
        MTU: 1500,
        IPv4: { address: ['172.17.0.1', '172.17.0.2'], gateway: 'unknown', DHCP: 'enabled' },
      },
    });
    expect(decode('d', log, '(web) any->syscollector')).toMatchObject({
      name: 'syscollector',
      id: 900,
      category: 'ossec',
      fields: {
        type: 'network',
        'netinfo.iface.name': 'docker0',
        'netinfo.iface.state': 'up',
        'netinfo.iface.mac': '02:42',
        'netinfo.iface.mtu': '1500',
        'netinfo.iface.ipv4.address': '["172.17.0.1","172.17.0.2"]',
        'netinfo.iface.ipv4.gateway': 'unknown',
        'netinfo.iface.ipv4.dhcp': 'enabled',
      },
    });
  });

  test('a delta has every column, empty where the message has none', () => {
    const log = JSON.stringify({
      type: 'dbsync_ports',
      operation: 'INSERTED',
      data: { local_port: 631, inode: 4111222333, protocol: 'tcp', remote_ip: '0.0.0.0' },
    });
    const { fields } = decode('d', log, 'syscollector');
    expect(fields).toMatchObject({
      type: 'dbsync_ports',
      operation_type: 'INSERTED',
      'port.local_port': '631',
      'port.inode': '4111222333.000000',
      'port.state': '',
      'port.process': '',
    });
  });

  test('address families have names', () => {
    const log = '{"type":"dbsync_network_address","operation":"MODIFIED","data":{"proto":0,"address":"1.2.3.4"}}';
    expect(decode('d', log, 'syscollector').fields['netinfo.addr.proto']).toBe('ipv4');
  });

  test.each<[log: string, location: string]>([
    ['{"type":"port","port":{"local_port":1}}', 'syscollector'],
    ['{"type":"port","ID":1,"port":{"local_port":1}}', 'elsewhere'],
    ['{"type":"unknown","ID":1}', 'syscollector'],
    ['no json', 'syscollector'],
    ['{"type":"dbsync_ports","data":[]}', 'syscollector'],
  ])('stays undecoded: %s at %s', (log, location) => {
    expect(decode('d', log, location)).toMatchObject({ name: undefined, fields: {}, missing: undefined });
  });

  test('the end of a scan is decoded and says no more', () => {
    expect(decode('d', '{"type":"port_end","ID":100}', 'syscollector')).toMatchObject({
      name: 'syscollector',
      fields: { type: 'port_end' },
    });
  });
});

describe('file integrity', () => {
  const modified = {
    type: 'event',
    data: {
      path: '/etc/hosts',
      mode: 'whodata',
      type: 'modified',
      attributes: { type: 'file', size: 12, perm: 'rw-r--r--', uid: '0', mtime: 1700000000, hash_md5: 'bbb' },
      old_attributes: { type: 'file', size: 10, perm: 'rw-r--r--', uid: '0', mtime: 1699999999, hash_md5: 'aaa' },
      changed_attributes: ['size', 'mtime', 'md5'],
      content_changes: '1c1',
      tags: 't1,t2',
      audit: { user_name: 'root', process_name: '/usr/bin/vim', process_id: 123 },
    },
  };

  test('a modified file', () => {
    const result = decode('8', JSON.stringify(modified), 'syscheck');
    expect(result).toMatchObject({ name: 'syscheck_integrity_changed', id: 902, category: 'ossec' });
    expect({ ...result.fields }).toEqual({
      file: '/etc/hosts',
      mode: 'whodata',
      size: '12',
      size_before: '10',
      perm: 'rw-r--r--',
      perm_before: 'rw-r--r--',
      uid: '0',
      uid_before: '0',
      mtime: '1700000000',
      mtime_before: '1699999999',
      md5: 'bbb',
      md5_before: 'aaa',
      changed_fields: 'size,mtime,md5',
      changed_content: '1c1',
      tag: 't1,t2',
      entry_type: 'file',
      event_type: 'modified',
      user_name: 'root',
      process_name: '/usr/bin/vim',
      process_id: '123',
    });
    expect(result.log).toBe(
      "File '/etc/hosts' modified\nMode: whodata\nChanged attributes: size,mtime,md5\nSize changed from '10' to '12'\n" +
        "Old modification time was: '1699999999', now it is '1700000000'\nOld md5sum was: 'aaa'\nNew md5sum is : 'bbb'\n",
    );
  });

  test('an added file', () => {
    const data = {
      path: '/a',
      mode: 'scheduled',
      type: 'added',
      hard_links: ['/b', '/c'],
      attributes: { type: 'file' },
    };
    expect(decode('8', JSON.stringify({ type: 'event', data }), 'syscheck')).toMatchObject({
      name: 'syscheck_new_entry',
      log: "File '/a' added\nHard links: /b,/c\nMode: scheduled\n",
    });
  });

  test.each(['{"type":"scan_start","data":{}}', 'no json', '{"type":"event","data":{"path":"/a"}}'])(
    'stays undecoded: %s',
    (log) => expect(decode('8', log, 'syscheck')).toMatchObject({ name: undefined, fields: {}, log }),
  );
});

describe('event channel', () => {
  const xml =
    "<Event xmlns='http://x'><System><Provider Name='Sysmon' Guid='{1}'/><EventID>1</EventID><Level>0</Level>" +
    "<Keywords>0x8010000000000000</Keywords><TimeCreated SystemTime='2020'/><Execution ProcessID='4' ThreadID='5'/>" +
    '<Channel>Security</Channel><Computer>C1</Computer></System><EventData>' +
    "<Data Name='CommandLine'>\"C:\\a\\b.exe\" 2&gt;&amp;1</Data><Data Name='Empty'></Data><Data Name='Dash'>-</Data>" +
    '<Data>one</Data><Data>two</Data></EventData></Event>';

  test('the XML becomes win.* with doubled backslashes and its entities as they are', () => {
    const result = decode('f', JSON.stringify({ Message: 'Said "hi"\r\nC:\\x', Event: xml }), 'EventChannel');
    expect(result).toMatchObject({ name: 'windows_eventchannel', id: 901, category: 'ossec' });
    expect({ ...result.fields }).toEqual({
      'win.system.providerName': 'Sysmon',
      'win.system.providerGuid': '{1}',
      'win.system.eventID': '1',
      'win.system.level': '0',
      'win.system.keywords': '0x8010000000000000',
      'win.system.systemTime': '2020',
      'win.system.processID': '4',
      'win.system.threadID': '5',
      'win.system.channel': 'Security',
      'win.system.computer': 'C1',
      'win.system.severityValue': 'AUDIT_FAILURE',
      'win.system.message': '"Said \\"hi\\"\r\nC:\\\\x"',
      'win.eventdata.commandLine': '\\"C:\\\\a\\\\b.exe\\" 2&gt;&amp;1',
      'win.eventdata.data': 'one, two',
    });
  });

  test('win.* JSON is taken as it is', () => {
    expect(decode('f', '{"win":{"system":{"eventID":"4624"}}}', 'EventChannel')).toMatchObject({
      name: 'windows_eventchannel',
      fields: { 'win.system.eventID': '4624' },
    });
  });

  test.each(['no json', '{"Event":"<open"}', '{"Event":"<Other/>"}', '{"a":1}'])('stays undecoded: %s', (log) => {
    expect(decode('f', log, 'EventChannel')).toMatchObject({ name: undefined, fields: {} });
  });
});
