import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Grouper, joinNeighbours } from './support.ts';

const SYSCALL =
  'arch=c000003e syscall=2 success=yes exit=3 a0=7ffedc40d83b a1=941 a2=1b6 a3=7ffedc40cce0 items=2 ppid=432 pid=3333 ' +
  'auid=0 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=2';

/** A record of the kernel at the given second, with the serial as its id. */
function record(type: string, serial: number, rest = 'x=1', seconds = 1_700_000_000): string {
  return `type=${type} msg=audit(${seconds}.123:${serial}): ${rest}`;
}

describe('worked examples', () => {
  const id = '1479982525.380:50';
  const created = [
    `type=SYSCALL msg=audit(${id}): ${SYSCALL} comm="touch" exe="/bin/touch" key="audit-wazuh-w"`,
    `type=CWD msg=audit(${id}):  cwd="/var/log/audit"`,
    `type=PATH msg=audit(${id}): item=0 name="/var/log/audit/tmp_directory1/" inode=399849 mode=040755 nametype=PARENT`,
    `type=PATH msg=audit(${id}): item=1 name="/var/log/audit/tmp_directory1/malware.py" mode=0100644 nametype=CREATE`,
    `type=PROCTITLE msg=audit(${id}): proctitle=746F756368002F76`,
  ];
  const daemon =
    'type=DAEMON_START msg=audit(1450875964.131:8728): auditd start, ver=2.4 format=raw auid=4294967295 pid=1437 res=failed';
  const ps = [
    `type=SYSCALL msg=audit(1.1:9687): ${SYSCALL} comm="ps" exe="/usr/bin/ps" key="recon"\x1dARCH=x86_64 SYSCALL=execve`,
    'type=EXECVE msg=audit(1.1:9687): argc=2 a0="ps" a1="ax"',
    'type=CWD msg=audit(1.1:9687): cwd="/home/administrator@ExchangeTest.com"',
    'type=PATH msg=audit(1.1:9687): item=0 name="/usr/bin/ps" inode=574271 mode=0100755',
    'type=PATH msg=audit(1.1:9687): item=1 name="/lib64/ld-linux-x86-64.so.2" inode=1 mode=0100755',
    'type=PROCTITLE msg=audit(1.1:9687): proctitle=7073006178',
  ];
  const nc = [
    `type=SYSCALL msg=audit(1700000000.123:4242): ${SYSCALL} comm="nc" exe="/usr/bin/nc.openbsd" subj=unconfined key="audit-wazuh-c"\x1dARCH=x86_64`,
    'type=EXECVE msg=audit(1700000000.123:4242): argc=2 a0="nc" a1="-v"',
    'type=CWD msg=audit(1700000000.123:4242): cwd="/root"',
    'type=PATH msg=audit(1700000000.123:4242): item=0 name="/usr/bin/nc"',
  ];

  it.each([
    ['a file created under a write watch', created],
    ['the same with a node', created.map((text) => `node=localhost ${text}`)],
    ['a daemon that failed to start', [daemon]],
    ['a process listing with translations behind 0x1D', ps],
    ['a listed command, without PROCTITLE', nc],
  ])('%s', async (_name, records) => {
    const grouper = new Grouper().push(...records);
    await grouper.wait(2000);
    expect(grouper.events).toEqual([records.join(' ')]);
    expect(grouper.events).toEqual(joinNeighbours(records));
  });
});

