import { RefusedError } from '../../component/errors.ts';

const RETRY_AFTER_MS = 1000;

/** Bounds the requests that are being read or not answered yet, by number and by memory. */
export class InFlight {
  requests = 0;
  bytes = 0;
  private readonly maxRequests: number;
  private readonly maxBytes: number;
  private waiting: (() => void)[] = [];

  constructor(maxRequests: number, maxBytes: number) {
    this.maxRequests = maxRequests;
    this.maxBytes = maxBytes;
  }

  /**
   * Lets a request in; the caller must end its ticket.
   * @throws RefusedError when there are too many
   */
  enter(bytes = 0): Ticket {
    if (this.requests >= this.maxRequests) throw new RefusedError('too many requests in flight', RETRY_AFTER_MS);
    const ticket = new Ticket(this);
    this.requests++;
    try {
      ticket.resize(bytes);
    } catch (error) {
      ticket.end();
      throw error;
    }
    return ticket;
  }

  /** A request alone may always take what its own limits allow, so that a small bound here cannot block it for ever. */
  add(bytes: number): void {
    if (bytes > 0 && this.requests > 1 && this.bytes + bytes > this.maxBytes) {
      throw new RefusedError('requests in flight take too much memory', RETRY_AFTER_MS);
    }
    this.bytes += bytes;
  }

  leave(): void {
    this.requests--;
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
  private bytes = 0;
  private ended = false;

  constructor(inFlight: InFlight) {
    this.inFlight = inFlight;
  }

  /**
   * Tells how much memory the request takes now.
   * @throws RefusedError when that is too much; the ticket keeps what it had
   */
  resize(bytes: number): void {
    if (this.ended) return;
    this.inFlight.add(bytes - this.bytes);
    this.bytes = bytes;
  }

  end(): void {
    if (this.ended) return;
    this.resize(0);
    this.ended = true;
    this.inFlight.leave();
  }
}
