import { createHmac, hash, randomBytes } from 'node:crypto';

/** The headers of a signed request to the inbox, as docs/connectors/pushing.md has a department make them. */
export function signedHeaders(
  { method, url, body = '', key = '' }: { method: string; url: string; body?: string; key?: string | undefined },
  { keyId, secret, at = Date.now() }: { keyId: string; secret: string; at?: number },
): Record<string, string> {
  const nonce = randomBytes(16).toString('hex');
  const contentHash = hash('sha256', body, 'hex');
  const lines = [keyId, String(at), nonce, method, url, key, contentHash];
  return {
    'x-hub-key-id': keyId,
    'x-hub-timestamp': String(at),
    'x-hub-nonce': nonce,
    'x-hub-content-hash': contentHash,
    'x-hub-signature': createHmac('sha256', secret).update(lines.join('\n')).digest('hex'),
    ...(key !== '' && { 'idempotency-key': key }),
  };
}
