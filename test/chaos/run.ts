import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/hids.ts';
import { createRandom } from '../support/random.ts';
import { type ArrivedAlert, FakeBackend } from './backend.ts';
import { damageStore } from './damage.ts';
import { type Fault, mountDisk, NO_DESCRIPTORS, unmountDisk, whyNoMount } from './faults.ts';
import { Feed } from './feed.ts';
import type { Load } from './load.ts';
import { Monitor } from './monitor.ts';
import { ALIVE_WITHIN_MS, Program, pause } from './program.ts';
import { isOwnRule } from './ruleset.ts';
import { createStage, takePorts, writeEdition } from './stage.ts';

export interface RunOptions {
  seed: number;
  load: Load;
  /** A new folder of this run's own. */
  folder: string;
  /** The program: `src/cli/main.ts`, or `dist/cli/main.js` after a build. */
  entry: string;
  /** In the order they are done; none for the run to compare with. */
  faults: readonly Fault[];
  /** Settings of a `keyv_storage` extension; the data directory's SQLite file where absent. */
  storage?: Readonly<Record<string, unknown>>;
}

const MAX_COMPLAINTS = 5;
const AUDIT_GAP = '199040';

/** What came of one run. */
export interface RunResult {
  /** Own alerts that arrived at last, by uid. */
  alerts: ReadonlyMap<string, ArrivedAlert>;
  violations: string[];
  /** Done, by name. */
  faults: Map<string, number>;
  starts: number;
  slowestStartMs: number;
  slowestEndMs: number;
  deadLetters: number;
  copies: number;
  resent: number;
  /** What senders were told besides that their request was taken. */
  answers: ReadonlyMap<string, number>;
  rotations: number;
  quarantined: number;
}

