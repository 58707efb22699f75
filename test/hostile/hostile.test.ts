import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, lchownSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../support/hids.ts';
import { waitFor } from '../support/process.ts';
import { RULES, startTarget, type Target } from './target.ts';

let target: Target;
beforeAll(async () => {
  target = await startTarget();
}, 60_000);
// After every attack: it lives, and an ordinary event still becomes an alert.
afterEach(() => target.stillAlerts());
afterAll(async () => {
  // In order: it drains what is left and says nothing of an unexpected fault.
  expect(await target.hids.stop()).toBe(0);
  expect(target.hids.output()).not.toContain('unexpected fault');
  rmSync(target.folder, { recursive: true });
});

/** Waits for an alert whose log contains the text. */
async function alertAbout(text: string): Promise<Record<string, unknown>> {
  const find = () => target.alerts().find(({ full_log }) => String(full_log).includes(text));
  return waitFor(`an alert about ${text}`, find, { process: target.hids, timeoutMs: 20_000 });
}

const failed = (reason: string) => target.metric(new RegExp(`hids_otlp_failed_requests.*reason="${reason}"`));
const memory = () => target.metric(/^otelcol_process_memory_rss/);

describe('over the network', () => {
  it('a body that explodes when it is decompressed', async () => {
    const before = await memory();
    const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024, ' '), { level: 9 });
    for (let time = 0; time < 5; time++) {
      const { status } = await target.post(bomb, { 'content-encoding': 'gzip' });
      expect(status).toBe(413);
    }
    expect(await failed('too_large')).toBe(5);
    expect((await memory()) - before).toBeLessThan(300 * 1024 * 1024);
  });

  it('a header without an end', async () => {
    const reply = await target.raw(target.ports.http, (socket) => {
      socket.write('POST /v1/logs HTTP/1.1\r\n');
      const more = setInterval(() => socket.write(`x-${Math.random()}: ${'y'.repeat(1000)}\r\n`), 1);
      socket.on('close', () => clearInterval(more));
    });
    expect(reply).toContain('431 Request Header Fields Too Large');
    expect(await failed('http_431')).toBe(1);
  });

  it('clients that send a byte now and then', async () => {
    const drip = (start: string) =>
      target.raw(target.ports.http, (socket) => {
        socket.write(start);
        const more = setInterval(() => socket.write('a'), 100);
        socket.on('close', () => clearInterval(more));
      });
    const head =
      'POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n';
    const replies = await Promise.all([...Array.from({ length: 20 }, () => drip('POST /v1/lo')), drip(head)]);
    for (const reply of replies) expect(reply).toMatch(/^(HTTP\/1.1 503|$)/);
    expect(await failed('http_503')).toBeGreaterThanOrEqual(20);
  });

  it('more connections than allowed', async () => {
    const before = await failed('too_many_connections');
    const open = Array.from({ length: 120 }, () => target.raw(target.ports.http, () => {}));
    await waitFor('connections are turned away', async () => (await failed('too_many_connections')) > before);
    await Promise.all(open);
  });

  it('connections that are opened and left, on every port', async () => {
    const { http, grpc, health, metrics } = target.ports;
    const sockets = [http, grpc, health, metrics].flatMap((port) =>
      Array.from({ length: port === grpc ? 1200 : 200 }, () => connect(port, '127.0.0.1').on('error', () => {})),
    );
    try {
      // Each has its bound, of 1,250 in all; those over it are closed at once, those that stay silent soon after.
      const open = () => sockets.filter(({ readyState }) => readyState === 'open').length;
      await waitFor('connections over the bounds are closed', () => (open() <= 1250 ? true : undefined), {
        process: target.hids,
        timeoutMs: 20_000,
      });
      for (const [port, path] of [
        [health, '/ready'],
        [metrics, '/metrics'],
      ] as const) {
        const ask = () =>
          fetch(`http://127.0.0.1:${port}${path}`).then(
            ({ ok }) => ok || undefined,
            () => undefined,
          );
        await waitFor(`an answer from ${path}`, ask, { process: target.hids, timeoutMs: 20_000 });
      }
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    expect(
      await target.metric(
        /hids_otlp_failed_requests.*reason="too_many_connections".*transport="grpc"|hids_otlp_failed_requests.*transport="grpc".*reason="too_many_connections"/,
      ),
    ).toBe(200);
  });

  it('bytes that are none of our protocols', async () => {
    const junk = [
      Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc]),
      Buffer.alloc(100_000, 0xff),
      Buffer.from('GET\r\n\r\n'),
    ];
    for (const port of [target.ports.http, target.ports.grpc, target.ports.health, target.ports.metrics]) {
      for (const bytes of junk) {
        await target.raw(port, (socket) => {
          socket.write(bytes);
          setTimeout(() => socket.destroy(), 50);
        });
      }
    }
  });

  it('a record with 100,000 attributes', async () => {
    const attributes = Array.from({ length: 100_000 }, (_, index) => ({ key: `k${index}`, value: { intValue: '1' } }));
    const { status, text } = await target.log(['many'], { 'host.name': 'web01' }, { attributes });
    expect({ status, text }).toEqual({ status: 200, text: expect.stringMatching(/"rejectedLogRecords":"?1/) });
    expect(await target.metric(/hids_otlp_rejected_log_records.*reason="limit"/)).toBe(1);
  });

  it.each([
    ['brackets', '['.repeat(1_000_000)],
    ['objects', `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`],
    [
      'values',
      `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${'{"arrayValue":{"values":['.repeat(50_000)}{}${']}}'.repeat(50_000)}}]}]}]}`,
    ],
  ])('nesting: %s', async (...[, body]) => {
    const { status, text } = await target.post(body);
    // Keys that OTLP does not know mean nothing, however deep they go: nothing was sent.
    if (body.startsWith('{"a"')) expect({ status, text }).toEqual({ status: 200, text: '{}' });
    else if (status === 200) expect(text).toContain('rejectedLogRecords');
    else expect([400, 413]).toContain(status);
  });

  it('names that mean something to JavaScript, or hold bytes that do to a terminal', async () => {
    const names = ['__proto__', 'constructor', 'toString', 'hids.location', '\0', '\x1b[2J', 'a'.repeat(10_000)];
    const attributes = names.map((key) => ({ key, value: { stringValue: 'hostile' } }));
    const { status } = await target.log(
      ['hostile-marker names'],
      { __proto__: 'x', 'host.name': 'web01' },
      { attributes },
    );
    expect(status).toBe(200);
    await alertAbout('hostile-marker names');
    expect(target.hids.output()).not.toContain('\x1b');
  });

  it('hosts whose names are paths', async () => {
    const before = listAll(target.folder);
    for (const name of ['../../../../../../pwned', '/pwned', 'a/../../pwned', '..', '\0pwned', 'pwned\n../x']) {
      const resource = { 'host.name': name, 'host.id': `${name}/id`, 'service.name': name, 'log.file.path': name };
      expect((await target.log([`hostile-marker path ${name}`], resource)).status).toBe(200);
    }
    await alertAbout('hostile-marker path /pwned');
    expect(listAll(target.folder)).toEqual(before);
    expect(existsSync('/pwned')).toBe(false);
  });
});

describe('in the text of events', () => {
  it('what looks like a command is not run', async () => {
    const mark = target.at('executed');
    const texts = [
      `$(touch ${mark})`,
      `\`touch ${mark}\``,
      `; touch ${mark};`,
      `| touch ${mark}`,
      `\n touch ${mark}\n`,
      `' && touch ${mark} #`,
    ];
    for (const text of texts) {
      const resource = { 'host.name': text, 'service.name': text, 'hids.location': text };
      expect((await target.log([`hostile-marker shell ${text}`], resource)).status).toBe(200);
    }
    writeFileSync(
      join(target.at('logs'), `$(touch executed) ; touch executed.log`),
      `hostile-marker file ${texts[0]}\n`,
    );
    await alertAbout('hostile-marker file');
    const runs = await target.metric(/otelcol_receiver_accepted_log_records.*receiver="command"/);
    await waitFor('the next run of the configured command', async () => {
      return (await target.metric(/otelcol_receiver_accepted_log_records.*receiver="command"/)) > runs + 1;
    });
    expect(existsSync(mark)).toBe(false);
    expect(listAll(target.folder).some((name) => name.endsWith('/executed'))).toBe(false);
  });

  it('control characters and forged records stay inside of their line', async () => {
    const forged = '** Alert 1700000000.1: - forged,\n2026 Jan 01 00:00:00 x->y\nRule: 1 (level 15) -> "forged"';
    const text = `hostile-marker \x1b]0;title\x07\x1b[2J\x9b31m \u202e\u2028 \r\n\n${forged}`;
    expect((await target.log([text])).status).toBe(200);
    appendFileSync(target.at('logs/plain.log'), `hostile-marker \x1b[2J in a file\n`);
    await alertAbout('in a file');
    // All that has been printed or written since the start.
    const written = `${target.hids.output()}${target.alertLog()}`;
    expect(written).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u2028]/);
    expect(written).toContain('\\x1b]0;title\\x07');
    expect(target.alertLog()).not.toMatch(/^\*\* Alert 1700000000\.1/m);
    expect(JSON.stringify(target.alerts().map(({ rule }) => rule))).not.toContain('forged');
  });

  it('control messages of a manager are ordinary lines', async () => {
    const forged = "ossec: output: 'watched': hostile-marker";
    const late = await target.metric(/hids_ruleset_stale_runs/);
    await target.log([`${forged} forged control`]);
    appendFileSync(target.at('logs/control.log'), `${forged} forged control\n`);
    const count = () => target.alerts().filter(({ full_log }) => String(full_log).includes('forged control'));
    await waitFor('both are judged as lines', () => (count().length >= 2 ? true : undefined), { process: target.hids });
    for (const alert of count()) expect(alert).toMatchObject({ rule: { id: '100901' } });
    expect(await target.metric(/hids_ruleset_stale_runs/)).toBe(late);
  });

  it('a text that a pattern takes for ever to refuse', async () => {
    const started = performance.now();
    expect((await target.log([`explode ${'a'.repeat(20_000)}!`])).status).toBe(200);
    expect(performance.now() - started).toBeLessThan(15_000);
    await waitFor('the tripped bound is an alert', () => {
      return target.alerts().find(({ rule }) => (rule as { id: string }).id === '199060');
    });
    expect(await target.metric(/hids_ruleset_match_limit_tripped.*owner="100900"/)).toBeGreaterThanOrEqual(1);
  });
});

