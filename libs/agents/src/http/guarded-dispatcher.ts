import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { type AddressRules, refusedAddress } from './address-rules';

/** Resolves a host name to all its addresses. */
export type ResolveHost = (host: string) => Promise<readonly LookupAddress[]>;

const resolveBySystem: ResolveHost = (host) =>
  new Promise((resolve, reject) => {
    systemLookup(host, { all: true, verbatim: true }, (error, addresses) =>
      error ? reject(error) : resolve(addresses),
    );
  });

/**
 * Connections to allowed addresses only. The check is made on the very addresses that the socket then connects to, so
 * a name that resolves differently a moment later gains nothing, and it is made once more on the address it is connected to.
 */
export function guardedDispatcher(rules: AddressRules, resolveHost: ResolveHost = resolveBySystem): Agent {
  const connect = buildConnector({ lookup: guardedLookup(rules, resolveHost), timeout: 10_000, allowH2: false });
  return new Agent({
    keepAliveTimeout: 10_000,
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
    connect(options, callback) {
      const host = options.hostname.replace(/^\[|\]$/g, '');
      // For an address there is no lookup, so it is checked here.
      const refusal = isIP(host) === 0 ? undefined : rules.refusal(host, host);
      if (refusal !== undefined) return callback(refusedAddress(host, host, refusal), null);
      connect(options, (error, socket) => {
        if (error !== null) return callback(error, null);
        const address = socket.remoteAddress ?? '';
        const late = rules.refusal(host, address);
        if (late === undefined) return callback(null, socket);
        socket.destroy();
        callback(refusedAddress(host, address, late), null);
      });
    },
  });
}

/** One forbidden address among several refuses the name: which of them would be used is up to the network. */
function guardedLookup(rules: AddressRules, resolveHost: ResolveHost): LookupFunction {
  return (host, options, callback) => {
    resolveHost(host).then(
      (addresses) => {
        for (const { address } of addresses) {
          const refusal = rules.refusal(host, address);
          if (refusal !== undefined) return callback(refusedAddress(host, address, refusal), '', 4);
        }
        const [first] = addresses;
        if (first === undefined) return callback(new Error(`${host} has no address`), '', 4);
        if (options.all) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), '', 4),
    );
  };
}
