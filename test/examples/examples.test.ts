import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ROOT, readAlerts, readLines, startHids, temporaryFolder, waitForAlerts } from '../support/hids.ts';
import { freePorts, type RunningProcess, waitFor } from '../support/process.ts';

const example = (...path: string[]) => join(ROOT, 'examples', ...path);
const readExample = (...path: string[]) => readFileSync(example(...path), 'utf8');
const expected = (name: string) => JSON.parse(readExample(name, 'expected.json'));

/** The stock ruleset of Wazuh, where it lies beside the project: every scenario runs with it too. */
const STOCK = join(ROOT, '../shared/conformance/wazuh-4.14.7/home');
const hasStock = canRead(join(STOCK, 'ruleset/rules/0015-ossec_rules.xml'));
if (!hasStock) console.log('examples: the stock ruleset is absent, scenarios run with the starter ruleset alone');
const RULESETS = hasStock ? (['starter', 'stock'] as const) : (['starter'] as const);

const STOCK_SETTINGS = { 'processors.ruleset.starter': 'false', 'processors.ruleset.wazuh_home': STOCK };
const settingsOf = (ruleset: 'starter' | 'stock') => (ruleset === 'stock' ? STOCK_SETTINGS : {});
/** Rule 530 and those of the scenarios have the same ids in both; only the words differ. */
const STOCK_WORDS_533 = 'Listened ports status (netstat) changed (new port opened or closed).';

let running: RunningProcess | undefined;
let server: Server | undefined;

afterEach(async () => {
  server?.close();
  server = undefined;
  const code = await running?.stop();
  running = undefined;
  if (code !== undefined) expect(code, 'exit status after SIGTERM').toBe(0);
});

describe.each(RULESETS)('examples with the %s ruleset', (ruleset) => {
  it('listening ports: an opened and a closed port alert, nothing else does', async () => {
    const out = join(temporaryFolder('listening'), 'alerts.json');
    running = await startHids(example('listening-ports/config.yaml'), {
      set: {
        ...settingsOf(ruleset),
        'receivers.command/listening.frequency': '300ms',
        'exporters.file.path': out,
        // The baseline of the first run is level 2: shown here, so that the test knows when to begin.
        'processors.ruleset.alert_level': '2',
      },
    });
    const [baseline] = await waitForAlerts(out, 1, running);
    expect(baseline).toMatchObject({ rule: { id: '199030', level: 2 } });
    const [port] = await freePorts(1);
    server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    // Other programs of this machine open and close ports too: the alert that is meant is the one about this port.
    const shown = (text: unknown) => String(text).includes(`:${port} `);
    const findAlert = (what: string, matches: (alert: Record<string, unknown>) => boolean) =>
      waitFor(what, () => readAlerts(out).find((alert) => alert.previous_log !== undefined && matches(alert)), {
        process: running,
      });
    const opened = await findAlert('opened', (alert) => shown(alert.full_log) && !shown(alert.previous_log));
    const { groups, ...rule } = expected('listening-ports').rule;
    expect(opened).toMatchObject({ ...expected('listening-ports'), rule });
    if (ruleset === 'starter') expect(opened).toMatchObject({ rule: { groups } });
    else expect(opened).toMatchObject({ rule: { description: STOCK_WORDS_533 } });
    server.close();
    await once(server, 'close');
    server = undefined;
    const closed = await findAlert('closed', (alert) => !shown(alert.full_log) && shown(alert.previous_log));
    expect(closed).toMatchObject({ rule: { id: '533' } });
    // Every alert is a change: neither the first run nor a run that finds the same gives one.
    // (Of a busy machine there may be alerts about the command itself: its runs take longer than the interval.)
    const changes = readAlerts(out).filter(({ rule }) => (rule as { id: string }).id === '533');
    for (const [index, alert] of changes.entries()) {
      expect(alert.full_log).not.toBe(alert.previous_log);
      if (index > 0) expect(alert.previous_log).toBe(changes[index - 1].full_log);
    }
  });

  it('any command: the mail text shows both outputs', async () => {
    const out = join(temporaryFolder('any-command'), 'notifications.txt');
    running = await startHids(example('any-command/config.yaml'), {
      set: {
        ...settingsOf(ruleset),
        'receivers.command/listen.frequency': '300ms',
        'exporters.file.path': out,
        'processors.ruleset.alert_level': '2',
      },
    });
    await waitFor('the baseline', () => readLines(out).some((line) => line.includes('199030')) || undefined, {
      process: running,
    });
    const [port] = await freePorts(1);
    // Loopback, but not the one address that the command leaves out.
    server = createServer().listen(port, '127.0.0.2');
    await once(server, 'listening');
    const text = await waitFor(
      'the notification',
      () => {
        const lines = readLines(out);
        return lines.some((line) => line.includes('Rule: 140123')) ? lines.join('\n') : undefined;
      },
      { process: running },
    );
    for (const part of expected('any-command').contains) expect(text).toContain(part);
    const [now, before] = text.slice(text.indexOf('Rule: 140123')).split('Previous output:');
    expect(now).toContain(`127.0.0.2:${port}`);
    expect(before).not.toContain(`127.0.0.2:${port}`);
  });

  it('USB storage: a new device of a Windows host', async () => {
    const out = join(temporaryFolder('usb'), 'alerts.json');
    const port = await startOtlpExample('usb-storage', out, ruleset);
    await post(port, readExample('usb-storage/before.json'));
    await post(port, readExample('usb-storage/before.json').replace('1795216000', '1795216180'));
    expect(readLines(out)).toEqual([]);
    await post(port, readExample('usb-storage/after.json'));
    const alerts = await waitForAlerts(out, 1, running as RunningProcess);
    expect(alerts).toMatchObject([expected('usb-storage')]);
    // A host of its own has a snapshot of its own.
    await post(port, readExample('usb-storage/after.json').replace('xx-netbook', 'yy-netbook'));
    expect(readLines(out)).toHaveLength(1);
  });

  it('malicious commands: what the list calls red, and only that', async () => {
    const folder = temporaryFolder('malicious');
    const out = join(folder, 'alerts.json');
    const log = join(folder, 'audit.log');
    writeFileSync(log, '');
    running = await startHids(example('malicious-commands/config.yaml'), {
      set: { ...settingsOf(ruleset), 'exporters.file.path': out, 'receivers.audit_log.start_at': 'beginning' },
      env: { AUDIT_LOG: log },
    });
    appendFileSync(log, readFileSync(example('malicious-commands/audit.log')));
    const alerts = await waitForAlerts(out, 2, running);
    expect(alerts).toMatchObject(expected('malicious-commands'));
    expect(alerts).toHaveLength(2);
  });

  it('inventory event: a Docker interface and an unexpected address', async () => {
    const out = join(temporaryFolder('inventory'), 'alerts.json');
    const port = await startOtlpExample('inventory-event', out, ruleset);
    await post(port, readExample('inventory-event/scan.json'));
    const alerts = await waitForAlerts(out, 2, running as RunningProcess);
    expect(alerts).toMatchObject(expected('inventory-event'));
    expect(alerts).toHaveLength(2);
  });
});

