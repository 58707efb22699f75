import type { AnyValue, Attributes } from '../../../pdata/any-value.ts';

/**
 * Decoded fields that have a name in the OpenTelemetry semantic conventions: they leave under both names. Of several
 * fields with one target the first that has a value counts. The table of `docs/attributes.md` is made from this one.
 */
export interface SemanticField {
  /** Field as the decoders name it. */
  field: string;
  attribute: string;
  type: 'text' | 'int';
}

export const SEMANTIC_FIELDS: readonly SemanticField[] = [
  { field: 'srcip', attribute: 'source.address', type: 'text' },
  { field: 'win.eventdata.ipAddress', attribute: 'source.address', type: 'text' },
  { field: 'win.eventdata.sourceIp', attribute: 'source.address', type: 'text' },
  { field: 'srcport', attribute: 'source.port', type: 'int' },
  { field: 'win.eventdata.ipPort', attribute: 'source.port', type: 'int' },
  { field: 'win.eventdata.sourcePort', attribute: 'source.port', type: 'int' },
  { field: 'dstip', attribute: 'destination.address', type: 'text' },
  { field: 'win.eventdata.destinationIp', attribute: 'destination.address', type: 'text' },
  { field: 'dstport', attribute: 'destination.port', type: 'int' },
  { field: 'win.eventdata.destinationPort', attribute: 'destination.port', type: 'int' },
  { field: 'protocol', attribute: 'network.transport', type: 'text' },
  { field: 'dstuser', attribute: 'user.name', type: 'text' },
  { field: 'srcuser', attribute: 'user.name', type: 'text' },
  { field: 'win.eventdata.targetUserName', attribute: 'user.name', type: 'text' },
  { field: 'win.eventdata.user', attribute: 'user.name', type: 'text' },
  { field: 'audit.uid', attribute: 'user.id', type: 'text' },
  { field: 'win.eventdata.targetUserSid', attribute: 'user.id', type: 'text' },
  { field: 'url', attribute: 'url.original', type: 'text' },
  { field: 'audit.command', attribute: 'process.executable.name', type: 'text' },
  { field: 'audit.exe', attribute: 'process.executable.path', type: 'text' },
  { field: 'win.eventdata.image', attribute: 'process.executable.path', type: 'text' },
  { field: 'win.eventdata.newProcessName', attribute: 'process.executable.path', type: 'text' },
  { field: 'win.eventdata.commandLine', attribute: 'process.command_line', type: 'text' },
  { field: 'audit.pid', attribute: 'process.pid', type: 'int' },
  { field: 'process.pid', attribute: 'process.pid', type: 'int' },
  { field: 'audit.ppid', attribute: 'process.parent_pid', type: 'int' },
  { field: 'audit.cwd', attribute: 'process.working_directory', type: 'text' },
  { field: 'win.eventdata.currentDirectory', attribute: 'process.working_directory', type: 'text' },
  { field: 'audit.euid', attribute: 'process.user.id', type: 'text' },
  { field: 'audit.file.name', attribute: 'file.path', type: 'text' },
  { field: 'audit.directory.name', attribute: 'file.directory', type: 'text' },
  { field: 'file', attribute: 'file.path', type: 'text' },
  { field: 'win.eventdata.targetFilename', attribute: 'file.path', type: 'text' },
];

/** Values that mean "none" in audit and Windows logs. */
const NO_VALUES = new Set(['', '-', '?', '(null)', 'null', '(none)']);

/** Places in the table, by field. */
const PLACES: ReadonlyMap<string, number> = new Map(SEMANTIC_FIELDS.map(({ field }, place) => [field, place]));

/** Adds the attributes that the table gives to an event's fields, in its order. */
export function addSemanticAttributes(attributes: Attributes, data: ReadonlyArray<readonly [string, string]>): void {
  const values: (string | undefined)[] = [];
  for (const [field, value] of data) {
    const place = PLACES.get(field);
    // The first of a repeated name counts.
    if (place !== undefined) values[place] ??= value;
  }
  for (let place = 0; place < values.length; place++) {
    const text = values[place];
    const { attribute } = SEMANTIC_FIELDS[place]!;
    if (text === undefined || attributes.has(attribute)) continue;
    const value = semanticValue(place, text);
    if (value !== undefined) attributes.set(attribute, value);
  }
}

/** Place of a field in the table, or -1. */
export function semanticPlace(field: string): number {
  return PLACES.get(field) ?? -1;
}

/** What the field at that place says; undefined where its value means none, or is not what it should be. */
export function semanticValue(place: number, text: string): AnyValue | undefined {
  if (NO_VALUES.has(text)) return undefined;
  const { attribute, type } = SEMANTIC_FIELDS[place]!;
  if (type === 'text') return attribute === 'network.transport' ? text.toLowerCase() : text;
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}
