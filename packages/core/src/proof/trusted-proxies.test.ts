import { describe, expect, it } from 'vitest';
import { createProxyTest, trustedProxiesSchema } from './trusted-proxies.ts';

/** What is wrong with each, by its index. */
function faultsOf(...proxies: readonly unknown[]): readonly (readonly [PropertyKey | undefined, string])[] {
  const { error } = trustedProxiesSchema.safeParse(proxies);
  return (error?.issues ?? []).map(({ path, message }) => [path[0], message]);
}

const shape = "must be an IP address without a zone, a CIDR block, or 'unix'";
const spareBits = 'must have no bits set behind the prefix: 10.0.0.0/8';

describe('trustedProxies', () => {
  it('are addresses, blocks and Unix sockets', () => {
    const good = ['unix', '10.0.0.1', '10.0.0.0/8', '10.0.0.1/32', '0.0.0.0/0', '::1', '::/0', '2001:DB8::/32'];
    expect(faultsOf(...good, 'fd00:0:0:0:0:0:0:1', 'fe80::/10', '64:ff9b::10.0.0.0/104')).toEqual([]);
  });

  it.each([
    'localhost',
    'proxy.example',
    '',
    ' ',
    'Unix',
    'unix:/run/proxy.sock',
    '*',
    '10.0.0',
    '10.0.0.1.',
    '010.0.0.1',
    '0x0a.0.0.1',
    '167772161',
    '10.0.0.256',
    '10.0.0.1:80',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0.0/8.0',
    '10.0.0.0/255.0.0.0',
    '10.0.0.0/8/8',
    '10.0.0.0 /8',
    '10.0.0.1\n',
    '::1/129',
    '[::1]',
    ':::',
    '1::2::3',
    'fe80::1%eth0',
    'fe80::%1/10',
  ])('are not %j', (text) => {
    expect(faultsOf(text)).toEqual([[0, shape]]);
  });

  it.each(['10.1.0.0/8', '10.0.0.1/31', '0.0.0.1/0', '2001:db8::1/32', '::1/0', '2001:db8:8000::/32', 'fd00::1:0/111'])(
    'name a block by its first address, so that nobody trusts more than was meant: not %s',
    (text) => {
      expect(faultsOf(text)).toEqual([[0, spareBits]]);
    },
  );

  it.each(['::ffff:10.0.0.1', '::FFFF:a00:1', '0:0:0:0:0:ffff:10.0.0.0/104'])(
    'write IPv4 as IPv4, not as %s',
    (text) => {
      expect(faultsOf(text)).toEqual([[0, 'must be written as IPv4, which the mapped form is']]);
    },
  );

  it('are reported with every problem', () => {
    expect(faultsOf('localhost', '10.0.0.1', 7, '10.1.0.0/8')).toEqual([
      [0, shape],
      [2, 'must be a string'],
      [3, spareBits],
    ]);
  });
});

describe('a direct peer', () => {
  const isTrusted = createProxyTest(['10.1.0.0/16', '192.0.2.7', '2001:db8:1::/48', 'fe80::7', '::1']);

  it.each([
    '10.1.0.0',
    '10.1.255.255',
    '192.0.2.7',
    '::ffff:10.1.2.3',
    '::FFFF:192.0.2.7',
    '::1',
    '2001:db8:1::',
    '2001:db8:1:ffff:ffff:ffff:ffff:ffff',
    'fe80::7%eth0',
    // With a zone, Node's BlockList does not know an address of this length.
    '2001:0db8:0001:0000:0000:0000:192.168.100.100%eth0',
  ])('is trusted within a block, in whichever form Node writes it: %s [MTL-07]', (address) => {
    expect(isTrusted(address)).toBe(true);
    // The second answer is remembered.
    expect(isTrusted(address)).toBe(true);
  });

  it.each([
    '10.0.255.255',
    '10.2.0.0',
    '192.0.2.6',
    '127.0.0.1',
    '::ffff:10.2.0.0',
    '::10.1.2.3',
    '2001:db8:2::',
    '2001:db8::1',
    'fe80::8%eth0',
    '::2',
    'unix',
    '',
    'localhost',
    '10.1.0.1, 192.0.2.7',
    '::ffff:10.1.2.3.4',
  ])('is not trusted anywhere else: %j [MTL-07]', (address) => {
    expect(isTrusted(address)).toBe(false);
    expect(isTrusted(address)).toBe(false);
  });

  it('is not trusted where nobody knows it, or nobody is trusted [MTL-07]', () => {
    expect(isTrusted(undefined)).toBe(false);
    expect(createProxyTest(['unix', '0.0.0.0/0', '::/0'])(undefined)).toBe(false);
    const isAnyone = createProxyTest([]);
    expect(['127.0.0.1', '::1', 'unix'].map(isAnyone)).toEqual([false, false, false]);
  });

  it('is trusted on a Unix socket only where the options say so [MTL-07]', () => {
    expect(createProxyTest(['unix'])('unix')).toBe(true);
    expect(createProxyTest(['unix'])('127.0.0.1')).toBe(false);
    expect(createProxyTest(['0.0.0.0/0', '::/0'])('unix')).toBe(false);
  });

  it('of IPv4 is in no block of IPv6, and the other way round', () => {
    const [four, six] = [createProxyTest(['0.0.0.0/0']), createProxyTest(['::/0'])];
    const peers = ['10.0.0.1', '::ffff:10.0.0.1', '2001:db8::1'];
    expect(peers.map(four)).toEqual([true, true, false]);
    expect(peers.map(six)).toEqual([false, false, true]);
  });

  it('is judged by itself, however many there were', () => {
    const addresses = Array.from({ length: 1000 }, (_, index) => `10.${index % 2}.${index >> 8}.${index & 255}`);
    const judged = [...addresses, ...addresses].filter((address) => isTrusted(address));
    expect(judged).toEqual([...addresses, ...addresses].filter((address) => address.startsWith('10.1.')));
  });
});
