import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROOT, temporaryFolder } from '../support/hids.ts';

/** The package as npm would publish it, unpacked where a user's `node_modules` would have it. */
let project: string;
let files: string[];

beforeAll(() => {
  const folder = temporaryFolder('package');
  const options = { cwd: ROOT, stdio: 'pipe' as const, env: { ...process.env, npm_config_loglevel: 'error' } };
  execFileSync('npm', ['run', '--silent', 'build'], options);
  const archive = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], options)
    .toString()
    .trim();
  execFileSync('tar', ['xzf', archive], { cwd: folder });
  const unpacked = join(folder, 'package');
  files = readdirSync(unpacked, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  project = join(folder, 'project');
  mkdirSync(join(project, 'node_modules'), { recursive: true });
  cpSync(unpacked, join(project, 'node_modules/otel-hids'), { recursive: true });
  // Dependencies as they are installed here; only our own package is a copy, since types are never stripped below node_modules.
  symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules/otel-hids/node_modules'));
}, 120_000);

describe('the package', () => {
  it('holds no source, no test and nothing under another licence', () => {
    for (const file of files) {
      expect(file).not.toMatch(/\/(test|examples|src)\//);
      if (/\.(js|map|json)$/.test(file)) continue;
      expect(readFileSync(file, 'latin1'), file).not.toMatch(/GNU General Public License|Wazuh, Inc|Trend Micro/);
    }
    expect(files.some((file) => file.endsWith('config/ruleset/rules/0050-sshd-rules.xml'))).toBe(true);
  });

  it('runs as a command', () => {
    const line = 'Dec 10 01:02:02 host sshd[1234]: Invalid user bob from 1.1.1.1 port 1066\n';
    const entry = join(project, 'node_modules/otel-hids/dist/cli/main.js');
    const output = execFileSync(process.execPath, [entry, 'logtest', '--json'], { input: line, cwd: project });
    expect(JSON.parse(output.toString())).toMatchObject({ rule: { id: '5710' }, alert: true });
  });

  it('gives a log record processor whose alerts leave through the provider', () => {
    const script = join(project, 'service.mjs');
    writeFileSync(
      script,
      `import { createRequire } from 'node:module';
import { RulesetLogRecordProcessor } from 'otel-hids';
const require = createRequire(new URL('./node_modules/otel-hids/package.json', import.meta.url));
const { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } = require('@opentelemetry/sdk-logs');
const exporter = new InMemoryLogRecordExporter();
const ruleset = await RulesetLogRecordProcessor.create({ loggerProvider: () => provider });
const provider = new LoggerProvider({ processors: [ruleset, new SimpleLogRecordProcessor({ exporter })] });
provider.getLogger('app').emit({ body: 'Dec 10 01:02:02 host sshd[1]: Invalid user bob from 1.1.1.1 port 1066' });
provider.getLogger('app').emit({ body: 'nothing to see' });
await provider.forceFlush();
const records = exporter.getFinishedLogRecords();
console.log(JSON.stringify(records.map((record) => [record.instrumentationScope.name, record.attributes['security_rule.uuid']])));
await provider.shutdown();
`,
    );
    const output = execFileSync(process.execPath, [script], { cwd: project }).toString();
    const records = JSON.parse(output) as [string, string | undefined][];
    expect(records.sort()).toEqual([
      ['app', null],
      ['app', null],
      ['otel-hids', '5710'],
    ]);
  });
});