describe('when an event is done', () => {
  it('without EOE in the log, an event waits once for it and from then on ends with PROCTITLE', async () => {
    const grouper = new Grouper().push(record('SYSCALL', 1), record('PROCTITLE', 1)).caughtUp();
    expect(grouper.take()).toEqual([]);
    await grouper.wait(2000);
    expect(grouper.take()).toHaveLength(1);
    grouper.push(record('SYSCALL', 2), record('PROCTITLE', 2)).caughtUp();
    expect(grouper.take()).toHaveLength(1);
    expect(grouper.counts).toEqual({});
  });

  it('finds out while it reads much, too', () => {
    const grouper = new Grouper();
    for (let serial = 0; serial < 1000; serial++) grouper.push(record('SYSCALL', serial), record('PROCTITLE', serial));
    expect(grouper.events.length).toBeGreaterThan(990);
    expect(grouper.events).toEqual([...grouper.events].sort((a, b) => serialIn(a) - serialIn(b)));
  });

  it('with EOE in the log, an event ends with it, whatever stands between', () => {
    const grouper = new Grouper().push(record('SYSCALL', 1), record('EOE', 1));
    expect(grouper.take()).toEqual([`${record('SYSCALL', 1)} ${record('EOE', 1)}`]);
    grouper.push(record('SYSCALL', 2), record('PROCTITLE', 2), record('SYSCALL', 3)).caughtUp();
    expect(grouper.take()).toEqual([]);
    grouper.push(record('EOE', 2));
    expect(grouper.take()).toEqual([[record('SYSCALL', 2), record('PROCTITLE', 2), record('EOE', 2)].join(' ')]);
  });

  it.each(['USER_LOGIN', 'CRED_ACQ', 'DAEMON_END', 'ANOM_ROOT_TRANS', 'CRYPTO_KEY_USER', 'SERVICE_START'])(
    '%s is an event by itself',
    (type) => {
      expect(new Grouper().push(record(type, 1)).caughtUp().events).toEqual([record(type, 1)]);
    },
  );

  it('joins a second record of such a type as long as nothing came between', () => {
    const grouper = new Grouper().push(record('USER_CMD', 1, 'a'), record('USER_CMD', 1, 'b')).caughtUp();
    expect(grouper.events).toEqual([`${record('USER_CMD', 1, 'a')} ${record('USER_CMD', 1, 'b')}`]);
  });

  it.each(['LOGIN', 'AVC', 'CONFIG_CHANGE', 'ANOM_PROMISCUOUS', 'UNKNOWN[1420]'])(
    '%s waits, since the kernel may add records to it',
    async (type) => {
      const grouper = new Grouper().push(record(type, 1)).caughtUp();
      await grouper.wait(1999);
      expect(grouper.take()).toEqual([]);
      await grouper.wait(1);
      expect(grouper.take()).toEqual([record(type, 1)]);
      expect(grouper.counts).toEqual({ expired: 1 });
    },
  );

  it('is not ended by a clock that is set', async () => {
    const grouper = new Grouper().push(record('SYSCALL', 7), record('CWD', 7)).caughtUp();
    await grouper.clock.advance(1_200_000);
    grouper.caughtUp().push(record('PROCTITLE', 7), record('EOE', 7));
    expect(grouper.take()).toHaveLength(1);
    expect(grouper.counts.expired).toBeUndefined();
  });

  it('waits from the newest record on, and over pauses of the reader', async () => {
    const grouper = new Grouper().push(record('SYSCALL', 1));
    await grouper.clock.advance(10_000);
    grouper.push(record('CWD', 1)).caughtUp();
    await grouper.wait(1500);
    grouper.push(record('PATH', 1)).caughtUp();
    await grouper.wait(1500);
    expect(grouper.take()).toEqual([]);
    await grouper.wait(500);
    expect(grouper.take()).toEqual([[record('SYSCALL', 1), record('CWD', 1), record('PATH', 1)].join(' ')]);
  });

  it('in a log without any ends, goes by the time of the log where much is read', () => {
    const grouper = new Grouper();
    for (let i = 0; i < 2000; i++) grouper.push(record('AVC', i, 'x', 1000 + i), record('SYSCALL', i, 'x', 1000 + i));
    expect(grouper.events.length).toBeGreaterThan(1700);
    expect(grouper.counts.evicted).toBeUndefined();
  });

  it('counts a record that comes too late, and passes it on', async () => {
    const grouper = new Grouper().push(record('SYSCALL', 1), record('EOE', 1), record('PATH', 1));
    await grouper.wait(2000);
    expect(grouper.events).toEqual([`${record('SYSCALL', 1)} ${record('EOE', 1)}`, record('PATH', 1)]);
    expect(grouper.counts).toEqual({ late: 1, expired: 1 });
  });
});