describe('in files', () => {
  it('a line that does not end', async () => {
    const before = await memory();
    const piece = Buffer.alloc(1024 * 1024, 'x');
    for (let megabyte = 0; megabyte < 64; megabyte++) appendFileSync(target.at('logs/giant.log'), piece);
    appendFileSync(target.at('logs/giant.log'), '\nhostile-marker after the giant\n');
    await alertAbout('after the giant');
    expect(await target.metric(/hids_tail_lines_cut.*receiver="file_log"/)).toBe(1);
    await waitFor('cut lines are reported', () => {
      return target.alerts().find(({ rule }) => (rule as { id: string }).id === '199044');
    });
    expect((await memory()) - before).toBeLessThan(300 * 1024 * 1024);
  });

  it('lines that a pattern for the begin of records would take for ever to refuse', async () => {
    const file = target.at('records/app.log');
    for (let line = 0; line < 100; line++) appendFileSync(file, `${'a'.repeat(5000)}!\n`);
    appendFileSync(file, 'begin: hostile-marker after the pattern\nbegin:\n');
    await alertAbout('after the pattern');
  });

  it('bytes that are no text', async () => {
    const bytes = Buffer.from([0xff, 0xfe, 0xc0, 0xaf, 0xed, 0xa0, 0x80, 0xf5, 0x0, 0x0]);
    appendFileSync(
      target.at('logs/bytes.log'),
      Buffer.concat([Buffer.from('hostile-marker bytes '), bytes, Buffer.from('\n')]),
    );
    const alert = await alertAbout('hostile-marker bytes');
    expect(String(alert.full_log)).toContain('\ufffd');
  });

  it('links, pipes, devices and loops in a watched folder', async () => {
    const logs = target.at('logs');
    writeFileSync(target.at('secret'), 'hostile-marker secret of root\n', { mode: 0o600 });
    symlinkSync(join(logs, 'loop.log'), join(logs, 'loop.log'));
    symlinkSync('/dev/zero', join(logs, 'device.log'));
    symlinkSync('/', join(logs, 'folder.log'));
    execFileSync('mkfifo', [join(logs, 'pipe.log')]);
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) {
      const link = join(logs, 'stolen.log');
      symlinkSync(target.at('secret'), link);
      lchownSync(link, 65_534, 65_534);
    } else process.stdout.write('skipped: giving a link away needs root\n');
    appendFileSync(join(logs, 'plain.log'), 'hostile-marker beside the links\n');
    await alertAbout('beside the links');
    appendFileSync(join(logs, 'plain.log'), 'hostile-marker long after the links\n');
    await alertAbout('long after the links');
    const found = target.alerts().filter(({ full_log }) => String(full_log).includes('secret of root'));
    expect(found).toEqual([]);
    for (const name of readdirSync(logs)) if (/^(loop|device|folder|pipe|stolen)/.test(name)) rmSync(join(logs, name));
  });
});

