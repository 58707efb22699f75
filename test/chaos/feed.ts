import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../support/random.ts';
import type { LineSource, Steps } from './load.ts';
import { COMMANDS } from './load.ts';
import type { Monitor } from './monitor.ts';
import { pause } from './program.ts';
import { AuditLog } from './sources/audit-log.ts';
import { createGrpcSend } from './sources/grpc.ts';
import { createHttpSend } from './sources/http.ts';
import { LogFile } from './sources/log-file.ts';
import { createRequest, type Send, type SenderReport, sendUntilTaken } from './sources/sender.ts';
import { outputFile, type Stage } from './stage.ts';

/** Nanoseconds; the time of records is part of the input. */
const FIRST_TIME = 1_790_000_000_000_000_000n;
const PACE_MS = 4;

/** Gives the program one phase after the other, from all sources at once. */
export class Feed {
  readonly report: SenderReport = { answers: new Map(), wrong: [] };
  readonly #stage: Stage;
  readonly #monitor: Monitor;
  readonly #http: { send: Send; close: () => void };
  readonly #uid: { send: Send; close: () => void };
  readonly #grpc: { send: Send; close: () => void };
  readonly #renamed: LogFile;
  readonly #truncated: LogFile;
  readonly #auditFile: LogFile;
  readonly #audit: AuditLog;
  readonly #random;
  /** Of each host: what they send must not depend on what others do. */
  readonly #requests = new Map<string, number>();
  #uids = 0;

  constructor(seed: number, stage: Stage, monitor: Monitor) {
    this.#stage = stage;
    this.#monitor = monitor;
    this.#random = createRandom(seed * 7 + 5);
    this.#http = createHttpSend(stage.httpPort);
    this.#uid = createHttpSend(stage.httpPort);
    this.#grpc = createGrpcSend(stage.grpcPort);
    this.#renamed = new LogFile(join(stage.logs, 'rename.log'), 'rename', createRandom(seed * 5 + 1));
    this.#truncated = new LogFile(join(stage.logs, 'truncate.log'), 'copytruncate', createRandom(seed * 5 + 2));
    this.#auditFile = new LogFile(join(stage.logs, 'audit.log'), 'rename', createRandom(seed * 5 + 3));
    this.#audit = new AuditLog(this.#auditFile, createRandom(seed * 5 + 4));
    for (const alias of COMMANDS) this.#setOutput(alias, 'the beginning');
  }

  get rotations(): number {
    return this.#renamed.rotations + this.#truncated.rotations + this.#auditFile.rotations;
  }

  /** Commands have run once, so that what comes is a change. */
  async settle(): Promise<void> {
    for (const alias of COMMANDS) {
      await this.#monitor.until(`the baseline of ${alias}`, () => this.#monitor.hasBaseline(alias));
    }
  }

  /** Resolves when all of the phase is acknowledged, and seen at the other end where nobody acknowledges. */
  async run(phase: ReadonlyMap<string, Steps>, stepDone: () => void): Promise<void> {
    const each = async (
      name: LineSource,
      step: (lines: readonly string[]) => Promise<void>,
      bodyOf = (line: string) => line,
    ) => {
      const steps = phase.get(name) ?? [];
      for (const lines of steps) {
        await step(lines);
        stepDone();
        await pause(this.#random.int(0, 2 * PACE_MS));
      }
      const [last] = steps.at(-1) ?? [];
      if (last !== undefined) await this.#monitor.until(`"${last}"`, () => this.#monitor.hasArrived(bodyOf(last)));
    };
    const changes = async (alias: string) => {
      for (const [text] of phase.get(alias) ?? []) {
        this.#setOutput(alias, text);
        await this.#monitor.until(`"${text}"`, () => this.#monitor.hasArrived(text));
        stepDone();
      }
    };
    await Promise.all([
      each('chaos-http', (lines) => this.#post(lines)),
      each('chaos-uid', (lines) => this.#postByUid(lines)),
      each('chaos-grpc', (lines) => this.#call(lines)),
      each('chaos-rename', (lines) => this.#renamed.append(lines)),
      each('chaos-truncate', (lines) => this.#truncated.append(lines)),
      each(
        'chaos-audit',
        (lines) => this.#audit.append(lines),
        (line) => this.#audit.lastEvent(line),
      ),
      ...COMMANDS.map(changes),
    ]);
  }

  /** One line more, whatever happened to the state: it must be taken and lead to an alert. */
  async probe(): Promise<void> {
    const text = 'chaos-http seq=0 are you there';
    await this.#post([text]);
    await this.#monitor.until('the answer to a probe', () => this.#monitor.hasArrived(text));
  }

  close(): void {
    for (const client of [this.#http, this.#uid, this.#grpc]) client.close();
  }

  #post(lines: readonly string[]): Promise<void> {
    return sendUntilTaken(this.#createRequest('host-http', lines), this.#http.send, this.report);
  }

  #call(lines: readonly string[]): Promise<void> {
    return sendUntilTaken(this.#createRequest('host-grpc', lines), this.#grpc.send, this.report);
  }

  /** A sender that names its records may cut requests anew before it sends them again. */
  async #postByUid(lines: readonly string[]): Promise<void> {
    const records = lines.map((text) => ({ text, uid: `chaos-${this.#uids++}` }));
    const time = FIRST_TIME + BigInt(this.#uids);
    const whole = createRequest('host-uid', records, time);
    const first = await this.#uid.send(whole);
    if (first.kind === 'taken') return;
    if (first.kind === 'wrong') this.report.wrong.push(`${new Date().toISOString()} ${first.why}`);
    const middle = Math.ceil(records.length / 2);
    for (const part of [records.slice(0, middle), records.slice(middle)]) {
      if (part.length > 0) await sendUntilTaken(createRequest('host-uid', part, time), this.#uid.send, this.report);
    }
  }

  #createRequest(host: string, lines: readonly string[]): Uint8Array {
    // Two requests with equal bytes are one that came twice: so each has a time of its own.
    const number = (this.#requests.get(host) ?? 0) + 1;
    this.#requests.set(host, number);
    const time = FIRST_TIME + BigInt(number) * 1_000_000n;
    return createRequest(
      host,
      lines.map((text) => ({ text })),
      time,
    );
  }

  #setOutput(alias: string, text: string): void {
    const path = outputFile(this.#stage, alias);
    writeFileSync(`${path}.new`, `${text}\nand nothing else\n`);
    renameSync(`${path}.new`, path);
  }
}
