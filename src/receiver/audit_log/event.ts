/** Wazuh joins at most so many records, and bytes, into one event (`src/logcollector/read_audit.c`, v4.14.7). */
export const MAX_RECORDS = 64;
export const MAX_BYTES = 65_279;

/** Where a record was read. */
export interface Place<Source> {
  source: Source;
  /** Which content of the source: a truncation begins a new one. */
  generation: number;
  start: number;
  end: number;
}

/** Records of one event that fit into one message: joined by one space, in the order of the file. */
export class EventPart<Source> {
  /** Text so far; bytes where one of the records is no UTF-8. */
  text: string | Uint8Array = '';
  bytes = 0;
  cut = false;
  readonly places: Place<Source>[] = [];

  fits(size: number): boolean {
    return this.places.length === 0 || (this.places.length < MAX_RECORDS && this.bytes + 1 + size <= MAX_BYTES);
  }

  add(text: string | Uint8Array, size: number, cut: boolean, place: Place<Source>): void {
    if (this.places.length === 0) {
      this.text = text;
      this.bytes = size;
    } else {
      this.text =
        typeof this.text === 'string' && typeof text === 'string'
          ? `${this.text} ${text}`
          : Buffer.concat([Buffer.from(this.text), Buffer.from(' '), Buffer.from(text)]);
      this.bytes += 1 + size;
    }
    if (cut) this.cut = true;
    this.places.push(place);
  }
}
