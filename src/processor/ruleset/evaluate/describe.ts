import type { DescriptionPart, DescriptionTemplate } from '../compile/ruleset.ts';
import type { Event } from './event.ts';

/** A result of this many bytes is given up, and the template shown as it is written. */
const MAX_DESCRIPTION = 1024;

/** The description with its `$(field)` marks replaced; a field the event does not have is an empty text. */
export function describe(template: DescriptionTemplate, event: Event): string {
  const { parts, raw } = template;
  if (!parts) return raw;
  let text = '';
  for (const part of parts) {
    text += 'text' in part ? part.text : fieldText(part.field, event);
    if (text.length >= MAX_DESCRIPTION) return raw;
  }
  return text;
}

type DescriptionField = Exclude<DescriptionPart, { text: string }>['field'];

function fieldText(field: DescriptionField, event: Event): string {
  if (field.kind !== 'event') return event.field(field) ?? '';
  return (field.name === 'hostname' ? event.hostname : event.programName) ?? '';
}
