import { readdirSync, readFileSync } from 'node:fs';
import { type Clock, sleep } from '../../component/clock.ts';

const POLL_MS = 50;

/** Signals every process of a group; false when there is none any more. */
export function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-groupId, signal);
    return true;
  } catch (error) {
    // EPERM: there is one, but it is not ours to signal any more (it changed its user).
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const abandoned = new Set<number>();

/**
 * Kills the group when this process ends before `done` is called: nobody else would end it, whatever it does, with the rights
 * that it was given.
 */
export function killAtExit(groupId: number): () => void {
  if (abandoned.size === 0) process.on('exit', killAbandoned);
  abandoned.add(groupId);
  return () => {
    abandoned.delete(groupId);
    if (abandoned.size === 0) process.off('exit', killAbandoned);
  };
}

function killAbandoned(): void {
  for (const groupId of abandoned) signalGroup(groupId, 'SIGKILL');
}

/** Whether a process of the group runs; one that has ended and was not collected by its parent does not. */
export function groupIsAlive(groupId: number): boolean {
  return signalGroup(groupId, 0) && hasRunningMember(groupId);
}

/** Where the first process of a container collects no orphans, ended ones stay in their group for ever. */
function hasRunningMember(groupId: number): boolean {
  let pids: string[];
  try {
    pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return true;
  }
  if (pids.length === 0) return true;
  return pids.some((pid) => {
    const [state, , group] = readStat(pid);
    return group === String(groupId) && state !== 'Z' && state !== 'X';
  });
}

/** State, parent and group: the fields after the command name, which may itself hold blanks and brackets. */
function readStat(pid: string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ', 3);
  } catch {
    return [];
  }
}

/**
 * SIGTERM, and SIGKILL for what is left after the grace time. It looks again and again, since a group id that has
 * become free may be given to a stranger: only a group that was alive all the time is killed. `hurry` ends the waiting.
 */
export async function endGroup(groupId: number, clock: Clock, graceMs: number, hurry: AbortSignal): Promise<void> {
  if (!signalGroup(groupId, 'SIGTERM')) return;
  for (let waited = 0; waited < graceMs; waited += POLL_MS) {
    await sleep(clock, POLL_MS, hurry);
    if (!groupIsAlive(groupId)) return;
  }
  signalGroup(groupId, 'SIGKILL');
}
