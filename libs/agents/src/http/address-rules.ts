import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { AgentError } from '@braid/sdk';

/** What the http agent may reach besides public addresses. */
export type AddressRules = {
  /** Why this address is refused, or undefined when it may be connected to. `host` is the name that led to it. */
  refusal(host: string, address: string): string | undefined;
};

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/**
 * Reads an allow list of host names, addresses and CIDR ranges. A listed host name is trusted with whatever address it
 * resolves to.
 * @throws TypeError for an entry that is none of these.
 */
export function addressRules(allow: readonly string[]): AddressRules {
  const hosts = new Set<string>();
  const ranges: Range[] = [];
  for (const entry of allow) {
    const name = entry.toLowerCase().replace(/\.$/, '');
    const bare = name.replace(/^\[|\]$/g, '');
    if (ipaddr.isValidCIDR(bare)) ranges.push(ipaddr.parseCIDR(bare));
    else if (isIP(bare) !== 0) ranges.push([ipaddr.parse(bare), isIP(bare) === 4 ? 32 : 128]);
    else if (/^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/.test(name)) hosts.add(name);
    else throw new TypeError(`"${entry}" in BRAID_HTTP_ALLOW is not a host name, an address or a CIDR range`);
  }
  return {
    refusal(host, address) {
      if (hosts.has(host.toLowerCase().replace(/\.$/, ''))) return undefined;
      if (!ipaddr.isValid(address)) return 'cannot be read as an address';
      const real = ipaddr.process(address);
      const allowed = ranges.some(([range, bits]) => range.kind() === real.kind() && real.match(range, bits));
      return allowed ? undefined : whyNotPublic(real);
    },
  };
}

/** Ranges that ipaddr.js calls unicast and that still do not lead to the public internet. */
const furtherRanges: readonly (readonly [string, string])[] = [
  ['64:ff9b:1::/48', 'a NAT64 range'],
  ['::/96', 'an IPv4-compatible range'],
  ['fec0::/10', 'a site-local range'],
  ['5f00::/16', 'a segment routing range'],
  ['192.88.99.0/24', 'a 6to4 relay range'],
  ['168.63.129.16/32', 'a metadata service'],
];
const further = furtherRanges.map(([cidr, why]) => [...ipaddr.parseCIDR(cidr), why] as const);

/** Tunnels that carry an IPv4 address (NAT64, 6to4, Teredo) count as not public: behind them is what IPv4 checks forbid. */
function whyNotPublic(address: ipaddr.IPv4 | ipaddr.IPv6): string | undefined {
  for (const [range, bits, why] of further) {
    if (range.kind() === address.kind() && address.match(range, bits)) return why;
  }
  const range = address.range();
  return range === 'unicast' ? undefined : `a ${range} address`;
}

/** The failure of a request to an address that is not allowed. */
export function refusedAddress(host: string, address: string, why: string): AgentError {
  const shown = host === address ? address : `${host} (${address})`;
  return new AgentError(
    `${shown} is ${why}; list the host, address or CIDR range in BRAID_HTTP_ALLOW if it may be reached`,
    {
      type: 'AddressRefused',
      code: 'invalid-input',
      retryable: false,
      details: { host, address },
    },
  );
}
