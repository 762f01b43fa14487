import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createProxyTest, trustedProxiesSchema } from './trusted-proxies.ts';

const sizes = { ipv4: 32, ipv6: 128 } as const;
type Family = keyof typeof sizes;

interface Case {
  readonly family: Family;
  readonly network: bigint;
  readonly prefix: number;
  /** Shares as many bits with the network as the draw says, and perhaps more. */
  readonly address: bigint;
}

const isMapped = (address: bigint) => address >> 32n === 0xffffn;

const cases: fc.Arbitrary<Case> = fc
  .constantFrom<Family>('ipv4', 'ipv6')
  .chain((family) => {
    const size = sizes[family];
    const bits = fc.bigInt({ min: 0n, max: (1n << BigInt(size)) - 1n });
    const length = fc.integer({ min: 0, max: size });
    return fc.tuple(bits, length, bits, length).map(([network, prefix, noise, shared]) => {
      const free = BigInt(size - shared);
      return { family, network, prefix, address: ((network >> free) << free) | (noise & ((1n << free) - 1n)) };
    });
  })
  .filter(({ family, network, address }) => family === 'ipv4' || !(isMapped(network) || isMapped(address)));

const clear = (bits: bigint, size: number, prefix: number) => (bits >> BigInt(size - prefix)) << BigInt(size - prefix);

/** The ways to write an address. */
function spell(address: bigint, family: Family): readonly [string, ...string[]] {
  const hex = address.toString(16).padStart(32, '0');
  const four = [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 0xffn).join('.');
  if (family === 'ipv4') return [four];
  const groups = hex.match(/.{4}/g) ?? [];
  const full = groups.join(':');
  const short = new URL(`http://[${full}]`).hostname.slice(1, -1);
  return [full, full.toUpperCase(), short, `${groups.slice(0, 6).join(':')}:${four}`];
}

it('a peer is trusted where its first bits are those of a block, however either is written [MTL-07]', () => {
  fc.assert(
    fc.property(cases, ({ family, network, prefix, address }) => {
      const size = sizes[family];
      const first = clear(network, size, prefix);
      const expected = clear(address, size, prefix) === first;
      for (const block of spell(first, family)) {
        const proxies = trustedProxiesSchema.parse([`${block}/${prefix}`]);
        const isTrusted = createProxyTest(proxies);
        for (const peer of spell(address, family)) {
          expect(isTrusted(peer)).toBe(expected);
          expect(isTrusted(family === 'ipv4' ? `::ffff:${peer}` : `${peer}%eth0`)).toBe(expected);
        }
      }
    }),
  );
});

it('a block that has bits behind its prefix is no block', () => {
  fc.assert(
    fc.property(cases, ({ family, network, prefix }) => {
      const isClear = clear(network, sizes[family], prefix) === network;
      for (const block of spell(network, family)) {
        expect(trustedProxiesSchema.safeParse([`${block}/${prefix}`]).success).toBe(isClear);
      }
    }),
  );
});
