/**
 * Addresses of casework and of findings, whose routes are not in the API’s tables yet: their pages say by hand what they
 * answer. This file goes with the last of them, and with it every signature that names `ByHand`.
 */
export type ByHand =
  `/${'disputes' | 'unit-names' | 'outages' | 'share-requests' | 'findings' | 'notices' | 'inspections'}${string}`;

export const isByHand = (path: string): boolean =>
  /^\/(?:disputes|unit-names|outages|share-requests|findings|notices|inspections)/.test(path);

export type Query = Record<string, string | number | boolean | undefined>;
