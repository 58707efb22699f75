import { describe, expect, it } from 'vitest';
import type { AnyValue } from '../../../../src/pdata/any-value.ts';
import { createLogRecord } from '../../../../src/pdata/logs.ts';
import type { InputKind } from '../../../../src/processor/ruleset/config.ts';
import { adaptRecord } from '../../../../src/processor/ruleset/input/adapt.ts';

const JOURNAL_ENTRY = new Map<string, AnyValue>([
  ['MESSAGE', 'Invalid user admin from 203.0.113.9 port 51514'],
  ['_HOSTNAME', 'web01'],
  ['SYSLOG_IDENTIFIER', 'sshd'],
  ['_PID', '2231'],
  ['__REALTIME_TIMESTAMP', '1795216071402000'],
]);

const SYSLOG_ATTRIBUTES = new Map<string, AnyValue>([
  ['priority', 34],
  ['facility', 4],
  ['hostname', 'web01'],
  ['appname', 'su'],
  ['proc_id', '77'],
  ['message', "'su root' failed"],
]);

interface Row {
  name: string;
  body: AnyValue;
  attributes?: Map<string, AnyValue>;
  kind?: InputKind;
  log: string;
  queue?: string;
  location?: string;
}

const ROWS: Row[] = [
  { name: 'a text body is the line', body: 'plain line', log: 'plain line' },
  { name: 'bytes stay bytes', body: new Uint8Array([0x66, 0xff, 0x6f]), log: 'f\xffo' },
  { name: 'text leaves as the bytes of its UTF-8', body: 'é', log: '\xc3\xa9' },
  {
    name: 'attributes name queue and location',
    body: '{"type":"port"}',
    attributes: new Map([
      ['hids.queue', 'd'],
      ['hids.location', 'syscollector'],
    ]),
    log: '{"type":"port"}',
    queue: 'd',
    location: 'syscollector',
  },
  {
    name: 'the file path is the location',
    body: 'x',
    attributes: new Map([
      ['log.file.name', 'auth.log'],
      ['log.file.path', '/var/log/auth.log'],
    ]),
    log: 'x',
    location: '/var/log/auth.log',
  },
  {
    name: 'a journal entry becomes a syslog line',
    body: JOURNAL_ENTRY,
    log: 'Nov 20 23:07:51 web01 sshd[2231]: Invalid user admin from 203.0.113.9 port 51514',
    location: 'journald',
  },
  {
    name: 'a journal message sent as bytes is decoded',
    body: new Map<string, AnyValue>([...JOURNAL_ENTRY, ['MESSAGE', [104, 105]]]),
    log: 'Nov 20 23:07:51 web01 sshd[2231]: hi',
    location: 'journald',
  },
  {
    name: 'a parsed syslog record becomes the classic line',
    body: "<34>Oct 11 22:14:15 web01 su[77]: 'su root' failed",
    attributes: SYSLOG_ATTRIBUTES,
    log: "Nov 14 22:13:20 web01 su[77]: 'su root' failed",
  },
  {
    name: 'a priority is cut',
    body: "<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
    log: "Oct 11 22:14:15 mymachine su: 'su root' failed",
  },
  {
    name: 'RFC 5424 becomes the classic header',
    body: '<34>1 2003-10-11T22:14:15.003Z mymachine su 77 ID47 - failed for root',
    log: 'Oct 11 22:14:15 mymachine su[77]: failed for root',
  },
  {
    name: 'RFC 5424 with structured data that holds brackets',
    body: '<165>1 2003-10-11T22:14:15.003Z host evntslog - ID47 [a@1 b="x ] \\" y"][c@2] \ufeffAn event',
    log: 'Oct 11 22:14:15 host evntslog: An event',
  },
  {
    name: 'malformed structured data stays as it is',
    body: '<165>1 2003-10-11T22:14:15.003Z host app - ID47 [a@1 b="x',
    log: '1 2003-10-11T22:14:15.003Z host app - ID47 [a@1 b="x',
  },
  { name: 'asked to be text, a priority stays', body: '<34>x', kind: 'text', log: '<34>x' },
  {
    name: 'any other map is JSON, in its own order',
    body: new Map<string, AnyValue>([
      ['b', 1n],
      ['a', new Map<string, AnyValue>([['__proto__', true]])],
    ]),
    log: '{"b":"1","a":{"__proto__":true}}',
  },
];

