import { ownCopy } from './own-copy.ts';

/** As many as one ruleset has orders many times over: documents with names of their own are not to fill memory. */
const MAX_NODES = 4096;
/** Orders of more names, or of longer ones, are none. */
const MAX_NAMES = 64;
const MAX_NAME = 256;

/** Names of dynamic fields in the order in which some events have them. */
export interface FieldOrder {
  readonly number: number;
  readonly names: readonly string[];
  /** In ASCII lower case. */
  readonly keys: readonly string[];
}

interface Node {
  readonly next: Map<string, Node>;
  /** The one that ends here. */
  order: FieldOrder | undefined;
}

const NO_FIELDS: FieldOrder = { number: 0, names: [], keys: [] };

/** One object for each order of field names, however many events have it. */
export class FieldOrders {
  private orders: FieldOrder[] = [NO_FIELDS];
  private root: Node = { next: new Map(), order: NO_FIELDS };
  private nodes = 1;

  /** Undefined where there are too many. */
  find(names: readonly string[], keys: readonly string[]): FieldOrder | undefined {
    if (names.length > MAX_NAMES) return undefined;
    let node = this.root;
    for (const name of names) {
      const next = node.next.get(name) ?? this.grow(node, name);
      if (!next) return undefined;
      node = next;
    }
    node.order ??= this.create(names, keys);
    return node.order;
  }

  at(number: number): FieldOrder {
    return this.orders[number]!;
  }

  clear(): void {
    this.orders = [NO_FIELDS];
    this.root = { next: new Map(), order: NO_FIELDS };
    this.nodes = 1;
  }

  private grow(node: Node, name: string): Node | undefined {
    if (this.nodes >= MAX_NODES || name.length > MAX_NAME) return undefined;
    this.nodes++;
    const next: Node = { next: new Map(), order: undefined };
    node.next.set(ownCopy(name), next);
    return next;
  }

  private create(names: readonly string[], keys: readonly string[]): FieldOrder {
    const order = { number: this.orders.length, names: names.map(ownCopy), keys: keys.map(ownCopy) };
    this.orders.push(order);
    return order;
  }
}
