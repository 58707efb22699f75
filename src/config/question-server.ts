import { createServer, type RequestListener, type Server } from 'node:http';
import { type Endpoint, formatEndpoint } from './endpoint.ts';

/** A probe has a short line and no body; whoever is slow or sends more is cut off. */
const LIMITS = {
  headersTimeout: 5000,
  requestTimeout: 5000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 8 * 1024,
};
const MAX_CONNECTIONS = 100;
/** Milliseconds in which nothing is taken of an answer. */
const STALLED_MS = 30_000;

/**
 * An HTTP server for those who ask short questions (health, metrics), with bounds for everybody else.
 *
 * @throws Error that names the endpoint where it cannot be listened on
 */
export async function startQuestionServer(
  { host, port }: Endpoint,
  answer: RequestListener,
  onError: (error: Error) => void,
): Promise<Server> {
  const server = createServer(LIMITS, (request, response) => {
    // What breaks off is nobody's concern.
    response.on('error', () => {});
    request.resume();
    answer(request, response);
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(STALLED_MS);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, ...(host !== '' && { host }) }, () => {
      server.off('error', reject);
      resolve();
    });
  }).catch((error: Error) => {
    throw new Error(`cannot listen on ${formatEndpoint({ host, port })}: ${error.message}`, { cause: error });
  });
  server.on('error', onError);
  return server;
}

/** Ends all connections. */
export async function stopQuestionServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
