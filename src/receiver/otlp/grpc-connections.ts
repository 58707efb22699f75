import { createServer, type Server, type Socket } from 'node:net';
import type { Clock, Timer } from '../../component/clock.ts';
import type { Endpoint } from '../../config/endpoint.ts';

export interface GrpcConnectionsOptions {
  maxConnections: number;
  /** Milliseconds without a call after which a connection is closed; 0 for never. */
  maxIdle: number;
  clock: Clock;
  onDrop(): void;
  onError(error: Error): void;
}

/** Milliseconds for a client to close a connection that the library has asked it to close. */
const GRACE_MS = 10_000;

interface Connection {
  readonly socket: Socket;
  calls: number;
  idleSince: number;
}

/**
 * The connections of the gRPC listener. The library bounds their number in no way, knows only those that speak HTTP/2, and
 * waits for a client that was asked to close its connection for as long as that likes.
 */
export class GrpcConnections {
  readonly #options: GrpcConnectionsOptions;
  readonly #server: Server;
  /** By `ADDRESS:PORT` of the client. */
  readonly #open = new Map<string, Connection>();
  #timer: Timer | undefined;

  constructor(options: GrpcConnectionsOptions, take: (socket: Socket) => void) {
    this.#options = options;
    this.#server = createServer((socket) => {
      this.#add(socket);
      take(socket);
    });
    this.#server.maxConnections = options.maxConnections;
    this.#server.on('drop', options.onDrop);
  }

  /** Resolves with the port when connections are accepted. */
  async listen({ host, port }: Endpoint): Promise<number> {
    const server = this.#server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, ...(host !== '' && { host }) }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', this.#options.onError);
    if (this.#options.maxIdle > 0) this.#watch();
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  /** A call begins; to be told, once, when it ends. */
  enter(peer: string): () => void {
    const connection = this.#open.get(peer);
    if (!connection) return () => {};
    connection.calls++;
    return () => {
      connection.calls--;
      connection.idleSince = this.#options.clock.now();
    };
  }

  /** Accepts nothing more; resolves when all connections have ended. */
  stop(): Promise<void> {
    this.#timer?.cancel();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** Ends all connections. */
  destroy(): void {
    for (const { socket } of this.#open.values()) socket.destroy();
  }

  #add(socket: Socket): void {
    const name = `${socket.remoteAddress}:${socket.remotePort}`;
    this.#open.set(name, { socket, calls: 0, idleSince: this.#options.clock.now() });
    socket.once('close', () => {
      if (this.#open.get(name)?.socket === socket) this.#open.delete(name);
    });
  }

  #watch(): void {
    const { clock, maxIdle } = this.#options;
    this.#timer = clock.setTimeout(() => {
      const now = clock.now();
      for (const connection of this.#open.values()) {
        // A clock that was set back begins anew.
        if (connection.idleSince > now) connection.idleSince = now;
        if (connection.calls === 0 && now - connection.idleSince >= maxIdle + GRACE_MS) connection.socket.destroy();
      }
      this.#watch();
    }, maxIdle);
  }
}