describe('examples', () => {
  it('malicious commands: what the README says to type reads the recorded events', async () => {
    const folder = temporaryFolder('readme');
    const [, typed] = /```sh\n(AUDIT_LOG=[^`]*)```/.exec(readExample('malicious-commands/README.md')) ?? [];
    const out = join(folder, 'alerts.json');
    const script = `${typed?.trim().replace('npx otel-hids', `exec ${process.execPath} src/cli/main.ts`)} \\
      --set exporters.file.path=${out} --data-dir ${join(folder, 'data')} --allow-writable-config`;
    const child = spawn('sh', ['-c', script], { cwd: ROOT, stdio: 'ignore' });
    try {
      await waitFor('two alerts', () => readLines(out).length === 2 || undefined);
    } finally {
      child.kill();
      await once(child, 'close');
    }
  });

  it.each(['listening-ports', 'any-command', 'usb-storage', 'malicious-commands', 'inventory-event'])(
    '%s has a configuration that validates',
    (name) => {
      execFileSync(
        process.execPath,
        [join(ROOT, 'src/cli/main.ts'), 'validate', '--config', example(name, 'config.yaml')],
        {
          stdio: 'pipe',
        },
      );
    },
  );
});

async function startOtlpExample(name: string, out: string, ruleset: 'starter' | 'stock'): Promise<number> {
  const [port] = await freePorts(1);
  running = await startHids(example(name, 'config.yaml'), {
    set: { ...settingsOf(ruleset), 'exporters.file.path': out },
    env: { HIDS_OTLP_PORT: String(port) },
  });
  return port;
}

async function post(port: number, body: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  expect(response.status, await response.text()).toBe(200);
}

function canRead(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}
