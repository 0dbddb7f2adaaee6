import { createHmac, hash, randomUUID } from 'node:crypto';
import type { Strength } from '../../../domain/sharing/holder.ts';
import { shanghaiInstant } from '../../../domain/dates.ts';
import type { ApiHub } from '../../support/api.ts';

/** A portal as `hub.yaml` has it, with its key in the environment. */
export const PORTAL = {
  id: 'app',
  name: '江苏政务服务APP',
  unit: '11320000014000000P',
  key: { env: 'TEST_PORTAL_KEY' },
};
process.env.TEST_PORTAL_KEY = 'the portal’s key, as long as it should be';

export interface Claims {
  portal: string;
  name: string;
  code: string;
  codeType: string;
  strength: Strength;
  at: string;
  nonce: string;
  body: string;
}

/** The header by which a portal says who somebody is, for one request. */
export function assertion(
  method: string,
  url: string,
  claims: Claims,
  key = process.env.TEST_PORTAL_KEY ?? '',
): string {
  const said = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `${said}.${createHmac('sha256', key).update(`${method}\n${url}\n${said}`).digest('hex')}`;
}

/** An answer of /holder/v1, its body read as JSON where it is. */
export interface HolderAnswer<T> {
  status: number;
  headers: Record<string, unknown>;
  text: string;
  bytes: Buffer;
  body: T;
}

/** Asks as a holder through the portal; `change` says other than the truth. */
export async function askAsHolder<T = Record<string, unknown>>(
  hub: ApiHub,
  who: { name: string; code: string; codeType?: string },
  path: string,
  { payload, change = {}, header }: { payload?: object; change?: Partial<Claims>; header?: string } = {},
): Promise<HolderAnswer<T>> {
  const method = payload ? 'POST' : 'GET';
  const url = `/holder/v1${path}`;
  const claims: Claims = {
    portal: PORTAL.id,
    codeType: '111',
    ...who,
    strength: 'person',
    at: shanghaiInstant(hub.nowMs),
    nonce: randomUUID(),
    body: hash('sha256', payload ? JSON.stringify(payload) : ''),
    ...change,
  };
  const { statusCode, headers, body, rawPayload } = await hub.app.inject({
    method,
    url,
    headers: { 'hub-holder': header ?? assertion(method, url, claims), 'accept-language': 'zh' },
    ...(payload && { payload }),
  });
  const json = String(headers['content-type']).includes('json');
  return { status: statusCode, headers, text: body, bytes: rawPayload, body: (json ? JSON.parse(body) : null) as T };
}
