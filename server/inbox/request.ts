import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Knex } from 'knex';
import { resolveReference } from '../../settings/environment.ts';
import type { ConnectorConfig } from '../../settings/schemas/connector.ts';
import type { InboxConnectorConfig } from '../../settings/kinds/inbox.ts';
import type { Logger } from '../../settings/logger.ts';
import { isTooDeep } from '../../connectors/json.ts';
import { parseText, type ParsedText } from '../../connectors/json-text.ts';
import type { OpenStream, Streams } from '../../connectors/registry.ts';
import { HubError } from '../../domain/errors.ts';
import type { PoolLimits } from '../../store/database.ts';
import { claimNonce } from '../../store/collection/nonces.ts';

export interface InboxOptions {
  db: Knex;
  now: () => Date;
  logger: Logger;
  /** The streams of the configuration as it is now. */
  streams: () => Streams;
}

export const LARGEST_BODY = 16_000_000;

/** Of the inbox's pool: a sender is told to come again before it gives up itself. */
export const INBOX_LIMITS: PoolLimits = { most: 16, lockMs: 5_000, statementMs: 30_000 };

/** An answer that is no success, as RFC 9457 has it. */
export class RefusedRequest extends Error {
  readonly status: number;
  readonly cure: string;
  /** Of a 503: seconds until it is worth while. */
  readonly retryAfter: number;

  constructor(status: number, message: string, cure: string, retryAfter = 1) {
    super(message);
    this.status = status;
    this.cure = cure;
    this.retryAfter = retryAfter;
  }
}

/** What is refused before its body is read. */
export const UNREADABLE: Record<number, RefusedRequest> = {
  400: new RefusedRequest(400, 'the request is garbled', 'check Content-Length and the address'),
  413: new RefusedRequest(413, `the body is larger than ${LARGEST_BODY / 1e6} MB`, 'send fewer records at once'),
  415: new RefusedRequest(415, 'the body is no JSON', 'send it with Content-Type: application/json'),
};

export interface Params {
  stream: string;
}

/** The bytes of a request, as they came. */
export const bodyOf = (request: FastifyRequest): Buffer =>
  Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);

const equalTexts = (a: string, b: string): boolean =>
  timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'));

/** The stream that a request is for, once it has proven that it may push there. */
export function authorised(request: FastifyRequest<{ Params: Params }>, options: InboxOptions): OpenStream {
  let stream: OpenStream | null = null;
  try {
    stream = options.streams().get(request.params.stream);
  } catch (error) {
    if (!(error instanceof HubError && error.code === 'stream-unknown')) throw error;
  }
  requireAuthorised(request, stream?.connector, options);
  return stream;
}

const refused = new RefusedRequest(401, 'not authorised', 'check the address, the token and the signature');

/**
 * Refuses a request that has not proven by its headers that it may push to a connector: nothing of its body has to be
 * there. A wrong name and a wrong token look alike.
 */
export function requireAuthorised(
  request: FastifyRequest,
  connector: ConnectorConfig | undefined,
  { now }: Pick<InboxOptions, 'now'>,
): asserts connector is InboxConnectorConfig {
  if (connector?.kind !== 'inbox') throw refused;
  const { id, token, signature } = connector as InboxConnectorConfig;
  if (!equalTexts(headerOf(request, 'authorization'), `Bearer ${resolveReference(token, `${id}: token`)}`))
    throw refused;
  if (!signature) return;
  const header = (name: string): string => headerOf(request, name);
  const secret = resolveReference(signature.secret, `${id}: signature.secret`);
  const expected = createHmac(digestIn(signature), secret).update(signedText(request)).digest('hex');
  const away = Math.abs(Number(header('x-hub-timestamp')) - now().getTime());
  if (
    !(away <= signature.tolerance) ||
    header('x-hub-key-id') !== (signature.keyId ?? id) ||
    !NONCE.test(header('x-hub-nonce')) ||
    !equalTexts(header('x-hub-signature').toLowerCase(), expected)
  )
    throw refused;
}

const headerOf = ({ headers }: FastifyRequest, name: string): string => {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
};

type Signature = NonNullable<InboxConnectorConfig['signature']>;

const digestIn = ({ algorithm }: Signature): string => algorithm.slice('hmac-'.length);

/** Words that are used once. */
const NONCE = /^[\w-]{16,100}$/;

/** What is signed of a request, line by line: everything that says who does what where, and the hash of its body. */
const signedText = (request: FastifyRequest): string =>
  [
    headerOf(request, 'x-hub-key-id'),
    headerOf(request, 'x-hub-timestamp'),
    headerOf(request, 'x-hub-nonce'),
    request.method,
    request.url,
    headerOf(request, 'idempotency-key'),
    headerOf(request, 'x-hub-content-hash').toLowerCase(),
  ].join('\n');

/** Refuses a signed request that was taken before, whatever came of it. */
export async function requireFirst(
  request: FastifyRequest,
  { id, signature }: InboxConnectorConfig,
  { db, now }: Pick<InboxOptions, 'db' | 'now'>,
): Promise<void> {
  if (!signature) return;
  const until = new Date(Number(headerOf(request, 'x-hub-timestamp')) + signature.tolerance);
  if (await claimNonce(db, { connector: id, nonce: headerOf(request, 'x-hub-nonce'), until }, now())) return;
  throw new RefusedRequest(401, 'the signature was used before', 'sign each attempt anew, with a nonce of its own');
}

/** Refuses a signed request whose body is not the one that its headers speak of. */
export function requireBody(request: FastifyRequest, { signature }: InboxConnectorConfig): void {
  if (!signature) return;
  const found = hash(digestIn(signature), bodyOf(request), 'hex');
  if (!equalTexts(headerOf(request, 'x-hub-content-hash').toLowerCase(), found)) throw refused;
}

/** The body as JSON; `expected` says what it should be. */
export const jsonOf = (body: Buffer, expected: string): unknown => parsedBody(body, expected).json;

/** The body as JSON with the defects of its text; `expected` says what it should be. */
export function parsedBody(body: Buffer, expected: string): ParsedText {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    if (!isTooDeep(text)) return parseText(text);
  } catch {
    throw new RefusedRequest(400, 'the body is no JSON in UTF-8', expected);
  }
  throw new RefusedRequest(400, 'the body is nested too deeply', expected);
}

/** By which a request is known that comes again: the key that it bears, null where it bears none. */
export function idempotencyKey({ headers }: FastifyRequest): string | null {
  const given = headers['idempotency-key'];
  if (typeof given !== 'string' || given === '') return null;
  if (given.length <= 200) return given;
  throw new RefusedRequest(400, 'the Idempotency-Key is too long', 'use one of at most 200 characters');
}

/** The same key with another body is no repetition. */
export const keyTaken = (key: string): RefusedRequest =>
  new RefusedRequest(
    422,
    `the Idempotency-Key ${key} was used for another body`,
    'use a key of its own for each request',
  );
