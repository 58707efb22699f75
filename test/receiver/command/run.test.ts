import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/component/clock.ts';
import { runCommand } from '../../../src/receiver/command/run.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { createSpec, isRunning, until } from './helpers.ts';

const never = new AbortController().signal;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'otel-hids-run-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('runCommand', () => {
  it.each([
    ['prints and ends', 'printf "a\\nb\\n"', { kind: 'exited', code: 0 }, 'a\nb\n', ''],
    ['exits with a code', 'echo out; exit 3', { kind: 'exited', code: 3 }, 'out\n', ''],
    ['keeps standard error apart', 'echo out; echo err >&2', { kind: 'exited', code: 0 }, 'out\n', 'err\n'],
    ['finds standard input empty', 'cat; echo end', { kind: 'exited', code: 0 }, 'end\n', ''],
    ['dies by a signal', 'kill -SEGV $$', { kind: 'killed', signal: 'SIGSEGV' }, '', ''],
    ['says 127 for an unknown command', 'no-such-command-here 2>/dev/null', { kind: 'exited', code: 127 }, '', ''],
  ])('%s', async (_name, script, outcome, stdout, stderr) => {
    const result = await runCommand(createSpec(script), systemClock, never);
    expect(result.outcome).toEqual(outcome);
    expect(result.stdout.toString()).toBe(stdout);
    expect(result.stderr.toString()).toBe(stderr);
  });

  it.each([
    ['a program that is not there', { file: '/no/such/program', args: [] }, '/no/such/program not found'],
    ['a file that is no program', { file: '/etc/passwd', args: [] }, '/etc/passwd may not be executed'],
    ['a missing working directory', { cwd: '/no/such/folder' }, 'working directory /no/such/folder does not exist'],
  ])('reports %s', async (_name, overrides, reason) => {
    const result = await runCommand(createSpec('true', overrides), systemClock, never);
    expect(result.outcome).toEqual({ kind: 'not_started', reason });
  });

  it('reports arguments that are longer than the system takes', async () => {
    const result = await runCommand(createSpec('true', { args: ['-c', 'x'.repeat(4_000_000)] }), systemClock, never);
    expect(result.outcome).toMatchObject({ kind: 'not_started', reason: expect.stringContaining('E2BIG') });
  });

  it('passes nothing of our own environment on', async () => {
    process.env.OTEL_HIDS_TEST_SECRET = 'hunter2';
    try {
      const spec = createSpec('env | sort | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD=', {
        env: { LC_ALL: 'C', PATH: '/usr/bin:/bin', A: '1' },
      });
      const result = await runCommand(spec, systemClock, never);
      expect(result.stdout.toString()).toBe('A=1\nLC_ALL=C\nPATH=/usr/bin:/bin\n');
    } finally {
      delete process.env.OTEL_HIDS_TEST_SECRET;
    }
  });

  it('ends a command that hangs at its timeout, with the children it started', async () => {
    const clock = new FakeClock();
    const file = join(folder, 'hang');
    const run = runCommand(
      createSpec(`sleep 1000 & echo $! > ${file}.tmp; mv ${file}.tmp ${file}; wait`),
      clock,
      never,
    );
    const child = await readPid(file);
    await clock.advance(59_999);
    expect(await isRunning(child)).toBe(true);
    await clock.advance(1);
    const result = await settleRun(run, clock);
    expect(result.outcome).toEqual({ kind: 'timed_out' });
    expect(result.durationMs).toBeGreaterThanOrEqual(60_000);
    await until(async () => !(await isRunning(child)));
  });

  it('kills what ignores SIGTERM after the grace time', async () => {
    const clock = new FakeClock();
    const file = join(folder, 'stubborn');
    const script = `trap '' TERM; echo $$ > ${file}.tmp; mv ${file}.tmp ${file}; while :; do sleep 1; done`;
    const run = runCommand(createSpec(script, { timeoutMs: 1000 }), clock, never);
    const pid = await readPid(file);
    await clock.advance(1000);
    await clock.advance(4999);
    expect(await isRunning(pid)).toBe(true);
    await clock.advance(1);
    const result = await settleRun(run, clock);
    expect(result.outcome).toEqual({ kind: 'timed_out' });
    expect(await isRunning(pid)).toBe(false);
  });

  it('ends a command that prints 100 MB and keeps no more than the limit', async () => {
    const before = process.memoryUsage().rss;
    const result = await runCommand(createSpec('head -c 100000000 /dev/zero'), systemClock, never);
    expect(result.outcome).toEqual({ kind: 'truncated' });
    expect(result.stdout.length).toBe(65_024);
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
  });

  it('takes output of exactly the limit as whole', async () => {
    const result = await runCommand(createSpec('head -c 1000 /dev/zero', { maxOutput: 1000 }), systemClock, never);
    expect(result.outcome).toEqual({ kind: 'exited', code: 0 });
    expect(result.stdout.length).toBe(1000);
  });

  it('reads 100 MB of standard error without keeping it', async () => {
    const result = await runCommand(createSpec('head -c 100000000 /dev/zero >&2; echo done'), systemClock, never);
    expect(result.outcome).toEqual({ kind: 'exited', code: 0 });
    expect(result.stderr.length).toBe(4096);
    expect(result.stderrBytes).toBe(100_000_000);
    expect(result.stdout.toString()).toBe('done\n');
  });

  it('does not wait for a background process that keeps the output open, and ends it', async () => {
    const clock = new FakeClock();
    const run = runCommand(createSpec('sleep 1000 & echo $!'), clock, never);
    const result = await settleRun(run, clock);
    expect(result.outcome).toEqual({ kind: 'left_behind' });
    const child = Number(result.stdout.toString());
    expect(child).toBeGreaterThan(0);
    await until(async () => !(await isRunning(child)));
  });

  it('ends a background process that has closed the output; the run is a good one', async () => {
    const clock = new FakeClock();
    const run = runCommand(createSpec('sleep 1000 >/dev/null 2>&1 & echo $!'), clock, never);
    const result = await settleRun(run, clock);
    expect(result.outcome).toEqual({ kind: 'exited', code: 0 });
    await until(async () => !(await isRunning(Number(result.stdout.toString()))));
  });

  it('does not hang on a process that has left the group', async () => {
    const clock = new FakeClock();
    const file = join(folder, 'setsid');
    const run = runCommand(
      createSpec(`setsid sh -c 'echo $$ > ${file}.tmp; mv ${file}.tmp ${file}; exec sleep 1000' & :`),
      clock,
      never,
    );
    const pid = await readPid(file);
    try {
      const result = await settleRun(run, clock);
      expect(result.outcome).toEqual({ kind: 'left_behind' });
    } finally {
      process.kill(pid, 'SIGKILL');
    }
  });

  it('ends the command when it is told to stop', async () => {
    const stop = new AbortController();
    const file = join(folder, 'stop');
    const run = runCommand(
      createSpec(`echo $$ > ${file}.tmp; mv ${file}.tmp ${file}; sleep 1000`),
      new FakeClock(),
      stop.signal,
    );
    const pid = await readPid(file);
    stop.abort();
    expect((await run).outcome).toEqual({ kind: 'cancelled' });
    expect(await isRunning(pid)).toBe(false);
  });

  it('starts nothing when it was told to stop before', async () => {
    const file = join(folder, 'never-written');
    const result = await runCommand(createSpec(`echo x > ${file}`), systemClock, AbortSignal.abort());
    expect(result.outcome).toEqual({ kind: 'cancelled' });
    expect(() => readFileSync(file)).toThrow('ENOENT');
  });

  it('runs a list of words without a shell', async () => {
    const script = join(folder, 'args.sh');
    writeFileSync(script, '#!/bin/sh\nfor a in "$@"; do echo "[$a]"; done\n', { mode: 0o755 });
    const result = await runCommand(
      createSpec('', { file: script, args: ['$HOME', 'a b', '; echo x'] }),
      systemClock,
      never,
    );
    expect(result.stdout.toString()).toBe('[$HOME]\n[a b]\n[; echo x]\n');
  });
});

async function readPid(file: string): Promise<number> {
  let pid = 0;
  await until(() => {
    try {
      pid = Number(readFileSync(file, 'utf8'));
    } catch {
      return false;
    }
    return pid > 0;
  });
  return pid;
}

/** Moves time on in small steps until the run has ended. */
async function settleRun<T>(run: Promise<T>, clock: FakeClock): Promise<T> {
  let done = false;
  void run.then(() => {
    done = true;
  });
  await until(async () => {
    await clock.advance(20);
    return done;
  });
  return run;
}
