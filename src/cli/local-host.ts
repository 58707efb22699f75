import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { LocalHost } from '../component/host.ts';

const MACHINE_ID_FILES = ['/etc/machine-id', '/var/lib/dbus/machine-id'];

/** This machine as `host.name` and `host.id` (the machine id of systemd, where there is one). */
export function findLocalHost(files: readonly string[] = MACHINE_ID_FILES): LocalHost {
  for (const file of files) {
    try {
      const id = readFileSync(file, 'utf8').trim();
      if (/^[0-9a-f]{32}$/.test(id)) return { name: hostname(), id };
    } catch {
      // The next one may be there.
    }
  }
  return { name: hostname(), id: '' };
}
