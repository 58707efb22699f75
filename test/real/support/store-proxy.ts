import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

interface Link {
  client: Socket;
  server: Socket;
  /** What one side sent and the other has not got yet. */
  commands: Buffer[];
  answers: Buffer[];
}

/** How a connection through the proxy behaves until it is told otherwise. */
export type ProxyMode =
  /** Both directions as they are. */
  | 'open'
  /** Nothing comes through, in either direction; the connection stands. */
  | 'silent'
  /** Commands arrive, answers do not. */
  | 'mute'
  /** New connections are closed at once. */
  | 'closed';

/** A TCP connection between the program and its store that a test can disturb. */
export class StoreProxy {
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #port: number;
  #mode: ProxyMode = 'open';

  constructor(port: number) {
    this.#port = port;
    this.#server = createServer((client) => this.#join(client));
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  behave(mode: ProxyMode): void {
    this.#mode = mode;
    if (mode !== 'open') return;
    for (const link of this.#links) this.#release(link);
  }

  /** Breaks all connections; what is held is lost. */
  cut(): void {
    for (const { client, server, commands } of this.#links) {
      commands.length = 0;
      client.destroy();
      server.destroy();
    }
  }

  /** Breaks the program's side; what it had sent reaches the server later, beside what comes over new connections. */
  cutAndDeliverLate(delayMs: number): void {
    for (const link of this.#links) {
      link.client.destroy();
      setTimeout(() => {
        this.#release(link);
        link.server.end();
      }, delayMs);
    }
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }

  #release({ client, server, commands, answers }: Link): void {
    for (const bytes of commands.splice(0)) if (server.writable) server.write(bytes);
    for (const bytes of answers.splice(0)) if (client.writable) client.write(bytes);
  }

  #join(client: Socket): void {
    if (this.#mode === 'closed') return void client.destroy();
    const server = connect(this.#port, '127.0.0.1');
    const link: Link = { client, server, commands: [], answers: [] };
    this.#links.add(link);
    client.on('data', (bytes) => {
      if (this.#mode === 'silent') link.commands.push(bytes);
      else server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (this.#mode === 'open') client.write(bytes);
      else link.answers.push(bytes);
    });
    for (const socket of [client, server]) socket.on('error', () => {});
    client.on('close', () => {
      // What is held goes on by itself.
      if (link.commands.length === 0) server.end();
    });
    server.on('close', () => {
      this.#links.delete(link);
      client.destroy();
    });
  }
}
