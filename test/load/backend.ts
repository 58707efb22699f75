import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Takes every OTLP/HTTP request, and reads no more of it than its length. */
export class LoadBackend {
  requests = 0;
  bytes = 0;
  readonly #server: Server = createServer((request, response) => {
    request.on('data', (piece: Buffer) => {
      this.bytes += piece.length;
    });
    request.on('end', () => {
      this.requests++;
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
