import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeLogsRequestJson } from '../../src/otlp/decode-json.ts';
import { type ArrivedAlert, type FakeBackend, readAlert } from './backend.ts';
import { pause } from './program.ts';
import { isOwnRule } from './ruleset.ts';

/** How long the pipeline may take to bring something to the other end once nothing disturbs it. */
const ARRIVES_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 40;

/** What has left the program so far: alerts that the backend took, and those in the dead-letter file. */
export class Monitor {
  readonly #backend: FakeBackend;
  readonly #folder: string;
  /** Alerts in dead letters by uid. */
  readonly deadLetters = new Map<string, ArrivedAlert>();
  /** Lines of the dead-letter file that a kill cut off; what they should have held comes again. */
  tornLetters = 0;
  readonly #lines = new Set<string>();
  /** The file as it was at the last look. */
  #read: Buffer = Buffer.alloc(0);
  /** While something is broken on purpose, nothing need arrive. */
  #calmSince = Date.now();
  #disturbed = 0;

  constructor(backend: FakeBackend, dataDir: string) {
    this.#backend = backend;
    this.#folder = join(dataDir, 'dead-letter');
  }

  disturbance(begins: boolean): void {
    this.#disturbed += begins ? 1 : -1;
    this.#calmSince = Date.now();
  }

  /** Bodies hold the log that led to the alert. */
  hasArrived(text: string): boolean {
    this.#readDeadLetters();
    return this.#backend.lines.has(text) || this.#lines.has(text);
  }

  hasBaseline(alias: string): boolean {
    return this.#find((alert) => alert.rule === '199030' && alert.body.includes(alias));
  }

  /** Own alerts that arrived or lie in the dead-letter file, by uid. */
  own(): Map<string, ArrivedAlert> {
    this.#readDeadLetters();
    const found = new Map<string, ArrivedAlert>();
    for (const alerts of [this.deadLetters, this.#backend.alerts]) {
      for (const [uid, alert] of alerts) if (isOwnRule(alert.rule)) found.set(uid, alert);
    }
    return found;
  }

  /** Fails when it does not come true within the bound, counted from the end of the last disturbance. */
  async until(what: string, isTrue: () => boolean): Promise<void> {
    const started = Date.now();
    while (!isTrue()) {
      const since = Math.max(started, this.#calmSince);
      if (this.#disturbed === 0 && Date.now() - since > ARRIVES_WITHIN_MS) {
        throw new Error(`${what} did not arrive within ${ARRIVES_WITHIN_MS} ms`);
      }
      await pause(LOOK_EVERY_MS);
    }
  }

  #find(matches: (alert: ArrivedAlert) => boolean): boolean {
    this.#readDeadLetters();
    return [this.#backend.alerts, this.deadLetters].some((alerts) => [...alerts.values()].some(matches));
  }

  /** Reads all of it anew: a letter that could not be written in full is taken back, and another one may come in its place. */
  #readDeadLetters(): void {
    const path = this.deadLetterFile();
    if (path === undefined) return;
    const bytes = readFileSync(path);
    if (bytes.equals(this.#read)) return;
    this.#read = bytes;
    this.deadLetters.clear();
    this.#lines.clear();
    this.tornLetters = 0;
    const lines = bytes.toString('utf8').split('\n');
    for (const line of lines.slice(0, -1)) this.#readLetter(line);
  }

  deadLetterFile(): string | undefined {
    if (!existsSync(this.#folder)) return undefined;
    const [name] = readdirSync(this.#folder);
    return name === undefined ? undefined : join(this.#folder, name);
  }

  #readLetter(line: string): void {
    try {
      for (const group of decodeLogsRequestJson(line).logs) {
        for (const record of group.records) {
          const alert = readAlert(record);
          this.deadLetters.set(alert.uid, alert);
          for (const text of alert.body.split('\n')) this.#lines.add(text);
        }
      }
    } catch {
      this.tornLetters++;
    }
  }
}
