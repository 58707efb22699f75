import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ROOT } from '../support/hids.ts';
import { waitFor } from '../support/process.ts';
import { createTempDir } from '../support/temp-dir.ts';

const MAIN = join(ROOT, 'src/cli/main.ts');
const USER = 65_534;
/** A group that owns the audit log, as auditd's `log_group` says. */
const LOG_GROUP = 54_321;
const ORDINARY = [`--reuid=${USER}`, `--regid=${USER}`];
const NONE = '0000000000000000';

const RECORDS = `type=SYSCALL msg=audit(1700000000.123:1): arch=c000003e syscall=59 success=yes exit=0 ppid=1 pid=2 auid=1000 uid=0 comm="id" exe="/usr/bin/id" key="audit-wazuh-c"
type=EXECVE msg=audit(1700000000.123:1): argc=1 a0="id"
type=EOE msg=audit(1700000000.123:1):
`;

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can become somebody else';
  const check = [...ORDINARY, '--clear-groups', process.execPath, MAIN, 'run', '--help'];
  return spawnSync('setpriv', check).status === 0
    ? undefined
    : 'setpriv is missing, or others may not read this folder';
}

const reason = whyNot();
if (reason !== undefined) process.stdout.write(`an ordinary user: skipped: ${reason}\n`);

/** Runs the program with these privileges until its output holds all that is expected. */
async function run(privileges: readonly string[], expected: readonly RegExp[]): Promise<string> {
  const folder = createTempDir();
  const at = (name: string) => join(folder, name);
  chmodSync(folder, 0o755);
  for (const name of ['data', 'log']) mkdirSync(at(name), { mode: 0o750 });
  writeFileSync(at('log/audit.log'), RECORDS);
  chmodSync(at('log/audit.log'), 0o640);
  chownSync(at('log'), 0, LOG_GROUP);
  chownSync(at('log/audit.log'), 0, LOG_GROUP);
  chownSync(at('data'), USER, USER);
  const config = `receivers:
  audit_log: { include: [${at('log/audit.log')}], start_at: beginning }
  command: { command: "grep -E '^(Uid|Cap(Inh|Prm|Eff|Amb)|NoNew)' /proc/self/status | tr -s '\\\\t' ' '", alias: status }
processors: { ruleset: }
exporters: { debug: { verbosity: detailed } }
service:
  pipelines:
    logs: { receivers: [audit_log], processors: [ruleset], exporters: [debug] }
    logs/raw: { receivers: [command], exporters: [debug] }
`;
  writeFileSync(at('config.yaml'), config);
  chmodSync(at('config.yaml'), 0o644);
  const args = [...privileges, process.execPath, MAIN, 'run', '--config', at('config.yaml'), '--data-dir', at('data')];
  const child = spawn('setpriv', args, { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  await waitFor('what is expected', () => {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${output}`);
    return expected.every((pattern) => pattern.test(output)) || undefined;
  });
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  return output;
}

describe.skipIf(reason !== undefined)('as an ordinary user', () => {
  it('reads the audit log through its group', async () => {
    const output = await run(
      [...ORDINARY, `--groups=${LOG_GROUP}`, '--bounding-set=-all'],
      [/rule 80792/, /NoNewPrivs/],
    );
    expect(output).not.toMatch(/cannot be read|not well/);
    expect(output).toContain(`Uid: ${USER} ${USER} ${USER} ${USER}`);
    expect(output).toContain(`CapEff: ${NONE}`);
  });

  it('says what it may not read, as an event', async () => {
    const output = await run([...ORDINARY, '--clear-groups'], [/rule 199043/, /NoNewPrivs/]);
    expect(output).not.toContain('rule 80792');
  });

  it('gives commands nothing of a capability to read everything', async () => {
    const given = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'];
    const output = await run([...ORDINARY, '--clear-groups', ...given], [/rule 80792/, /NoNewPrivs/]);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) expect(output).toContain(`${set}: ${NONE}`);
    expect(output).toContain('NoNewPrivs: 1');
  });
});
