import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { PermanentError, RefusedError } from '../../../src/component/errors.ts';
import { commandSchema } from '../../../src/receiver/command/config.ts';
import { CommandReceiver } from '../../../src/receiver/command/receiver.ts';
import { describeComponentContract } from '../../contract/component.ts';
import { describeReceiverContract } from '../../contract/receiver.ts';
import { recordsOf } from '../../support/consumers.ts';
import { createTestHost, createTestSettings } from '../../support/settings.ts';
import { createReceiver, type Setup, until } from './helpers.ts';

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function started(config: object, options: Parameters<typeof createReceiver>[1] = {}): Promise<Setup> {
  const setup = createReceiver(config, options);
  cleanups.push(() => setup.receiver.shutdown());
  await setup.receiver.start(setup.host);
  return setup;
}

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'otel-hids-command-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Moves time on in small steps, for what waits for processes to end. */
async function advanceUntilRecords({ settings, intake }: Setup, count: number): Promise<void> {
  await until(async () => {
    await settings.clock.advance(10);
    return intake.recordCount >= count;
  });
}

function bodies({ intake }: Setup): unknown[] {
  return intake.records.map((record) => record.body);
}

describe('command receiver', () => {
  it('hands over the whole output as rules expect it', async () => {
    const setup = await started({ command: String.raw`printf 'a\r\nb\n\n'`, alias: 'netstat listening ports' });
    const [record] = await setup.intake.waitForRecords(1);
    const [group] = setup.intake.batches[0].logs;
    expect(record.body).toBe("ossec: output: 'netstat listening ports':\na\nb");
    expect(group.trusted).toBe(true);
    expect(Object.fromEntries(group.resource.attributes)).toEqual({
      'host.name': 'test-host',
      'host.id': 'test-host-id',
    });
    const run = setup.settings.clock.now();
    expect(Object.fromEntries(record.attributes)).toEqual({
      'hids.queue': '1',
      'hids.location': 'netstat listening ports',
      'hids.command.alias': 'netstat listening ports',
      'hids.command.format': 'full_command',
      'hids.command.run': run,
      'hids.command.exit_code': 0,
    });
    expect(record.identity).toBe(`command:test-host-id:command/test:${run}:1`);
    expect(record.timeUnixNano).toBe(BigInt(run) * 1_000_000n);
    expect(await setup.settings.metrics.value('otelcol_receiver_accepted_log_records')).toBe(1);
    expect(await setup.settings.metrics.value('hids_command_runs', { outcome: 'exited' })).toBe(1);
  });

  it('hands over each line on its own, the command text being the alias', async () => {
    const setup = await started({ command: String.raw`printf 'one\n\ntwo\n'`, format: 'command' });
    const header = String.raw`ossec: output: 'printf 'one\n\ntwo\n'': `;
    const records = await setup.intake.waitForRecords(3);
    expect(bodies(setup)).toEqual([`${header}one`, header, `${header}two`]);
    expect(new Set(records.map((record) => record.identity)).size).toBe(3);
  });

  it.each([
    ['full_command', "ossec: output: 'x':"],
    ['command', "ossec: output: 'x': "],
  ])('takes no output of a good run for an event (%s)', async (format, body) => {
    const setup = await started({ command: 'true', alias: 'x', format });
    await setup.intake.waitForRecords(1);
    expect(bodies(setup)).toEqual([body]);
  });

  it('takes exit 1 for a good run and tells the code once', async () => {
    const setup = await started({ command: 'echo nothing | grep something', alias: 'x', interval: '10s' });
    await setup.intake.waitForRecords(2);
    expect(bodies(setup)).toEqual(["ossec: output: 'x':", "otel-hids: command exited: subject='x' exit=1"]);
    await setup.settings.clock.advance(10_000);
    await setup.intake.waitForRecords(3);
    expect(bodies(setup)[2]).toBe("ossec: output: 'x':");
  });

  it('hands over bytes that are no UTF-8 as bytes', async () => {
    const setup = await started({ command: String.raw`printf 'caf\351\n'`, alias: 'x' });
    const [record] = await setup.intake.waitForRecords(1);
    expect(record.body).toEqual(Buffer.from("ossec: output: 'x':\ncaf\xe9", 'latin1'));
  });

  it('normalises', async () => {
    const command = String.raw`printf 'b 2 x\n  a 1 y\n# 12:30\n'`;
    const normalize = { sort: true, trim: true, ignore: ['^#'], columns: [1, 3] };
    const setup = await started({ command, alias: 'x', normalize });
    await setup.intake.waitForRecords(1);
    expect(bodies(setup)).toEqual(["ossec: output: 'x':\na y\nb x"]);
  });

  it('reports an expression that explodes, and does not evaluate the run', async () => {
    const command = `head -c 40 /dev/zero | tr '\\0' a; echo b`;
    const setup = await started({ command, alias: 'x', normalize: { ignore: ['^(a+)+$'] } });
    const [record] = await setup.intake.waitForRecords(1);
    expect(record.body).toMatch(
      /^otel-hids: command output not normalised: subject='x' reason='the expressions of normalize.ignore took longer/,
    );
    expect(setup.intake.recordCount).toBe(1);
  });

  it.each([
    [
      'command failed',
      { command: 'no-such-command' },
      /^otel-hids: command failed: subject='x' exit=127 duration=\d+ms failed_runs=1\nStandard error:\n.*not found$/,
    ],
    [
      'command could not start',
      { command: ['/no/such/program'] },
      /^otel-hids: command could not start: subject='x' reason='\/no\/such\/program not found' duration=/,
    ],
    [
      'command killed',
      { command: 'echo part; kill -9 $$' },
      /^otel-hids: command killed: subject='x' signal=SIGKILL .*\nOutput, not evaluated:\npart$/,
    ],
    [
      'command killed (in the shell)',
      { command: 'sh -c "kill -9 \\$\\$"; exit $?' },
      /^otel-hids: command killed: subject='x' signal=9 /,
    ],
    [
      'command output truncated',
      { command: 'yes | head -c 100000000' },
      /^otel-hids: command output truncated: subject='x' limit=65024 [^\n]*\nOutput, not evaluated:\n(y\n){2048}\n?\[\.\.\. 60928 more bytes\]$/,
    ],
  ])('reports a run that is no baseline: %s', async (_name, config, expected) => {
    const setup = await started({ alias: 'x', ...config });
    await advanceUntilRecords(setup, 1);
    const [record] = setup.intake.records;
    expect(record.body).toMatch(expected);
    expect(record.eventName).toBe('hids.health');
    expect(record.attributes.get('hids.location')).toBe('otel-hids');
    expect(setup.intake.recordCount).toBe(1);
  });

  it('reports a timeout, evaluates nothing of the run, and says when the command is well again', async () => {
    const folder = createFolder();
    const command = `cd ${folder}; if [ -e ran ]; then echo fine; else echo part; touch ran; sleep 1000; fi`;
    const setup = await started({ command, alias: 'x', timeout: '30s', interval: '1m' });
    await until(() => readdirSync(folder).includes('ran'));
    await setup.settings.clock.advance(30_000);
    await advanceUntilRecords(setup, 1);
    expect(bodies(setup)[0]).toMatch(
      /^otel-hids: command timed out: subject='x' timeout=30s duration=\d+ms failed_runs=1\nOutput, not evaluated:\npart$/,
    );
    await setup.settings.clock.advance(30_000);
    await setup.intake.waitForRecords(3);
    expect(bodies(setup).slice(1)).toEqual([
      "ossec: output: 'x':\nfine",
      "otel-hids: command recovered: subject='x' failed_runs=1",
    ]);
  });

  it('reports the same failure once for each report interval', async () => {
    const setup = await started({ command: 'exit 127', alias: 'x', interval: '10m', report_interval: '1h' });
    await setup.intake.waitForRecords(1);
    for (let run = 2; run <= 7; run++) {
      await setup.settings.clock.advance(600_000);
      await until(async () => (await setup.settings.metrics.value('hids_command_runs')) === run);
    }
    await setup.intake.waitForRecords(2);
    expect(bodies(setup)[1]).toContain(' failed_runs=7');
    expect(setup.intake.recordCount).toBe(2);
  });

  it('reports standard error when it changes, without terminal sequences', async () => {
    const command = String.raw`echo out; printf 'bad \033[31mthing\n' >&2`;
    const setup = await started({ command, alias: 'x', interval: '10s' });
    await setup.intake.waitForRecords(2);
    await setup.settings.clock.advance(10_000);
    await setup.intake.waitForRecords(3);
    const output = "ossec: output: 'x':\nout";
    const report = "otel-hids: command wrote to stderr: subject='x' bytes=15\nbad \\x1b[31mthing";
    expect(bodies(setup)).toEqual([output, report, output]);
  });

  it('is not kept busy by line ends on standard error', { timeout: 15_000 }, async () => {
    const command = String.raw`echo out; head -c 1000000 /dev/zero | tr '\0' '\n' >&2; printf 'end\n\n' >&2`;
    const setup = await started({ command, alias: 'x', max_stderr: 1024 * 1024 });
    await setup.intake.waitForRecords(2);
    expect(bodies(setup)[1]).toMatch(/^otel-hids: command wrote to stderr: subject='x' bytes=1000005\n\n+end$/);
  });

  it.each([
    ['a string', 'echo one; echo two >&2; echo three'],
    ['a list', ['sh', '-c', 'echo one; echo two >&2; echo three']],
  ])('merges standard error in its place for %s', async (_name, command) => {
    const setup = await started({ command, alias: 'x', stderr: 'merge' });
    await setup.intake.waitForRecords(1);
    expect(bodies(setup)).toEqual(["ossec: output: 'x':\none\ntwo\nthree"]);
  });

  it('starts at once, then from start to start, with jitter', async () => {
    const setup = await started({ command: 'echo x', interval: '60s', jitter: '10s' }, { random: () => 0.5 });
    const start = setup.settings.clock.now();
    await setup.intake.waitForRecords(1);
    await until(() => setup.settings.clock.pending === 1);
    expect(setup.settings.clock.nextDelay).toBe(65_000);
    await setup.settings.clock.advance(64_999);
    expect(setup.intake.recordCount).toBe(1);
    await setup.settings.clock.advance(1);
    const records = await setup.intake.waitForRecords(2);
    expect(records[1].attributes.get('hids.command.run')).toBe(start + 65_000);
  });

  it('waits for the initial delay', async () => {
    const setup = await started({ command: 'echo x', initial_delay: '5s' });
    await setup.settings.clock.advance(4999);
    expect(await setup.settings.metrics.value('hids_command_runs')).toBe(0);
    await setup.settings.clock.advance(1);
    await setup.intake.waitForRecords(1);
  });

  it('never runs twice at a time, counts what fell out and says so', async () => {
    const folder = createFolder();
    const command = `cd ${folder}; : > run.$$; while [ ! -e go ]; do sleep 0.01; done; echo done`;
    const setup = await started({ command, alias: 'x', interval: '10s', timeout: '1h' });
    await until(() => readdirSync(folder).length === 1);
    await setup.settings.clock.advance(35_000);
    expect(readdirSync(folder)).toHaveLength(1);
    writeFileSync(join(folder, 'go'), '');
    await setup.intake.waitForRecords(3);
    const done = "ossec: output: 'x':\ndone";
    expect(bodies(setup)).toEqual([done, done, "otel-hids: command runs skipped: subject='x' runs=2"]);
    expect(await setup.settings.metrics.value('hids_command_runs_skipped')).toBe(2);
  });

  it('keeps output that is refused and offers it again; the next run waits', async () => {
    const setup = createReceiver({ command: 'echo x', alias: 'x', interval: '1s' });
    cleanups.push(() => setup.receiver.shutdown());
    let runsWhenTaken = 0;
    setup.intake.fail = async (_batch, call) => {
      if (call === 0) throw new RefusedError('the queue is full', 5000);
      if (call === 1) throw new Error('the disk is full');
      if (call === 2) runsWhenTaken = await setup.settings.metrics.value('hids_command_runs');
    };
    await setup.receiver.start(setup.host);
    await until(() => setup.host.statuses.get('command/test')?.state === 'recoverable_error');
    await setup.settings.clock.advance(4999);
    expect(await setup.settings.metrics.value('otelcol_receiver_refused_log_records')).toBe(1);
    await setup.settings.clock.advance(1001);
    await setup.intake.waitForRecords(1);
    expect(runsWhenTaken).toBe(1);
    expect(await setup.settings.metrics.value('otelcol_receiver_refused_log_records')).toBe(2);
    await until(() => setup.host.statuses.get('command/test')?.state === 'ok');
  });

  it('drops and counts what can never be accepted, and goes on', async () => {
    const setup = createReceiver({ command: 'echo x', alias: 'x', interval: '1s' });
    cleanups.push(() => setup.receiver.shutdown());
    setup.intake.fail = (_batch, call) => {
      if (call === 0) throw new PermanentError('never');
    };
    await setup.receiver.start(setup.host);
    await until(async () => (await setup.settings.metrics.value('otelcol_receiver_failed_log_records')) === 1);
    await setup.settings.clock.advance(1000);
    await setup.intake.waitForRecords(2);
    expect(bodies(setup)[1]).toBe("otel-hids: command output not delivered: subject='x' reason=never");
    expect(setup.settings.logger.entries.filter((entry) => entry.level === 'error')).toHaveLength(1);
  });

  it('makes a last attempt at shutdown', async () => {
    const setup = createReceiver({ command: 'echo x', alias: 'x' });
    setup.intake.fail = (_batch, call) => {
      if (call === 0) throw new RefusedError('full', 60_000);
    };
    await setup.receiver.start(setup.host);
    await until(() => setup.host.statuses.get('command/test')?.state === 'recoverable_error');
    await setup.receiver.shutdown();
    expect(setup.intake.recordCount).toBe(1);
  });

  it('numbers runs upwards, also after a restart with the clock gone back', async () => {
    const host = createTestHost();
    const first = createReceiver({ command: 'echo x' }, { host });
    await first.receiver.start(host);
    const [before] = await first.intake.waitForRecords(1);
    await first.receiver.shutdown();
    const settings = createTestSettings({ id: 'command/test' });
    settings.clock.jump(-3_600_000);
    const second = await started({ command: 'echo x' }, { host, settings });
    const [after] = await second.intake.waitForRecords(1);
    expect(after.attributes.get('hids.command.run')).toBe(Number(before.attributes.get('hids.command.run')) + 1);
    expect(after.identity).not.toBe(before.identity);
  });

  it('goes on at its interval when the clock is set back while it waits', async () => {
    const setup = await started({ command: 'echo x', interval: '60s' });
    await setup.intake.waitForRecords(1);
    await until(() => setup.settings.clock.pending === 1);
    setup.settings.clock.jump(-86_400_000);
    await setup.settings.clock.advance(60_000);
    await setup.intake.waitForRecords(2);
  });
});