function serialIn(event: string): number {
  return Number(/:(\d+)\)/.exec(event)?.[1]);
}

describe('bounds', () => {
  it('makes a further event of records beyond the 64th', async () => {
    const records = Array.from({ length: 70 }, (_, item) => record('PATH', 1, `item=${item}`));
    const grouper = new Grouper().push(...records);
    await grouper.wait(2000);
    expect(grouper.events).toEqual([records.slice(0, 64).join(' '), records.slice(64).join(' ')]);
    expect(grouper.counts.split).toBe(1);
  });

  it('keeps to the bytes of one message, and puts smaller records that still fit where Wazuh puts them', async () => {
    const large = record('EXECVE', 1, 'a'.repeat(40_000));
    const larger = record('EXECVE', 1, 'b'.repeat(40_000));
    const small = record('CWD', 1);
    const grouper = new Grouper().push(large, larger, small);
    await grouper.wait(2000);
    expect(grouper.events).toEqual([`${large} ${small}`, larger]);
  });

  it('passes a record on that is larger than a message', async () => {
    const huge = record('EXECVE', 1, 'a'.repeat(200_000));
    const grouper = new Grouper().push(huge);
    await grouper.wait(2000);
    expect(grouper.events).toEqual([huge]);
  });

  it('lets no event grow for ever', () => {
    const grouper = new Grouper();
    for (let i = 0; i < 10_000; i++) grouper.push(record('PATH', 1, `item=${i}`));
    expect(grouper.events.length).toBeGreaterThan(100);
    expect([...grouper.reassembler.openPlaces()].length).toBeLessThan(600);
  });

  it('hands the oldest events over where too many are open', () => {
    const grouper = new Grouper({ maxOpenEvents: 10 });
    for (let serial = 0; serial < 30; serial++) grouper.push(record('SYSCALL', serial));
    expect(grouper.events.map(serialIn)).toEqual(Array.from({ length: 20 }, (_, serial) => serial));
    expect(grouper.counts).toEqual({ evicted: 20 });
  });

  it('hands the oldest events over where they hold too much', () => {
    const grouper = new Grouper({ maxOpenBytes: 100_000 });
    for (let serial = 0; serial < 30; serial++) grouper.push(record('SYSCALL', serial, 'x'.repeat(10_000)));
    expect(grouper.events.map(serialIn)).toEqual(Array.from({ length: 21 }, (_, serial) => serial));
  });
});

describe('bad input', () => {
  it.each([
    ['no type', 'pid=1 uid=0'],
    ['a torn start', 'SCALL msg=audit(1.1:1): a=1'],
    ['a torn end', 'type=SYSCALL msg=audit(1.1:'],
    ['nothing behind the type', 'type=SYSCALL'],
    ['no id', 'type=SYSCALL msg=audit(): x'],
    ['an id without end', `type=SYSCALL msg=audit(${'1'.repeat(100)}): x`],
    ['a type further on', 'item=0 nametype=CREATE msg=audit(1.1:1): x'],
  ])('%s: counted and passed on as it is', (_name, line) => {
    const grouper = new Grouper().push(record('SYSCALL', 7), line, record('EOE', 7));
    expect(grouper.events).toEqual([line, `${record('SYSCALL', 7)} ${record('EOE', 7)}`]);
    expect(grouper.counts).toEqual({ invalid: 1 });
  });

  it('counts an empty line and passes nothing on', () => {
    const grouper = new Grouper().push('');
    expect(grouper.events).toEqual([]);
    expect(grouper.counts).toEqual({ invalid: 1 });
  });

  it('keeps bytes that are no UTF-8', () => {
    const grouper = new Grouper().push(
      record('SYSCALL', 1, 'grün'),
      Buffer.from(`${record('CWD', 1)}\xff`, 'latin1'),
      record('EOE', 1),
    );
    const expected = Buffer.concat([
      Buffer.from(record('SYSCALL', 1, 'grün ')),
      Buffer.from(`${record('CWD', 1)}\xff `, 'latin1'),
      Buffer.from(record('EOE', 1)),
    ]);
    expect(grouper.events).toEqual([expected.toString('latin1')]);
  });

  it('takes ids that are no numbers', () => {
    const grouper = new Grouper().push('type=SYSCALL msg=audit(a:b): x', 'type=EOE msg=audit(a:b): ').caughtUp();
    expect(grouper.events).toHaveLength(1);
  });
});

