import { ownCopy } from './own-copy.ts';

/** More are as many as one ruleset has orders many times over; documents with names of their own are not to fill memory. */
const MAX_ORDERS = 4096;

/** Names of dynamic fields in the order in which some events have them. */
export interface FieldOrder {
  readonly number: number;
  readonly names: readonly string[];
  /** In ASCII lower case. */
  readonly keys: readonly string[];
}

interface Node extends FieldOrder {
  readonly next: Map<string, Node>;
}

/** One object for each order of field names, however many events have it. */
export class FieldOrders {
  private orders: Node[] = [createNode(0, [], [])];

  /** Undefined where there are too many. */
  find(names: readonly string[], keys: readonly string[]): FieldOrder | undefined {
    let node = this.orders[0]!;
    for (let index = 0; index < names.length; index++) {
      const known = node.next.get(names[index]!);
      if (known) {
        node = known;
        continue;
      }
      if (this.orders.length >= MAX_ORDERS) return undefined;
      const name = ownCopy(names[index]!);
      const made = createNode(this.orders.length, [...node.names, name], [...node.keys, ownCopy(keys[index]!)]);
      node.next.set(name, made);
      this.orders.push(made);
      node = made;
    }
    return node;
  }

  at(number: number): FieldOrder {
    return this.orders[number]!;
  }

  clear(): void {
    this.orders = [createNode(0, [], [])];
  }
}

function createNode(number: number, names: readonly string[], keys: readonly string[]): Node {
  return { number, names, keys, next: new Map() };
}
