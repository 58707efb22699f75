import type { DescriptionTemplate } from '../compile/ruleset.ts';
import type { Event } from './event.ts';

/** Bytes of template and of result; where either does not fit, the template is shown as written. */
const MAX_DESCRIPTION = 1024;

/** The description with its `$(field)` marks replaced; a field the event does not have is an empty text. */
export function describe(template: DescriptionTemplate, event: Event): string {
  const { parts, raw } = template;
  if (!parts || raw.length > MAX_DESCRIPTION) return raw;
  let text = '';
  for (const part of parts) {
    if ('text' in part) text += part.text;
    else if (part.field.kind !== 'event') text += event.field(part.field) ?? '';
    else text += (part.field.name === 'hostname' ? event.hostname : event.programName) ?? '';
    if (text.length > MAX_DESCRIPTION) return raw;
  }
  return text;
}
