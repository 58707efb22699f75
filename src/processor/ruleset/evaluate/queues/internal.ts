import type { Ruleset } from '../../compile/ruleset.ts';
import type { Event } from '../event.ts';

/** Names the decoder of an event that no XML decoder sees; all such decoders are of category `ossec`. */
export function setInternalDecoder(event: Event, name: string, ruleset: Ruleset): void {
  event.decoderName = name;
  event.decoderId = ruleset.decoders.ids.get(name) ?? 0;
  event.category = 'ossec';
}
