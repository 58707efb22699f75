import { LENGTH, WireReader } from './wire-reader.ts';

/** Bounds of one request. */
export interface RequestLimits {
  readonly maxRecords: number;
  readonly maxBytes: number;
}

/** A part of a request, which is a request itself. */
export interface RequestPart {
  /** Memory of its own. */
  readonly bytes: Uint8Array;
  readonly records: number;
}

/** `ScopeLogs` as it is taken apart: all but the records, and the records with their tags. */
interface Group {
  readonly resource: Uint8Array;
  readonly scope: Uint8Array;
  readonly records: readonly Uint8Array[];
}

/** Field number 1 or 2 of wire type LENGTH. */
const FIELD_1 = 0x0a;
const FIELD_2 = 0x12;
/** A tag below 16 and a length below 2^32. */
const MAX_PREFIX = 6;

/**
 * Takes an encoded `ExportLogsServiceRequest` apart into ones within the limits, records in their order, without looking
 * into the records. One that is too large by itself stands alone. `room` is how many bytes are left free in front of each.
 * @throws MalformedRequestError
 */
export function splitLogsRequest(bytes: Uint8Array, limits: RequestLimits, room = 0): RequestPart[] {
  const parts: RequestPart[] = [];
  let part = new PartWriter();
  for (const group of readGroups(bytes)) {
    for (const record of group.records) {
      const size = part.sizeWith(group, record);
      if (part.records > 0 && (part.records >= limits.maxRecords || size > limits.maxBytes)) {
        parts.push(part.finish(room));
        part = new PartWriter();
      }
      part.add(group, record);
    }
  }
  if (part.records > 0) parts.push(part.finish(room));
  return parts;
}

/** Puts records together again, each under the resource and scope that it had. */
class PartWriter {
  records = 0;
  private readonly groups: { readonly group: Group; readonly records: Uint8Array[] }[] = [];
  /** Not less than what `finish` will give. */
  private size = 0;

  sizeWith(group: Group, record: Uint8Array): number {
    const isOpen = this.groups.at(-1)?.group === group;
    const head = isOpen ? 0 : group.resource.length + group.scope.length + 2 * MAX_PREFIX;
    return this.size + head + record.length;
  }

  add(group: Group, record: Uint8Array): void {
    this.size = this.sizeWith(group, record);
    if (this.groups.at(-1)?.group !== group) this.groups.push({ group, records: [] });
    this.groups.at(-1)!.records.push(record);
    this.records++;
  }

  finish(room: number): RequestPart {
    const pieces: Uint8Array[] = [];
    let length = room;
    for (const { group, records } of this.groups) {
      const scopeBytes = records.reduce((sum, record) => sum + record.length, group.scope.length);
      const scopePrefix = prefix(FIELD_2, scopeBytes);
      const resourceBytes = group.resource.length + scopePrefix.length + scopeBytes;
      const resourcePrefix = prefix(FIELD_1, resourceBytes);
      pieces.push(resourcePrefix, group.resource, scopePrefix, group.scope, ...records);
      length += resourcePrefix.length + resourceBytes;
    }
    const { buffer } = Buffer.allocUnsafeSlow(length);
    const bytes = new Uint8Array(buffer, room);
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return { bytes, records: this.records };
  }
}

function readGroups(bytes: Uint8Array): Group[] {
  const groups: Group[] = [];
  const reader = new WireReader(bytes);
  for (const resourceLogs of readFields(bytes, reader, bytes.length)) {
    if (resourceLogs.tag !== FIELD_1) continue;
    const heads: Uint8Array[] = [];
    const scopes: Field[] = [];
    reader.pos = resourceLogs.content;
    for (const field of readFields(bytes, reader, resourceLogs.end)) {
      if (field.tag === FIELD_2) scopes.push(field);
      else heads.push(field.bytes);
    }
    const resource = join(heads);
    for (const { content, end } of scopes) {
      reader.pos = content;
      const fields = readFields(bytes, reader, end);
      const scope = join(fields.filter(({ tag }) => tag !== FIELD_2).map((field) => field.bytes));
      const records = fields.filter(({ tag }) => tag === FIELD_2).map((field) => field.bytes);
      groups.push({ resource, scope, records });
    }
  }
  return groups;
}

interface Field {
  readonly tag: number;
  /** Where its content begins and ends. */
  readonly content: number;
  readonly end: number;
  /** With its tag. */
  readonly bytes: Uint8Array;
}

/** The fields up to `end`; `content` is where that of a message begins. */
function readFields(bytes: Uint8Array, reader: WireReader, end: number): Field[] {
  const fields: Field[] = [];
  while (reader.pos < end) {
    const start = reader.pos;
    const tag = reader.tag(end);
    let content = reader.pos;
    if ((tag & 7) === LENGTH) {
      const stop = reader.lengthEnd(end);
      content = reader.pos;
      reader.pos = stop;
    } else reader.skip(tag, end);
    fields.push({ tag, content, end: reader.pos, bytes: bytes.subarray(start, reader.pos) });
  }
  return fields;
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

function prefix(tag: number, length: number): Uint8Array {
  const bytes = [tag];
  for (let rest = length; ; rest = Math.floor(rest / 128)) {
    if (rest < 0x80) {
      bytes.push(rest);
      return Uint8Array.from(bytes);
    }
    bytes.push((rest % 128) | 0x80);
  }
}
