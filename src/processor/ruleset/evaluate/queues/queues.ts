import type { Ruleset } from '../../compile/ruleset.ts';
import type { Event } from '../event.ts';
import { decodeEventChannel } from './event-channel.ts';
import { decodeSyscheck } from './syscheck.ts';
import { decodeSyscollector } from './syscollector.ts';

const NOT_BUILT: ReadonlyMap<string, string> = new Map([
  ['3', 'host information (queue 3)'],
  ['5', 'database synchronisation (queue 5)'],
  ['9', 'rootcheck (queue 9)'],
  ['e', 'CIS-CAT (queue e)'],
  ['p', 'security configuration assessment (queue p)'],
  ['u', 'agent upgrade (queue u)'],
]);

/**
 * Events of queues that never meet an XML decoder: the original decodes them in code of its own. All of them belong to
 * the category `ossec`. Returns the name of a decoder that is missing here.
 */
export function decodeQueue(event: Event, queue: string, ruleset: Ruleset): string | undefined {
  switch (queue) {
    case 'd':
      decodeSyscollector(event, ruleset);
      return undefined;
    case 'f':
      decodeEventChannel(event, ruleset);
      return undefined;
    case '8':
      decodeSyscheck(event, ruleset);
      return undefined;
    default:
      return NOT_BUILT.get(queue) ?? `queue ${JSON.stringify(queue)}`;
  }
}
