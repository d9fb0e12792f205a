import { BlockList, isIP } from 'node:net';

/** Where an address is: on this machine, in a network of one's own, or anywhere. */
export type Reach = 'loopback' | 'private' | 'global';

/** Not reachable from everywhere (IANA's special-purpose address registries). */
const PRIVATE: readonly (readonly [address: string, bits: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['240.0.0.0', 4],
  ['::', 128],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fe80::', 10],
];

function listOf(networks: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [address, bits] of networks) list.addSubnet(address, bits, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return list;
}

const loopback = listOf([
  ['127.0.0.0', 8],
  ['::1', 128],
]);
const own = listOf(PRIVATE);

/** An IPv4 address that came as IPv6 counts as what it is. */
export function reachOf(address: string): Reach {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
  if (loopback.check(plain, family)) return 'loopback';
  return own.check(plain, family) ? 'private' : 'global';
}
