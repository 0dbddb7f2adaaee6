import { lookup } from 'node:dns/promises';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { fault } from '../domain/faults.ts';

/** Networks of which the administrator says that addresses which people enter may lead there. */
export type Networks = readonly string[];

/** Beside these every IPv4 address is one of the public internet. */
const NOT_PUBLIC_V4 =
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4';
/** What of IPv6 is public, and what of that is not: documentation, and forms that hold an IPv4 address. */
const PUBLIC_V6 = '2000::/3';
const NOT_PUBLIC_V6 = '2001::/23 2001:db8::/32 2002::/16 3fff::/20';

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv6(address) ? 'ipv6' : 'ipv4');

function listOf(networks: Networks): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    if (bits === undefined) list.addAddress(address, familyOf(address));
    else list.addSubnet(address, Number(bits), familyOf(address));
  }
  return list;
}

const notPublic = listOf([...NOT_PUBLIC_V4.split(' '), ...NOT_PUBLIC_V6.split(' ')]);
const publicV6 = listOf([PUBLIC_V6]);

function mayLeadTo(address: string, networks: Networks): boolean {
  const family = familyOf(address);
  if (listOf(networks).check(address, family)) return true;
  return !notPublic.check(address, family) && (family === 'ipv4' || publicV6.check(address, family));
}

/** The host of an address, without the brackets of IPv6. */
const hostOf = (url: string): string => new URL(url).hostname.replace(/^\[|\]$/g, '');

/** Whether an address that somebody enters can be told to lead where it may not, before its name is looked up. */
export const leadsAstray = (url: string, networks: Networks): boolean => {
  const host = hostOf(url);
  if (isIP(host) !== 0) return !mayLeadTo(host, networks);
  return /^(?:.*\.)?localhost\.?$/.test(host) && !mayLeadTo('127.0.0.1', networks);
};

/**
 * Where an address that somebody entered leads, to connect there and nowhere else: a name can be given another address
 * between two look-ups. Throws a configuration error where one of its addresses is neither public nor allowed.
 */
export async function destinationOf(url: string, networks: Networks): Promise<{ address: string; family: number }> {
  const found = await lookup(hostOf(url), { all: true });
  const [first] = found;
  if (!first || found.some(({ address }) => !mayLeadTo(address, networks))) throw fault('address-astray');
  return first;
}
