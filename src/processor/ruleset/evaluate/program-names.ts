import type { DecoderIndex } from '../compile/decoder-index.ts';
import type { SiblingIndex } from '../compile/sibling-index.ts';
import type { Matcher } from '../matcher/types.ts';

/** What is known of a program name, since it decides the same each time. */
export interface ProgramFacts {
  /** Root decoders that take it, or do not ask: bits of the index. */
  readonly decoders: Int32Array;
  /** Positions of siblings whose condition on the name holds. */
  readonly positions: Map<SiblingIndex, Int32Array>;
}

/** Names remembered; those of one host are far fewer. */
const MAX_NAMES = 4096;
/** Longer ones are no names, and not worth the memory. */
const MAX_LENGTH = 64;

/** Remembers what program names decide. */
export class ProgramNames {
  private readonly decoders: DecoderIndex;
  private readonly facts = new Map<string, ProgramFacts>();
  private lastName: string | undefined = undefined;
  private lastFacts: ProgramFacts | undefined = undefined;

  constructor(decoders: DecoderIndex) {
    this.decoders = decoders;
  }

  factsOf(name: string): ProgramFacts {
    if (this.lastFacts && name === this.lastName) return this.lastFacts;
    let facts = this.facts.get(name);
    if (!facts) {
      facts = {
        decoders: this.decodersOf(name),
        positions: new Map(),
      };
      if (name.length <= MAX_LENGTH) {
        if (this.facts.size >= MAX_NAMES) this.facts.clear();
        // A slice of a line would keep the whole line.
        this.facts.set(Buffer.from(name, 'latin1').toString('latin1'), facts);
      }
    }
    this.lastName = name;
    this.lastFacts = facts;
    return facts;
  }

  private decodersOf(name: string): Int32Array {
    const bits = new Int32Array(this.decoders.words);
    for (const [position, { programName }] of this.decoders.decoders.entries()) {
      if (!programName || mayMatch(programName, name)) bits[position >>> 5]! |= 1 << (position & 31);
    }
    return bits;
  }

  positionsOf(name: string, index: SiblingIndex): Int32Array {
    const { positions } = this.factsOf(name);
    let found = positions.get(index);
    if (!found) {
      const fitting = index.byProgram.filter(({ matcher }) => mayMatch(matcher, name));
      found = Int32Array.from(fitting, ({ position }) => position);
      positions.set(index, found);
    }
    return found;
  }
}

/** A matcher that gives up is asked again where that is reported. */
function mayMatch(matcher: Matcher, name: string): boolean {
  try {
    return matcher.test(name);
  } catch {
    return true;
  }
}