describe('missing events', () => {
  const login = (serial: number) => record('USER_LOGIN', serial);

  it('reports numbers that never came, after the linger', async () => {
    const grouper = new Grouper().push(login(10), login(11), login(15)).caughtUp();
    expect(grouper.gaps).toEqual([]);
    await grouper.wait(2000);
    expect(grouper.gaps).toEqual([{ node: '', first: 12, last: 14 }]);
    grouper.push(login(16));
    await grouper.wait(2000);
    expect(grouper.gaps).toHaveLength(1);
  });

  it('reports each gap, each node for itself', async () => {
    const grouper = new Grouper().push(
      ...[1, 3, 5].map(login),
      ...[7, 8, 10].map((serial) => `node=web ${login(serial)}`),
    );
    await grouper.wait(2000);
    expect(grouper.gaps).toEqual([
      { node: '', first: 2, last: 2 },
      { node: '', first: 4, last: 4 },
      { node: 'node=web ', first: 9, last: 9 },
    ]);
  });

  it.each([
    ['events out of order', [1, 3, 2, 5, 4, 6]],
    ['a restart of the machine', [900_000, 900_001, 1, 2, 3]],
    ['the end of the number range', [4_294_967_294, 4_294_967_295, 0, 1]],
  ])('is silent about %s', async (_name, serials) => {
    const grouper = new Grouper().push(...serials.map(login));
    await grouper.wait(2000);
    expect(grouper.gaps).toEqual([]);
  });

  it('begins anew with auditd, whose own records have other numbers', async () => {
    const grouper = new Grouper().push(login(10), record('DAEMON_START', 5555), login(900), login(901));
    await grouper.wait(2000);
    expect(grouper.gaps).toEqual([]);
  });

  it('knows after a restart where it was', async () => {
    const before = new Grouper().push(login(10), login(12)).caughtUp();
    const after = new Grouper();
    after.reassembler.restore(before.reassembler.save());
    after.reassembler.restore('{"damaged');
    after.push(login(13), login(16));
    await after.wait(2000);
    expect(after.gaps).toEqual([
      { node: '', first: 11, last: 11 },
      { node: '', first: 14, last: 15 },
    ]);
  });

  const restored = (saved: readonly string[]) => {
    const grouper = new Grouper();
    for (const text of saved) grouper.reassembler.restore(text);
    return grouper;
  };

  it.each([
    ['first', (saved: string[]) => saved],
    ['last', (saved: string[]) => saved.toReversed()],
  ])(
    'what several files of a log remember is told apart, also where all of it was read in one go and the clock went back (oldest %s)',
    async (...[, order]) => {
      let grouper = new Grouper();
      const saved: string[] = [];
      for (const serial of [10, 11, 12]) saved.push(grouper.push(login(serial)).reassembler.save());
      grouper.clock.jump(-3_600_000);
      saved.push(grouper.caughtUp().push(login(13)).reassembler.save());
      // Also over a restart.
      const clock = grouper.clock.now();
      grouper = restored(order(saved));
      grouper.clock.jump(clock - 3_600_000 - grouper.clock.now());
      saved.push(grouper.push(login(14)).reassembler.save());
      const last = restored(order(saved)).push(login(15));
      await last.wait(2000);
      expect(last.gaps).toEqual([]);
    },
  );
});

