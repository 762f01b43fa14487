import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { BoundedMap } from '../bounded-map.ts';
import { textSchema } from '../schema.ts';

/** True for a direct peer that is one of the trusted proxies; false where nobody knows who the peer is. */
export type IsTrustedProxy = (remoteAddress: string | undefined) => boolean;

const unix = 'unix';
/** As Node writes the address of an IPv4 peer on a socket that listens for IPv6 too (RFC 4291 §2.5.5.2). */
const mapped = /^::ffff:(?=[0-9.]+$)/i;
const maxRememberedPeers = 256;

export const trustedProxiesSchema: z.ZodType<readonly string[]> = z.array(textSchema(findFault));

/** What is wrong with an address, a CIDR block (RFC 4632 §3.1, RFC 4291 §2.3) or `unix`; undefined where nothing is. */
function findFault(text: string): string | undefined {
  if (text === unix) return undefined;
  const block = parseBlock(text);
  if (block === undefined) return "must be an IP address without a zone, a CIDR block, or 'unix'";
  const bits = bitsOf(block.address);
  if (/^0{80}1{16}/.test(bits)) return 'must be written as IPv4, which the mapped form is';
  return bits.includes('1', block.prefix) ? 'must have no bits set behind the prefix: 10.0.0.0/8' : undefined;
}

interface Block {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  /** How many bits count. */
  readonly prefix: number;
}

function parseBlock(text: string): Block | undefined {
  const [, address = '', length] = /^([0-9A-Fa-f:.]+)(?:\/(0|[1-9][0-9]{0,2}))?$/.exec(text) ?? [];
  const family = familyOf(address);
  if (family === undefined) return undefined;
  const size = family === 'ipv4' ? 32 : 128;
  const prefix = length === undefined ? size : Number(length);
  return prefix > size ? undefined : { address, family, prefix };
}

function familyOf(address: string): Block['family'] | undefined {
  if (isIPv4(address)) return 'ipv4';
  return isIPv6(address) ? 'ipv6' : undefined;
}

/** The bits of an address, as text. */
function bitsOf(address: string): string {
  if (isIPv4(address)) return toBits(address.split('.').map(Number), 8);
  // A URL has no dotted end.
  const [head = '', tail = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const [left, right] = [groupsOf(head), groupsOf(tail)];
  const zeros = Array<number>(8 - left.length - right.length).fill(0);
  return toBits([...left, ...zeros, ...right], 16);
}

function groupsOf(text: string): readonly number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

function toBits(numbers: readonly number[], size: number): string {
  return numbers.map((number) => number.toString(2).padStart(size, '0')).join('');
}

/** @param proxies what `trustedProxiesSchema` has let pass */
export function createProxyTest(proxies: readonly string[]): IsTrustedProxy {
  // One for each: to a BlockList, every IPv4 address is in ::/0.
  const trusted = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const text of proxies) {
    const block = parseBlock(text);
    if (block !== undefined) trusted[block.family].addSubnet(block.address, block.prefix, block.family);
  }
  const trustsUnix = proxies.includes(unix);
  const verdicts = new BoundedMap<string, boolean>(maxRememberedPeers);

  function judge(remoteAddress: string): boolean {
    // The zone says on which of our networks a peer is, and nothing of who it is (RFC 4007 §6).
    const address = remoteAddress.replace(/%.*$/s, '').replace(mapped, '');
    const family = familyOf(address);
    return family !== undefined && trusted[family].check(address, family);
  }

  return (remoteAddress) => {
    if (remoteAddress === undefined) return false;
    if (remoteAddress === unix) return trustsUnix;
    const known = verdicts.get(remoteAddress);
    if (known !== undefined) return known;
    const verdict = judge(remoteAddress);
    verdicts.set(remoteAddress, verdict);
    return verdict;
  };
}