describe('in rules and configuration', () => {
  const ENTITIES = `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">${'bcdefghij'
    .split('')
    .map((name, index) => `<!ENTITY ${name} "${`&${'abcdefghi'[index]};`.repeat(10)}">`)
    .join('')}]>`;
  const VARIABLES = `<var name="a">${'x'.repeat(100)}</var>${'bcdefghij'
    .split('')
    .map((name, index) => `<var name="${name}">${`$${'abcdefghi'[index]}`.repeat(10)}</var>`)
    .join('')}`;

  it.each([
    [
      'entities of entities',
      `${ENTITIES}<group name="g,"><rule id="100902" level="3"><match>&j;</match><description>d</description></rule></group>`,
    ],
    [
      'variables of variables',
      `${VARIABLES}<group name="g,"><rule id="100902" level="3"><match>$j</match><description>d</description></rule></group>`,
    ],
    ['nesting without an end', '<group>'.repeat(200_000)],
    ['an endless tag', `<group ${'a="b" '.repeat(500_000)}`],
    ['bytes', Buffer.alloc(300_000, 0xff).toString('latin1')],
  ])('a reload of rules that hold %s', async (...[, text]) => {
    const file = target.at('rules/bomb.xml');
    const reloads = () => target.metric(/hids_ruleset_reloads/);
    const before = await reloads();
    writeFileSync(file, text, { mode: 0o600, encoding: 'latin1' });
    await waitFor('the set is judged', async () => (await reloads()) > before || undefined, { process: target.hids });
    await target.stillAlerts();
    rmSync(file);
    writeFileSync(target.at('rules/hostile.xml'), `${RULES}<!-- ${Math.random()} -->`, { mode: 0o600 });
  });

  it.each([
    [
      'aliases of aliases',
      'config.yaml',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
        .split('')
        .map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdefg'[index]}`).join(',')}]`)
        .join('\n')}\n`,
    ],
    ['nesting without an end', 'config.yaml', '['.repeat(500_000)],
    [
      'entities in ossec.conf',
      'home/etc/ossec.conf',
      `${ENTITIES}<ossec_config><ruleset><rule_dir>&j;</rule_dir></ruleset></ossec_config>`,
    ],
  ])('a configuration that holds %s', (...[, name, text]) => {
    const folder = target.at(`bad-${Math.random()}`);
    execFileSync('mkdir', ['-p', '-m', '700', join(folder, 'home/etc'), join(folder, 'home/ruleset/rules')]);
    const config = `receivers: { otlp: { protocols: { http: } } }
processors: { ruleset: { wazuh_home: ${folder}/home } }
exporters: { debug: }
service: { pipelines: { logs: { receivers: [otlp], processors: [ruleset], exporters: [debug] } } }
`;
    writeFileSync(join(folder, 'config.yaml'), config, { mode: 0o600 });
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    const argv = [join(ROOT, 'src/cli/main.ts'), 'validate', '--config', join(folder, 'config.yaml')];
    const result = spawnSync(process.execPath, argv, {
      timeout: 20_000,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    expect(result.signal).toBeNull();
    // What an entity would stand for is not looked up: the folder of that name does not exist.
    expect(result.status).toBe(name === 'config.yaml' ? 1 : 0);
    if (name === 'config.yaml') expect(result.stderr).toMatch(/error\[yaml-[a-z-]+\]/);
    expect(result.stderr).not.toContain('unexpected error');
    expect(result.stderr.length).toBeLessThan(100_000);
  });
});

/** Every path below a folder but those that the process itself writes. */
function listAll(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('data'))
    .map((name) => `/${name}`)
    .sort();
}
