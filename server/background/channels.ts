import { createHmac } from 'node:crypto';
import axios from 'axios';
import type { Knex } from 'knex';
import { createTransport } from 'nodemailer';
import { resolveReference } from '../../settings/environment.ts';
import { destinationOf } from '../../settings/outgoing.ts';
import type { HubSettings } from '../../settings/schemas/hub.ts';
import { shanghaiInstant } from '../../domain/dates.ts';
import { HubError } from '../../domain/errors.ts';
import { fault } from '../../domain/faults.ts';
import { maskNumbers } from '../../domain/library/personal.ts';
import { messageText } from '../../domain/ledger/reminders.ts';
import type { Channel } from '../../store/ledger/contacts.ts';
import { queueMessage } from '../../store/ledger/outbox.ts';
import type { ClaimedReminder } from '../../store/ledger/reminders.ts';

const TIMEOUT_MS = 15_000;

/** Sends a message to its contact by its channel. What it throws names neither the contact nor an address. */
export async function sendNotice(
  db: Knex,
  settings: NoticeSettings,
  message: ClaimedReminder,
  at: Date,
): Promise<void> {
  await SENDERS[message.channel](settings, message, db, at);
}

type NoticeSettings = Pick<HubSettings, 'reminders' | 'outgoing'>;
type Sender = (settings: NoticeSettings, message: ClaimedReminder, db: Knex, at: Date) => Promise<void>;

const SENDERS: Record<Channel, Sender> = {
  async email({ reminders: { smtp } }, { id, key, kind, body, unitName, person, email }) {
    if (!smtp || email === null) throw notSetUp('smtp');
    const { host, port, secure, user, password, from } = smtp;
    const auth = password && { user: user ?? '', pass: resolveReference(password, 'reminders.smtp.password') };
    const transport = createTransport({
      host,
      port,
      secure,
      ...(auth && { auth, requireTLS: !secure }),
      connectionTimeout: TIMEOUT_MS,
      greetingTimeout: TIMEOUT_MS,
      socketTimeout: TIMEOUT_MS,
      dnsTimeout: TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    try {
      await transport.sendMail({
        from,
        to: { name: person, address: email },
        ...maskedText(id, unitName, kind, body),
        // The same at each try, so that a mailbox shows it once.
        messageId: `<${key}@${from.split('@')[1] ?? 'hub'}>`,
        headers: { 'Auto-Submitted': 'auto-generated' },
        signal: AbortSignal.timeout(4 * TIMEOUT_MS),
      });
    } catch (error) {
      throw mailFault(error);
    } finally {
      transport.close();
    }
  },

  async webhook(
    { reminders: { webhook }, outgoing },
    { id, key, kind, body, unitCode, unitName, createdAt, webhook: url },
  ) {
    const receiver = webhook?.keys[unitCode];
    if (!receiver || url === null) throw notSetUp(`webhook.keys.${unitCode}`);
    const written = JSON.stringify({
      id,
      key,
      kind,
      unit: { code: unitCode, name: unitName },
      createdAt: shanghaiInstant(createdAt.getTime()),
      ...messageText(id, unitName, kind, body),
      body,
    });
    const content = maskNumbers(written);
    const signatures = (['secret', 'previous'] as const).flatMap((part) => {
      const reference = receiver[part];
      if (!reference) return [];
      const secret = resolveReference(reference, `reminders.webhook.keys.${unitCode}.${part}`);
      return `sha256=${createHmac('sha256', secret).update(content).digest('hex')}`;
    });
    let status: number;
    try {
      const { address, family } = await destinationOf(url, outgoing.networks);
      ({ status } = await axios.post(url, content, {
        headers: {
          'Content-Type': 'application/json; charset=utf-8',
          'Idempotency-Key': key,
          'X-Hub-Signature': signatures.join(', '),
        },
        timeout: TIMEOUT_MS,
        signal: AbortSignal.timeout(2 * TIMEOUT_MS),
        maxRedirects: 0,
        proxy: false,
        lookup: (_host, _options, found) => found(null, address, family as 4 | 6),
        maxContentLength: 100_000,
        responseType: 'text',
        validateStatus: () => true,
      }));
    } catch (error) {
      if (error instanceof HubError) throw error;
      throw fault('webhook-away', { why: (error as NodeJS.ErrnoException).code ?? 'unknown' });
    }
    if (status >= 200 && status < 300) return;
    const again = status === 408 || status === 425 || status === 429 || status >= 500;
    throw again ? fault('webhook-failing', { status }) : fault('message-refused', { webhook: status });
  },

  // Delivered by its workflow; told here so far as that it waits in the outbox, under its key once.
  async sms({ reminders: { sms } }, { id, key, kind, body, unitName, phone }, db, at) {
    if (!sms || phone === null) throw notSetUp('sms');
    const { subject } = maskedText(id, unitName, kind, body);
    await queueMessage(
      db,
      { target: sms.target, key: `reminder-${key}`, payload: { phone, text: subject, reminder: id } },
      at,
    );
  },
};

/** What deadlines are about can bear the number of somebody. */
function maskedText(...message: Parameters<typeof messageText>): ReturnType<typeof messageText> {
  const { subject, text } = messageText(...message);
  return { subject: maskNumbers(subject), text: maskNumbers(text) };
}

const notSetUp = (setting: string): Error => fault('message-refused', { channel: setting });

/** What the server says may quote the address: its codes do not. */
function mailFault(error: unknown): Error {
  const { code = 'unknown', responseCode } = error as { code?: string; responseCode?: number };
  const shown = responseCode === undefined ? code : `${responseCode} ${code}`;
  if (responseCode !== undefined && responseCode >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE'))
    return fault('message-refused', { mail: shown });
  return fault('mail-failing', { why: shown });
}
