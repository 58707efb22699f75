import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/hids.ts';
import { createTempDir } from '../support/temp-dir.ts';

const UNIT = readFileSync(join(ROOT, 'config/systemd/otel-hids.service'), 'utf8');
/** Tenths; systemd calls up to 2.9 OK. */
const EXPOSURE = 20;

function analyze(...args: string[]) {
  return spawnSync('systemd-analyze', args, { encoding: 'utf8' });
}
const isThere = analyze('--version').status === 0;
if (!isThere) process.stdout.write('skipped: systemd-analyze is not installed\n');

describe('the systemd unit', () => {
  it.each([
    'User=otel-hids',
    'NoNewPrivileges=yes',
    'CapabilityBoundingSet=',
    'AmbientCapabilities=',
    'ProtectSystem=strict',
    'StateDirectory=otel-hids',
    'StateDirectoryMode=0700',
    'UMask=0077',
    'LimitCORE=0',
  ])('says %s', (line) => {
    expect(UNIT.split('\n')).toContain(line);
  });

  it('gives the process longer to stop than it takes to drain', () => {
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(UNIT)?.[1])).toBeGreaterThan(30);
  });

  it.runIf(isThere)('is exposed as little as it can be', () => {
    const path = join(ROOT, 'config/systemd/otel-hids.service');
    const { stdout, status } = analyze('security', '--offline=true', '--no-pager', `--threshold=${EXPOSURE}`, path);
    expect(stdout).toContain('Overall exposure level for otel-hids.service');
    expect(status).toBe(0);
    // The question is a real one: without its sandbox it would not pass.
    const bare = join(createTempDir(), 'otel-hids.service');
    writeFileSync(bare, '[Service]\nExecStart=/bin/true\n');
    expect(analyze('security', '--offline=true', '--no-pager', `--threshold=${EXPOSURE}`, bare).status).not.toBe(0);
  });

  it.runIf(isThere)('is understood by systemd, every line of it', () => {
    const copy = join(createTempDir(), 'otel-hids.service');
    // The program is not installed where tests run.
    writeFileSync(copy, UNIT.replaceAll('/usr/bin/otel-hids', '/bin/true'));
    const { stderr } = analyze('verify', '--man=no', copy);
    const about = stderr.split('\n').filter((line) => line.includes('otel-hids.service'));
    expect(about).toEqual([]);
  });
});