const emptyRun = (settings: ReturnType<typeof createTestSettings>) => ({
  component: new CommandReceiver(settings, commandSchema.parse({ command: 'sleep 100' }), { consume: async () => {} }),
});
describeComponentContract('command', emptyRun);

describeReceiverContract(
  'command',
  () => {
    const folder = createFolder();
    let files = 0;
    const command = `cd ${folder}; for f in *.lines; do [ -e "$f" ] && cat "$f" && rm "$f"; done; :`;
    return {
      create: (settings, next) =>
        new CommandReceiver(
          settings,
          commandSchema.parse({ command, alias: 'x', format: 'command', interval: '1s', timeout: '1h' }),
          next,
        ),
      async send(ids) {
        const file = join(folder, `${files++}`);
        writeFileSync(file, `${ids.join('\n')}\n`);
        renameSync(file, `${file}.lines`);
        return 'stored';
      },
      idOf: (record) => /^ossec: output: 'x': (record-\d+)$/.exec(String(record.body))?.[1],
    };
  },
  { step: 20 },
);

it('gives every record of every run an identity of its own', async () => {
  const setup = await started({ command: 'echo a; echo a; echo b >&2', format: 'command', interval: '1s' });
  await setup.intake.waitForRecords(3);
  await setup.settings.clock.advance(1000);
  await setup.intake.waitForRecords(5);
  const identities = recordsOf(setup.intake.batches).map((record) => record.identity);
  expect(new Set(identities).size).toBe(identities.length);
});
