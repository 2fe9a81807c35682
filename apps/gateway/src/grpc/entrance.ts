import {
  type ServerInterceptingCallInterface,
  ServerInterceptingCall,
  type ServerInterceptor,
  status,
} from '@grpc/grpc-js';
import { v7 as uuidv7 } from 'uuid';
import { Problem } from '../problems/problem';
import { detailsKey, refusal } from './status';

/** A status as the library sends it. */
type Sent = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

/**
 * Stands before every call of the port. What the library refuses by itself gets the words of our problems, and the calls of
 * services that libraries serve (health, reflection) are known, because their streams have no end of their own.
 */
export class Entrance {
  private readonly open = new Set<ServerInterceptingCallInterface>();

  /** @param ours prefix of the paths that are not counted here */
  constructor(private readonly ours: string) {}

  readonly interceptor: ServerInterceptor = (method, call) => {
    const sendStatus = call.sendStatus.bind(call);
    // The library refuses by itself what never becomes a request. It does that on the call that it hands out here.
    call.sendStatus = (sent) => {
      this.open.delete(call);
      sendStatus(explained(sent));
    };
    if (method.path.startsWith(this.ours)) return new ServerInterceptingCall(call);
    this.open.add(call);
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onCancel: () => this.open.delete(call),
        }),
    });
  };

  /** Ends them all. */
  end(): void {
    const { status: stopping } = refusal(new Problem('service.unavailable', 'This gateway stops'), uuidv7());
    [...this.open].forEach((call) => call.sendStatus(stopping));
  }
}

/** What the library says by itself, in the words and with the details of all other refusals. */
function explained(sent: Sent): Sent {
  if (sent.code === status.OK || (sent.metadata?.get(detailsKey).length ?? 0) > 0) return sent;
  const problem = problemIn(sent);
  return problem === undefined ? sent : refusal(problem, uuidv7()).status;
}

function problemIn({ code, details }: Sent): Problem | undefined {
  switch (code) {
    case status.RESOURCE_EXHAUSTED:
      return new Problem('body.too-large', details);
    case status.INTERNAL:
      // The only faults that the library finds before a request is there are the caller's.
      return /decompress|deserializing/.test(details ?? '')
        ? new Problem('body.malformed', details)
        : /grpc-timeout/.test(details ?? '')
          ? new Problem('request.rejected', details)
          : undefined;
    default:
      return undefined;
  }
}
