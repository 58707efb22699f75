import {
  status as grpcStatus,
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  type StatusObject,
} from '@grpc/grpc-js';
import type { Clock } from '../../component/clock.ts';
import { type GrpcConfig, maxMessageBytes } from './config.ts';
import { RequestError } from './failure.ts';
import { createSender, hostsOfCertificate, nameOfSender, type Sender } from './host-binding.ts';
import type { ListenerParts } from './http-server.ts';
import type { Ticket } from './in-flight.ts';

/** What the guard found out about a call. */
export interface Admission {
  readonly ticket: Ticket;
  readonly sender: Sender;
}

const admissions = new WeakMap<Metadata, Admission>();

/** By the metadata that the handler of the call is given. */
export function admissionOf(metadata: Metadata): Admission {
  const admission = admissions.get(metadata);
  if (!admission) throw new Error('a call that was not admitted');
  return admission;
}

export interface CallGuardHooks {
  describe(error: unknown): StatusObject;
  /** A call over the connection of this client begins; what it returns is called when it ends. */
  enter(peer: string): (() => void) | undefined;
}

/**
 * Stands before every call: asks the authenticator, admits it, and gives its message a time limit, all before anything
 * of the message is read. As its size is not known yet, the largest one is reserved until it has arrived.
 */
export function createCallGuard(
  parts: ListenerParts,
  config: GrpcConfig,
  clock: Clock,
  { describe, enter }: CallGuardHooks,
): ServerInterceptor {
  return (_method, call) => {
    const leave = enter(call.getPeer());
    let ticket: Ticket | undefined;
    let arrived = false;
    let ended = false;
    const timer = { cancel: () => {} };

    const admit = async (metadata: Metadata) => {
      const auth = await parts.authenticator?.authenticate(headersOf(metadata));
      if (ended) return false;
      const isBound = config.bind_hosts === 'certificate';
      const names = isBound ? hostsOfCertificate(call.getAuthContext().sslPeerCertificate) : undefined;
      const sender = createSender(auth, names);
      // `ADDRESS:PORT`: the port is another one for each connection.
      const address = call.getPeer().replace(/:\d+$/, '');
      ticket = parts.inFlight.enter(maxMessageBytes(config), nameOfSender(sender, address));
      admissions.set(metadata, { ticket, sender });
      if (config.read_timeout > 0) {
        const waiting = clock.setTimeout(() => {
          const message = 'the message did not arrive in time';
          intercepting.sendStatus(
            describe(
              new RequestError({
                httpStatus: 408,
                grpcStatus: grpcStatus.DEADLINE_EXCEEDED,
                message,
                reason: 'timeout',
              }),
            ),
          );
          end();
        }, config.read_timeout);
        timer.cancel = () => waiting.cancel();
      }
      return true;
    };
    const end = () => {
      if (!ended) leave?.();
      ended = true;
      timer.cancel();
      // A message that has arrived is the handler's, also when the client no longer waits for the answer.
      if (!arrived) ticket?.end();
    };

    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        admit(metadata).then(
          (admitted) => {
            if (admitted) next(metadata);
          },
          (error: unknown) => {
            intercepting.sendStatus(describe(error));
          },
        );
      })
      .withOnReceiveMessage((message, next) => {
        timer.cancel();
        arrived = true;
        next(message);
      })
      .withOnCancel(end)
      .build();
    const intercepting = new ServerInterceptingCall(call, {
      start: (next) => next(listener),
      sendStatus: (status, next) => {
        end();
        next(status);
      },
    });
    return intercepting;
  };
}

function headersOf(metadata: Metadata): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = Object.create(null);
  for (const key of Object.keys(metadata.getMap())) {
    if (key.endsWith('-bin')) continue;
    const values = metadata.get(key).map(String);
    headers[key] = values.length === 1 ? values[0] : values;
  }
  return headers;
}