describe('adaptRecord', () => {
  it.each(ROWS)('$name', ({ body, attributes, kind, log, queue = '1', location = '' }) => {
    const record = createLogRecord({
      body,
      attributes: attributes ?? new Map(),
      timeUnixNano: 1_700_000_000_000_000_000n,
    });
    const adapted = adaptRecord(record, { attributes: new Map() }, kind ?? 'auto');
    expect(adapted).toEqual({ log, queue, location });
  });
});

describe('Windows events', () => {
  const expected = {
    win: {
      system: {
        providerName: 'Microsoft-Windows-Security-Auditing',
        eventID: '4625',
        level: '0',
        keywords: '0x8010000000000000',
        channel: 'Security',
        computer: 'DESKTOP',
        severityValue: 'AUDIT_FAILURE',
        message: '"An account failed to log on."',
      },
      eventdata: { targetUserName: 'bob', ipAddress: '10.0.0.5' },
    },
  };
  const base: [string, AnyValue][] = [
    ['channel', 'Security'],
    ['computer', 'DESKTOP'],
    ['event_id', new Map<string, AnyValue>([['id', 4625]])],
    ['provider', new Map<string, AnyValue>([['name', 'Microsoft-Windows-Security-Auditing']])],
    ['level', '0'],
    ['message', 'An account failed to log on.'],
    ['keywords', ['Audit Failure']],
  ];
  const named = (name: string, value: string) => new Map<string, AnyValue>([[name, value]]);
  const shapes: [string, AnyValue][] = [
    [
      'a flat map of event data',
      new Map<string, AnyValue>([
        ['TargetUserName', 'bob'],
        ['IpAddress', '10.0.0.5'],
      ]),
    ],
    [
      'a list of pairs',
      new Map<string, AnyValue>([['data', [named('TargetUserName', 'bob'), named('IpAddress', '10.0.0.5')]]]),
    ],
  ];

  it.each(shapes)('of the Collector, with %s, become eventchannel JSON', (_name, eventData) => {
    const body = new Map<string, AnyValue>([...base, ['event_data', eventData]]);
    const adapted = adaptRecord(createLogRecord({ body }), { attributes: new Map() }, 'auto');
    expect(JSON.parse(adapted.log)).toEqual(expected);
    expect(adapted).toMatchObject({ queue: 'f', location: 'EventChannel' });
  });

  it('as XML give the same', () => {
    const body =
      '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System>' +
      '<Provider Name="Microsoft-Windows-Security-Auditing"/><EventID>4625</EventID><Level>0</Level>' +
      '<Keywords>0x8010000000000000</Keywords><Channel>Security</Channel><Computer>DESKTOP</Computer></System>' +
      '<EventData><Data Name="TargetUserName">bob</Data><Data Name="IpAddress">10.0.0.5</Data></EventData>' +
      '<RenderingInfo><Message>An account failed to log on.</Message></RenderingInfo></Event>';
    const adapted = adaptRecord(createLogRecord({ body }), { attributes: new Map() }, 'auto');
    expect(JSON.parse(adapted.log)).toEqual(expected);
  });

  it.each<[shape: string, body: AnyValue]>([
    [
      'a map',
      new Map<string, AnyValue>([
        ...base.filter(([name]) => name !== 'message'),
        ['message', 'ran "C:\\a.exe" & more'],
        [
          'event_data',
          new Map<string, AnyValue>([
            ['CommandLine', '"C:\\a.exe" 2>&1'],
            ['Empty', '-'],
          ]),
        ],
      ]),
    ],
    [
      'XML',
      '<Event><System><EventID>1</EventID></System><EventData><Data Name="CommandLine">"C:\\a.exe" 2&gt;&amp;1</Data>' +
        '<Data Name="Empty">-</Data></EventData>' +
        '<RenderingInfo><Message>ran "C:\\a.exe" &amp; more</Message></RenderingInfo></Event>',
    ],
  ])('as %s keep the escapes that shipped rules look for', (_shape, body) => {
    const { win } = JSON.parse(adaptRecord(createLogRecord({ body }), { attributes: new Map() }, 'auto').log);
    expect(win.eventdata).toEqual({ commandLine: '\\"C:\\\\a.exe\\" 2&gt;&amp;1' });
    expect(win.system.message).toBe('"ran \\"C:\\\\a.exe\\" & more"');
  });

  it('that are broken XML stay as they are', () => {
    const body = '<Event <<<';
    expect(adaptRecord(createLogRecord({ body }), { attributes: new Map() }, 'auto').log).toBe(body);
  });
});
