import { lowerAscii } from './lower-ascii.ts';

/** Dynamic fields that are only made when somebody lists them. */
export interface LazyFields {
  readonly count: number;
  /** The first field of that name; `key` is in lower case. Null where it cannot tell: then all have to be made. */
  get(key: string): string | undefined | null;
  list(into: (name: string, value: string) => void): void;
}

/** The dynamic fields of an event, in the order they were decoded; names may come again. */
export class DynamicFields {
  private readonly ownNames: string[] = [];
  /** ASCII lower case of the names that were made. */
  readonly keys: string[] = [];
  private readonly ownValues: string[] = [];
  /** Fields behind those, not made yet. */
  private lazy: LazyFields | undefined = undefined;

  get names(): string[] {
    if (this.lazy) this.settle();
    return this.ownNames;
  }

  get values(): string[] {
    if (this.lazy) this.settle();
    return this.ownValues;
  }

  /** Some are not made yet. */
  get isLazy(): boolean {
    return this.lazy !== undefined;
  }

  /** How many there are. */
  get count(): number {
    return this.ownNames.length + (this.lazy === undefined ? 0 : this.lazy.count);
  }

  /** `key` is the name in lower case. */
  add(name: string, value: string, key: string): void {
    if (this.lazy) this.settle();
    this.ownNames.push(name);
    this.keys.push(key);
    this.ownValues.push(value);
  }

  addLazily(fields: LazyFields): void {
    if (this.lazy) this.settle();
    this.lazy = fields;
  }

  /** The first field of that name; `key` is in lower case. */
  get(key: string): string | undefined {
    const index = this.keys.indexOf(key);
    if (index >= 0) return this.ownValues[index];
    if (!this.lazy) return undefined;
    const value = this.lazy.get(key);
    if (value !== null) return value;
    this.settle();
    return this.get(key);
  }

  private settle(): void {
    const fields = this.lazy;
    this.lazy = undefined;
    fields?.list((name, value) => this.add(name, value, lowerAscii(name)));
  }
}