describe('interleaving', () => {
  const shapes = [
    ['SYSCALL', 'EXECVE', 'CWD', 'PATH', 'PATH', 'PROCTITLE', 'EOE'],
    ['SYSCALL', 'PROCTITLE'],
    ['AVC', 'SYSCALL'],
    ['SYSCALL', 'CWD', 'EOE'],
    ['LOGIN'],
    ['USER_AUTH'],
    ['CONFIG_CHANGE', 'SYSCALL', 'PROCTITLE'],
  ];
  const events = fc
    .array(fc.record({ shape: fc.constantFrom(...shapes), node: fc.constantFrom('', 'node=a ', 'node=b ') }), {
      minLength: 1,
      maxLength: 20,
    })
    .map((list) =>
      list.map(({ shape, node }, serial) =>
        shape.map((type, index) => `${node}${record(type, serial, `i=${index}`, 1000 + (serial % 7) * 5)}`),
      ),
    );

  it('gives the same events whatever the order of records of different ones, and however they are read', async () => {
    await fc.assert(
      fc.asyncProperty(events, fc.infiniteStream(fc.nat()), async (list, stream) => {
        const random = () => stream.next().value as number;
        const grouper = new Grouper();
        const rest = list.map((records) => [...records]);
        while (rest.length > 0) {
          const chosen = random() % rest.length;
          grouper.push(rest[chosen].shift() as string);
          if (rest[chosen].length === 0) rest.splice(chosen, 1);
          if (random() % 4 === 0) await grouper.wait(random() % 60);
        }
        await grouper.wait(2000);
        expect(grouper.take().sort()).toEqual(list.map((records) => records.join(' ')).sort());
        expect(grouper.reassembler.openEvents).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('passes on every byte of any input, once', async () => {
    const piece = fc.oneof(
      fc.constantFrom(...shapes.flat()).chain((type) => fc.nat(5).map((serial) => record(type, serial))),
      fc.string({ minLength: 1 }).map((text) => text.replace(/\n/g, '')),
      fc.constantFrom('type=', 'type=X msg=audit(', 'type=X msg=audit(1)', 'node= type=A msg=audit(1:1): '),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 80 }), async (records) => {
        const grouper = new Grouper({ maxOpenEvents: 3 }).push(...records);
        await grouper.wait(2000);
        const length = (texts: readonly string[]) =>
          texts.reduce((sum, text) => sum + text.replaceAll(' ', '').length, 0);
        expect(length(grouper.events)).toBe(length(records));
      }),
      { numRuns: 300 },
    );
  });
});

describe('real logs', () => {
  const folder = '../shared/conformance/real-logs';
  const names = [
    'go-libaudit',
    'beats-oss__auditd',
    'selinux-sepolgen',
    'selinux-sepolgen__audit',
    'selinux-sepolgen__short',
  ];

  it.each(names)('%s: what is not interleaved equals the join of neighbours', async (name) => {
    const path = `${folder}/${name}.log`;
    if (!existsSync(path)) {
      console.log(`skipped: ${path} is not there`);
      return;
    }
    const records = readFileSync(path, 'latin1').trimEnd().split('\n');
    const grouper = new Grouper().push(...records);
    await grouper.wait(2000);
    // Ids that stand together once; the others are events torn apart, or copies of one event far from each other.
    const neighbours = joinNeighbours(records);
    const idOf = (text: string) => /^(node=\S+ )?type=\S+ (msg=audit\([^)]*\))/.exec(text)?.slice(1).join('') ?? text;
    const times = new Map<string, number>();
    for (const event of neighbours) times.set(idOf(event), (times.get(idOf(event)) ?? 0) + 1);
    const once = neighbours.filter((event) => times.get(idOf(event)) === 1);
    expect(once.length).toBeGreaterThan(neighbours.length / 2);
    expect(grouper.events.filter((event) => times.get(idOf(event)) === 1).sort()).toEqual(once.sort());
    const words = (texts: readonly string[]) => texts.join(' ').split(' ').sort();
    expect(words(grouper.events)).toEqual(words(records));
  });
});
