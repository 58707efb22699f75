import { RefusedError } from '../../component/errors.ts';

const RETRY_AFTER_MS = 1000;
/** Of all room, what is kept free of any one sender: one that floods is refused while others still get in. */
const KEPT_FOR_OTHERS = 1 / 4;

/** What one sender has in flight. */
interface Holder {
  readonly sender: string;
  requests: number;
  bytes: number;
}

/** Bounds the requests that are being read or not answered yet, by number and by memory, of one sender and of all. */
export class InFlight {
  requests = 0;
  bytes = 0;
  private readonly maxRequests: number;
  private readonly maxBytes: number;
  private readonly maxRequestsOfOne: number;
  private readonly maxBytesOfOne: number;
  /** Those with a request in flight. */
  private readonly holders = new Map<string, Holder>();
  private waiting: (() => void)[] = [];

  constructor(maxRequests: number, maxBytes: number) {
    this.maxRequests = maxRequests;
    this.maxBytes = maxBytes;
    this.maxRequestsOfOne = maxRequests - Math.floor(maxRequests * KEPT_FOR_OTHERS);
    this.maxBytesOfOne = maxBytes - Math.floor(maxBytes * KEPT_FOR_OTHERS);
  }

  /**
   * Lets a request in; the caller must end its ticket. `sender` is who is told apart: a credential or an address.
   * @throws RefusedError when there are too many
   */
  enter(bytes: number, sender: string): Ticket {
    if (this.requests >= this.maxRequests) throw new RefusedError('too many requests in flight', RETRY_AFTER_MS);
    const holder = this.holders.get(sender) ?? { sender, requests: 0, bytes: 0 };
    if (holder.requests >= this.maxRequestsOfOne) {
      throw new RefusedError('too many requests of one sender in flight', RETRY_AFTER_MS);
    }
    const ticket = new Ticket(this, holder);
    this.requests++;
    if (holder.requests++ === 0) this.holders.set(sender, holder);
    try {
      ticket.resize(bytes);
    } catch (error) {
      ticket.end();
      throw error;
    }
    return ticket;
  }

  /** A request alone may always take what its own limits allow, so that a small bound here cannot block it for ever. */
  add(bytes: number, holder: Holder): void {
    if (bytes > 0) {
      if (this.requests > 1 && this.bytes + bytes > this.maxBytes) {
        throw new RefusedError('requests in flight take too much memory', RETRY_AFTER_MS);
      }
      if (holder.requests > 1 && holder.bytes + bytes > this.maxBytesOfOne) {
        throw new RefusedError('requests of one sender in flight take too much memory', RETRY_AFTER_MS);
      }
    }
    this.bytes += bytes;
    holder.bytes += bytes;
  }

  leave(holder: Holder): void {
    this.requests--;
    if (--holder.requests === 0) this.holders.delete(holder.sender);
    if (this.requests > 0) return;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** Resolves when no request is left. */
  async idle(): Promise<void> {
    if (this.requests > 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}

export class Ticket {
  private readonly inFlight: InFlight;
  private readonly holder: Holder;
  private bytes = 0;
  private ended = false;

  constructor(inFlight: InFlight, holder: Holder) {
    this.inFlight = inFlight;
    this.holder = holder;
  }

  /**
   * Tells how much memory the request takes now.
   * @throws RefusedError when that is too much; the ticket keeps what it had
   */
  resize(bytes: number): void {
    if (this.ended) return;
    this.inFlight.add(bytes - this.bytes, this.holder);
    this.bytes = bytes;
  }

  end(): void {
    if (this.ended) return;
    this.resize(0);
    this.ended = true;
    this.inFlight.leave(this.holder);
  }
}
