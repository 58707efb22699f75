import { resolve } from 'node:path';
import { sleep } from '../../component/clock.ts';
import type { Intake, Receiver } from '../../component/component.ts';
import { ConfigError } from '../../component/errors.ts';
import type { Host, Settings } from '../../component/host.ts';
import { resolveAccount } from './account.ts';
import { buildBatch } from './batch.ts';
import { checkPrivileges, limitPrivileges } from './capabilities.ts';
import { aliasOf, type CommandConfig, intervalOf, jitterOf } from './config.ts';
import { type Delivery, deliver } from './deliver.ts';
import { formatMessages } from './message.ts';
import { normalizeOutput } from './normalize.ts';
import { type Failure, judge, Reports } from './reports.ts';
import { type CommandSpec, type RunResult, runCommand } from './run.ts';
import { RunCounter } from './run-counter.ts';
import { type CommandTelemetry, createCommandTelemetry } from './telemetry.ts';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Runs one command again and again and hands its output over as events. One run at a time: the next one waits until the
 * last one's records are accepted.
 */
export class CommandReceiver implements Receiver {
  readonly #settings: Settings;
  readonly #config: CommandConfig;
  readonly #next: Intake;
  readonly #random: () => number;
  readonly #alias: string;
  readonly #reports: Reports;
  readonly #telemetry: CommandTelemetry;
  readonly #stop = new AbortController();
  #loop: Promise<void> | undefined;
  /** Why the records of the last run were dropped; told with the next run. */
  #undelivered: string | undefined;

  /** `random` gives numbers from 0 to below 1 for the jitter. */
  constructor(settings: Settings, config: CommandConfig, next: Intake, random: () => number = Math.random) {
    this.#settings = settings;
    this.#config = config;
    this.#next = next;
    this.#random = random;
    this.#alias = aliasOf(config);
    this.#reports = new Reports(this.#alias, config.report_interval);
    this.#telemetry = createCommandTelemetry(settings.meter, settings.id);
  }

  /** @throws ConfigError when the command cannot be run as configured (unknown user, not root ...) */
  async start(host: Host): Promise<void> {
    if (this.#loop !== undefined || this.#stop.signal.aborted) return;
    const spec = this.#createSpec();
    const counter = new RunCounter(this.#settings.id, host.store(this.#config.storage));
    host.reportStatus(this.#settings.id, { state: 'ok' });
    this.#loop = this.#runAll(spec, counter, host).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      this.#settings.logger.error(
        { component: this.#settings.id, error },
        'command receiver stopped by an unexpected error',
      );
      host.reportStatus(this.#settings.id, { state: 'permanent_error', reason });
    });
  }

  async shutdown(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  #createSpec(): CommandSpec {
    const { command, stderr, cwd, env, user, group, capabilities } = this.#config;
    const { timeout, kill_grace, max_output, max_stderr } = this.#config;
    let argv: string[];
    if (typeof command === 'string') argv = ['/bin/sh', '-c', stderr === 'merge' ? `exec 2>&1\n${command}` : command];
    // The words stay arguments: the shell only joins the two streams and is replaced by the program.
    else argv = stderr === 'merge' ? ['/bin/sh', '-c', 'exec "$@" 2>&1', 'sh', ...command] : [...command];
    try {
      const wanted = resolveAccount(user, group);
      const { words, account, missing } = limitPrivileges({ keep: capabilities, account: wanted });
      checkPrivileges(words);
      if (missing.length > 0) {
        const { logger, id } = this.#settings;
        logger.warn({ component: id, missing }, 'this process has not all capabilities that a command is to have');
      }
      argv = [...words, ...argv];
      return {
        file: argv[0],
        args: argv.slice(1),
        cwd: resolve(this.#settings.baseDir, cwd),
        env: { PATH: DEFAULT_PATH, LC_ALL: 'C', ...env },
        ...account,
        timeoutMs: timeout,
        killGraceMs: kill_grace,
        maxOutput: max_output,
        maxStderr: max_stderr,
      };
    } catch (error) {
      if (error instanceof ConfigError)
        throw new ConfigError(`${this.#settings.id}: ${error.message}`, { cause: error });
      throw error;
    }
  }

  async #runAll(spec: CommandSpec, counter: RunCounter, host: Host): Promise<void> {
    const { clock } = this.#settings;
    const { signal } = this.#stop;
    const interval = intervalOf(this.#config);
    const jitter = jitterOf(this.#config);
    let skipped = 0;
    if (this.#config.initial_delay > 0) await sleep(clock, this.#config.initial_delay, signal);
    while (!signal.aborted) {
      const startedAt = clock.now();
      const result = await runCommand(spec, clock, signal);
      if (result.outcome.kind === 'cancelled') return;
      this.#telemetry.ran(result.outcome.kind, result.durationMs);
      await this.#handOver(result, counter, host, skipped);
      if (result.stuck !== undefined) await untilAborted(result.stuck, signal);
      const delay = interval + this.#random() * jitter - (clock.now() - startedAt);
      skipped = delay < 0 ? Math.floor(-delay / interval) : 0;
      this.#telemetry.skipped(skipped);
      // A clock that was set back must not delay the next run by more than one interval.
      if (delay > 0) await sleep(clock, Math.min(delay, interval + jitter), signal);
    }
  }

  async #handOver(result: RunResult, counter: RunCounter, host: Host, skipped: number): Promise<void> {
    const { messages, events } = this.#evaluate(result);
    if (skipped > 0) events.push(this.#reports.other('command runs skipped', { runs: skipped }));
    if (this.#undelivered !== undefined) {
      events.push(this.#reports.other('command output not delivered', { reason: this.#undelivered }));
    }
    if (messages.length === 0 && events.length === 0) return;
    const { clock, id, localHost } = this.#settings;
    const batch = buildBatch(
      {
        receiverId: id,
        alias: this.#alias,
        format: this.#config.format,
        run: counter.next(result.startedAt),
        timeUnixNano: BigInt(Math.round(result.startedAt)) * 1_000_000n,
        observedTimeUnixNano: clock.nowUnixNano(),
        exitCode: result.outcome.kind === 'exited' ? result.outcome.code : undefined,
        localHost,
      },
      messages,
      events,
    );
    const delivery: Delivery = {
      settings: this.#settings,
      host,
      next: this.#next,
      telemetry: this.#telemetry.receiver,
      signal: this.#stop.signal,
    };
    this.#undelivered = await deliver(delivery, batch, [counter.progress()]);
  }

  #evaluate(result: RunResult): { messages: (string | Uint8Array)[]; events: string[] } {
    const { command, format, normalize, timeout, max_output, stderr } = this.#config;
    const limits = { timeoutMs: timeout, maxOutput: max_output };
    let failure: Failure | undefined = judge(result, typeof command === 'string', limits);
    if (failure === undefined) {
      try {
        const messages = formatMessages(format, this.#alias, normalizeOutput(result.stdout, normalize));
        return { messages, events: this.#reports.succeeded(result, stderr === 'event') };
      } catch (error) {
        failure = { name: 'command output not normalised', fields: { reason: String((error as Error).message) } };
      }
    }
    this.#telemetry.notEvaluated(failure.name);
    this.#settings.logger.warn(
      { component: this.#settings.id, alias: this.#alias, ...failure.fields },
      `${failure.name}: this run is not evaluated`,
    );
    return { messages: [], events: this.#reports.failed(failure, result) };
  }
}

function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', done, { once: true });
    promise.then(done, done);
  });
}