/** One load through the real program, from its first start to its last end. */
export async function runOnce({ seed, load, folder, entry, faults, storage }: RunOptions): Promise<RunResult> {
  mkdirSync(join(folder, 'data'), { recursive: true, mode: 0o700 });
  const mounted = faults.length > 0 && whyNoMount() === undefined;
  if (mounted) mountDisk(join(folder, 'data'));
  const backend = new FakeBackend();
  const [httpPort, grpcPort] = await takePorts(seed, 2);
  const backendPort = await backend.listen();
  const stage = createStage({ seed, folder, backendPort, httpPort, grpcPort, ...(storage && { storage }) });
  const program = new Program(stage, entry);
  const monitor = new Monitor(backend, stage.dataDir);
  const feed = new Feed(seed, stage, monitor);
  const done = new Map<string, number>();
  const random = createRandom(seed * 101 + 7);
  const violations: string[] = [];
  let quarantined = 0;
  let alerts: Map<string, ArrivedAlert> | undefined;
  // What a store that was damaged on purpose leads to must not be compared.
  /** No audit event is ever missing; but without descriptors newer ones may be read first. */
  const judgeGaps = () => {
    if (faults.some(({ name }) => name === NO_DESCRIPTORS)) return [];
    const gaps = [...backend.alerts.values()].filter(({ rule }) => rule === AUDIT_GAP);
    return gaps.slice(0, MAX_COMPLAINTS).map(({ body }) => `events were reported as missing: ${body}`);
  };
  const ownAlerts = () => new Map([...backend.alerts].filter(([, alert]) => isOwnRule(alert.rule)));
  try {
    await program.start();
    await feed.settle();
    const plan = [...faults];
    for (const [index, phase] of load.phases.entries()) {
      if (index > 0) await changeRules(index);
      const steps = [...phase.values()].reduce((sum, each) => sum + each.length, 0);
      const now = plan.splice(0, Math.ceil(plan.length / (load.phases.length - index)));
      const places = now.map(() => random.int(0, Math.floor(steps * 0.9))).sort((a, b) => a - b);
      let progress = 0;
      let over = false;
      const disturb = async () => {
        for (const [number, fault] of now.entries()) {
          while (progress < places[number] && !over) await pause(3);
          monitor.disturbance(true);
          try {
            await fault.run({ random, stage, program, backend, monitor });
          } finally {
            monitor.disturbance(false);
          }
          done.set(fault.name, (done.get(fault.name) ?? 0) + 1);
        }
      };
      const fed = feed
        .run(phase, () => {
          progress++;
        })
        .finally(() => {
          over = true;
        });
      await Promise.all([fed, disturb()]);
    }
    await settleDown();
    alerts = ownAlerts();
    violations.push(...judgeGaps());
    violations.push(...backend.complaints.splice(0).slice(0, MAX_COMPLAINTS));
    if (faults.length > 0 && !storage) quarantined = await damageAndGoOn();
  } catch (error) {
    violations.push(String(error instanceof Error ? error.stack : error), tailOf(program.output()));
  } finally {
    backend.behave('accept');
    await program.kill().catch(() => {});
    feed.close();
    await backend.close();
    if (mounted) unmountDisk(stage.dataDir);
  }
  writeFileSync(join(folder, 'alerts.jsonl'), [...backend.alerts.values()].map(formatAlert).join(''));
  alerts ??= ownAlerts();
  violations.push(...program.violations, ...feed.report.wrong, ...judgeDeadLetters());
  const copies = [...alerts.values()].reduce((sum, alert) => sum + alert.copies - 1, 0);
  const resent = [...feed.report.answers].reduce((sum, [why, count]) => sum + (why === 'taken' ? 0 : count), 0);
  return {
    alerts,
    violations,
    faults: done,
    starts: program.starts,
    slowestStartMs: program.slowestStart,
    slowestEndMs: program.slowestEnd,
    deadLetters: monitor.deadLetters.size,
    copies,
    resent,
    answers: feed.report.answers,
    rotations: feed.rotations,
    quarantined,
  };

  /** Between two phases the rules really change, by a signal or by a restart: both must come to the same. */
  async function changeRules(edition: number): Promise<void> {
    writeEdition(stage, edition);
    const how = faults.length === 0 ? 'reload' : random.pick(['reload', 'restart', 'kill']);
    if (how === 'reload') {
      if ((await program.reload()) !== 'reloaded') program.violations.push('a reload of changed rules was refused');
      return;
    }
    if (how === 'restart') await program.terminate();
    else await program.kill();
    await program.start();
  }

  /** All that was queued arrives, the program ends well, and what the backend refused for ever is sent once more. */
  async function settleDown(): Promise<void> {
    await monitor
      .until('the last alerts', () => monitor.own().size >= load.lines + load.changes)
      .catch(() => {
        // What is missing is told by the comparison.
      });
    await program.terminate();
    monitor.own();
    const file = monitor.deadLetterFile();
    if (file === undefined) return;
    backend.forgiving = true;
    await new Promise<void>((resolve) => {
      const args = [join(ROOT, entry), 'replay', '--config', stage.configFile, file];
      execFile(process.execPath, args, { maxBuffer: 2 ** 28 }, (error, _stdout, stderr) => {
        // A letter that a kill cut off on a full disk: it was still queued, and was written once more.
        const undelivered = stderr.split('\n').filter((line) => /jsonl:\d+: /.test(line));
        const onlyTorn = undelivered.length === monitor.tornLetters && undelivered.every(isTorn);
        // A replay that ends by itself says nothing of any letter.
        if (error && (undelivered.length === 0 || !onlyTorn)) {
          violations.push(`replay: ${error.message} (code ${error.code}) ${stderr.slice(-2000)}`);
        }
        resolve();
      });
    });
  }

  /** Last of all, since it may cost state: flipped and torn bytes in the store. */
  async function damageAndGoOn(): Promise<number> {
    await program.start();
    await program.kill();
    const what = damageStore(stage.dataDir, random);
    const started = Date.now();
    await program.start();
    await feed.probe();
    if (Date.now() - started > ALIVE_WITHIN_MS) violations.push(`${what}: alive only after ${Date.now() - started} ms`);
    await program.terminate();
    // A second start must find nothing to complain about.
    await program.start();
    if (/moved aside/.test(program.output())) violations.push(`${what}: found damaged again at the next start`);
    await program.terminate();
    return countQuarantined(stage.dataDir);
  }

  function judgeDeadLetters(): string[] {
    const found: string[] = [];
    for (const [uid, { body }] of monitor.deadLetters) {
      if (!backend.alerts.has(uid)) found.push(`in the dead-letter file, but not delivered by replay: ${body}`);
    }
    return found;
  }
}

function countQuarantined(dataDir: string): number {
  return readdirSync(dataDir).filter((name) => /\.corrupt-[^.]*Z(-\d+)?$/.test(name)).length;
}

/** In order of arrival, for whoever looks for the cause of a violation. */
function formatAlert({ uid, rule, firedtimes, body, copies, attributes }: ArrivedAlert): string {
  return `${JSON.stringify({ uid, rule, firedtimes, body, copies, attributes: Object.fromEntries(attributes) })}\n`;
}

function isTorn(line: string): boolean {
  return line.includes(': not OTLP/JSON: ');
}

function tailOf(output: string): string {
  return `last output of the program:\n${output.slice(-3000)}`;
}

/** For a run of its own: removed when all went well. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
