import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import winston from 'winston';
import { hubSchema } from '../../settings/schemas/hub.ts';
import { LONGEST_TERM } from '../../settings/schemas/jurisdiction.ts';
import { loadConfig } from '../../settings/load.ts';
import { remind, startReminders, type ReminderOptions } from '../../server/background/reminders.ts';
import { findAlerts } from '../../store/ledger/alerts.ts';
import { saveCalendar } from '../../store/ledger/calendar.ts';
import { fileContact, type NewContact } from '../../store/ledger/contacts.ts';
import { openObligations } from '../../store/ledger/obligations.ts';
import { faultInWords } from '../../domain/faults.ts';
import { listReminders, type ReminderReport } from '../../store/ledger/reminders.ts';
import { saveHub, saveRules } from '../../store/ledger/rules.ts';
import { runHub, startHub } from '../support/commands/command.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { ownConfig, temporaryFolder } from '../support/live-hub.ts';
import { MailServer } from '../support/servers/mail.ts';
import { freePorts } from '../support/ports.ts';

const config = loadConfig({ folder: join(import.meta.dirname, '../../config'), demo: true, jurisdiction: 'wuxi' });
const at = (text: string): Date => new Date(`${text}+08:00`);
const UNIT = '11320200014006438B';
const MANAGEMENT = '11320200MB1D55902K';
const SECRET = 'a key for signatures';
const PERSON = { person: '欧阳十八', email: 'ouyang18@unit.example.cn', phone: '13899998888' };

/** The system of a unit that takes reminders: keeps what it gets, and answers as it is told. */
class Hook {
  readonly requests: { headers: IncomingHttpHeaders; body: string }[] = [];
  answer = 204;
  url = '';
  readonly #server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      this.requests.push({ headers: request.headers, body });
      response.writeHead(this.answer).end();
    });
  });

  async start(): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/in/t0ken`;
  }

  stop(): Promise<unknown> {
    return new Promise((done) => this.#server.close(done));
  }
}

/** A calendar in which every day of a year is a working day. */
function workAllYear(place: string, year: number): void {
  const days = Array.from({ length: 366 }, (_, day) => new Date(Date.UTC(year, 0, 1 + day)));
  const weekend = days.filter((day) => day.getUTCFullYear() === year && day.getUTCDay() % 6 === 0);
  writeFileSync(
    join(place, 'calendars', `${year}.yaml`),
    JSON.stringify({
      year,
      version: 'test',
      source: 'test',
      work: weekend.map((day) => day.toISOString().slice(0, 10)),
    }),
  );
}

describe('reminders are sent', () => {
  let database: TestDatabase;
  let mail: MailServer;
  let hook: Hook;
  const folder = temporaryFolder();
  const logged: string[] = [];
  const logger = winston.createLogger({
    transports: [
      new winston.transports.Console({
        log: (info: object, next: () => void) => {
          logged.push(JSON.stringify(info));
          next();
        },
      }),
    ],
  });

  before(async () => {
    database = await createDatabase();
    await saveRules(database.db, config.jurisdiction.rules);
    await saveHub(database.db, {
      management: { code: MANAGEMENT, name: '管理办' },
      taskQueue: 'hub',
      disputeReceipt: 'registered',
      oldestDays: 366,
      catalogRequired: [],
      deliveryThrough: [],
    });
    const inForce = {
      tables: config.calendarTables,
      calendar: config.calendar,
      dayEnds: '24:00',
      longest: LONGEST_TERM,
    };
    await saveCalendar(database.db, inForce, at('2026-11-23T10:00:00'));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'secret'), SECRET);
  });
  after(async () => {
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  let nowAt = at('2026-11-23T10:00:00');
  let reminders: object;
  let networks: string[];
  let temporal: 'up' | 'away';
  let aheadMs = 0;
  beforeEach(async () => {
    await database.db.raw('TRUNCATE obligation, reminder, reminder_task, contact, outbox RESTART IDENTITY CASCADE');
    await database.db('reminder_round').update({ held_at: null, digest_on: '2026-11-23' });
    mail = await MailServer.start();
    hook = new Hook();
    await hook.start();
    logged.length = 0;
    temporal = 'up';
    aheadMs = 0;
    nowAt = at('2026-11-23T10:00:00');
    networks = ['127.0.0.1'];
    reminders = {
      smtp: { host: '127.0.0.1', port: mail.port, secure: false, from: 'hub@city.example.cn' },
      webhook: { keys: { [UNIT]: { secret: { file: join(folder, 'secret') } } } },
    };
  });
  afterEach(async () => {
    await mail.stop();
    await hook.stop();
  });

  const options = (): ReminderOptions => ({
    db: database.db,
    logger,
    now: () => nowAt,
    aheadMs: () => aheadMs,
    askTemporal: () => (temporal === 'up' ? Promise.resolve() : Promise.reject(new Error('no answer'))),
    config: () => ({
      settings: hubSchema.parse({ jurisdiction: 'wuxi', reminders, outgoing: { networks } }),
      calendar: config.calendar,
    }),
  });
  const look = async (time: string): Promise<void> => {
    nowAt = at(`2026-11-${time.includes('T') ? time : `23T${time}`}`);
    await remind(options());
  };
  const file = (contact: Partial<NewContact> = {}) =>
    fileContact(
      database.db,
      {
        unitCode: UNIT,
        unitName: '市住房和城乡建设局',
        role: 'operator',
        person: PERSON.person,
        email: null,
        phone: null,
        webhook: null,
        ...contact,
      },
      { by: '李处长', at: nowAt },
    );
  const overdue = (count = 1) =>
    openObligations(
      database.db,
      'catalog',
      Array.from({ length: count }, (_, index) => ({
        subject: `catalog/${index}`,
        ownerCode: UNIT,
        ownerName: '市住房和城乡建设局',
        startedAt: at('2026-11-02T10:00:00'),
      })),
      { by: 'hub', at: nowAt },
    );
  const message = async (): Promise<ReminderReport> => {
    const [only, ...more] = await listReminders(database.db, { unacknowledged: false, limit: 10 });
    assert.ok(only && more.length === 0);
    return { ...only, lastError: only.lastError === null ? null : faultInWords(only.lastError).en };
  };
  const withoutPersons = (): void => {
    assert.ok(logged.length > 0);
    for (const line of logged) assert.doesNotMatch(line, /ouyang18|欧阳|13899998888|t0ken/);
  };

  it('by mail: one message of 5,000 tasks, that no machine answers and a mailbox knows again', async () => {
    await file({ email: PERSON.email });
    await overdue(5_000);
    await look('10:00');
    await look('10:10');
    const [received, ...more] = mail.mails;
    assert.deepEqual(more, []);
    assert.deepEqual(received?.to, [PERSON.email]);
    const { headers, text } = received;
    assert.equal(headers.from, 'hub@city.example.cn');
    assert.equal(headers.to, `${PERSON.person} <${PERSON.email}>`);
    assert.equal(headers.subject, '时限任务提醒：市住房和城乡建设局 内控时限 逾期 5000 项');
    assert.equal(headers['auto-submitted'], 'auto-generated');
    assert.match(headers['message-id'] ?? '', /^<[0-9a-f-]{36}@city\.example\.cn>$/);
    assert.match(text, /WX-6 第六条（内控时限） catalog\/\d+ · 逾期 · 到期 2026-11-09 24:00\n/);
    assert.deepEqual([(await message()).state, (await message()).attempts], ['sent', 1]);
    withoutPersons();
  });

  it('what the mail server puts off is sent later, as the same message', async () => {
    await file({ email: PERSON.email });
    await overdue();
    mail.refuse = 451;
    for (const time of ['10:00', '10:01', '10:03', '10:07']) await look(time);
    const { state, lastError, attempts } = await message();
    assert.deepEqual([state, attempts], ['waiting', 4]);
    assert.match(lastError ?? '', /^the mail server did not take the message: 451 /);
    mail.refuse = null;
    await look('10:14');
    assert.equal(mail.mails.length, 0, 'it waits longer each time');
    await look('10:15');
    assert.equal(mail.mails.length, 1);
    assert.deepEqual([(await message()).state, (await message()).lastError], ['sent', null]);
    withoutPersons();
  });

  it('a mail server that is away is tried again, and a message stays the same when it comes twice', async () => {
    await file({ email: PERSON.email });
    await overdue();
    await mail.stop();
    await look('10:00');
    assert.match((await message()).lastError ?? '', /^the mail server did not take the message: E\w+/);
    mail = await MailServer.start();
    reminders = { smtp: { host: '127.0.0.1', port: mail.port, secure: false, from: 'hub@city.example.cn' } };
    await look('10:01');
    // As after a crash between sending and noting it.
    await database.db('reminder').update({ sent_at: null });
    await look('10:07');
    const ids = mail.mails.map(({ headers }) => headers['message-id']);
    assert.equal(ids.length, 2);
    assert.equal(new Set(ids).size, 1);
  });

  it('what the mail server refuses goes by the contact’s next channel, else it is dead and raises an alert', async () => {
    await file({ email: PERSON.email, webhook: hook.url });
    await file({ email: PERSON.email });
    await overdue();
    mail.refuse = 550;
    for (const time of ['10:00', '10:01', '10:03']) await look(time);
    const found = await listReminders(database.db, { unacknowledged: false, limit: 10 });
    assert.deepEqual(found.map(({ channel, state }) => [channel, state]).toSorted(), [
      ['email', 'dead'],
      ['webhook', 'sent'],
    ]);
    assert.equal(hook.requests.length, 1);
    const dead = found.find(({ state }) => state === 'dead');
    assert.match(faultInWords(dead?.lastError ?? '').en, /^the mail server refused the message: 550 /);
    withoutPersons();
    const alerts = await findAlerts(database.db, 'reminders', nowAt);
    assert.deepEqual(alerts, [], 'another contact of the unit has it');
    await database.db('reminder').where({ channel: 'webhook' }).delete();
    const [alert] = await findAlerts(database.db, 'reminders', nowAt);
    assert.match(alert?.message.en ?? '', /^市住房和城乡建设局: 1 messages did not arrive: .* 550 /);
  });

  it('nobody is told anything by a machine whose clock is wrong, and everybody once it is right', async () => {
    await file({ email: PERSON.email });
    await overdue();
    aheadMs = 3 * 24 * 3_600_000;
    await look('10:00');
    assert.deepEqual(await listReminders(database.db, { unacknowledged: false, limit: 10 }), []);
    aheadMs = 0;
    await look('10:01');
    assert.ok(mail.mails.length > 0);
  });

  it('a password is not sent where the line is not encrypted', async () => {
    await file({ email: PERSON.email });
    await overdue();
    const password = { file: join(folder, 'secret') };
    reminders = {
      smtp: { host: '127.0.0.1', port: mail.port, secure: false, from: 'hub@city.example.cn', user: 'hub', password },
    };
    await look('10:00');
    assert.deepEqual([mail.passwords, mail.mails], [[], []]);
    assert.match((await message()).lastError ?? '', /ETLS/);
  });

  it('a secret that is missing is named, and the message waits', async () => {
    await file({ webhook: hook.url });
    await overdue();
    reminders = { webhook: { keys: { [UNIT]: { secret: { file: join(folder, 'nothing') } } } } };
    await look('10:00');
    assert.equal((await message()).state, 'waiting');
    assert.match(
      (await message()).lastError ?? '',
      new RegExp(`^reminders\\.webhook\\.keys\\.${UNIT}\\.secret: .*nothing`),
    );
    assert.equal(hook.requests.length, 0);
  });

  it('by webhook: signed over the body, and with the same key at each try', async () => {
    await file({ webhook: hook.url });
    await overdue(2);
    hook.answer = 503;
    await look('10:00');
    assert.equal((await message()).lastError, 'the webhook answered 503');
    hook.answer = 204;
    await look('10:01');
    assert.equal((await message()).state, 'sent');
    const [first, second] = hook.requests;
    assert.ok(first && second);
    assert.equal(
      second.headers['x-hub-signature'],
      `sha256=${createHmac('sha256', SECRET).update(second.body).digest('hex')}`,
    );
    assert.equal(first.body, second.body);
    assert.equal(first.headers['idempotency-key'], second.headers['idempotency-key']);
    const sent = JSON.parse(second.body) as Record<string, unknown>;
    assert.deepEqual(
      [sent.key, sent.kind, sent.unit, sent.subject],
      [
        second.headers['idempotency-key'],
        'reminder',
        { code: UNIT, name: '市住房和城乡建设局' },
        '时限任务提醒：市住房和城乡建设局 内控时限 逾期 2 项',
      ],
    );
    assert.doesNotMatch(second.body, /欧阳/);
    withoutPersons();
  });

  it('by webhook: each unit’s messages bear the signature of its key alone, and while it is changed of both', async () => {
    writeFileSync(join(folder, 'others'), 'another key');
    writeFileSync(join(folder, 'new'), 'the new key');
    const own = { file: join(folder, 'secret') };
    const keys = { [UNIT]: { secret: own }, [MANAGEMENT]: { secret: { file: join(folder, 'others') } } };
    reminders = { webhook: { keys } };
    await file({ webhook: hook.url });
    await file({ unitCode: MANAGEMENT, unitName: '管理办', webhook: hook.url });
    await overdue();
    await look('24T10:00');
    const signedWith = (body: string, ...secrets: string[]): string =>
      secrets.map((secret) => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`).join(', ');
    const sent = hook.requests.map(({ body, headers }) => {
      const { unit } = JSON.parse(body) as { unit: { code: string } };
      return { unit: unit.code, body, signature: headers['x-hub-signature'] };
    });
    assert.deepEqual(sent.map(({ unit }) => unit).toSorted(), [MANAGEMENT, UNIT].toSorted());
    for (const { unit, body, signature } of sent)
      assert.equal(signature, signedWith(body, unit === UNIT ? SECRET : 'another key'), unit);

    keys[UNIT] = { secret: { file: join(folder, 'new') }, previous: own } as never;
    await database.db.raw('UPDATE reminder SET sent_at = NULL, next_attempt_at = created_at WHERE unit_code = ?', [
      UNIT,
    ]);
    await look('24T10:01');
    const { body = '', headers } = hook.requests.at(-1) ?? {};
    assert.equal(headers?.['x-hub-signature'], signedWith(body, 'the new key', SECRET));
  });

  it('a key that two receivers share, or that stays at a change, is refused', () => {
    const secret = { env: 'KEY' };
    for (const keys of [{ [UNIT]: { secret }, [MANAGEMENT]: { secret } }, { [UNIT]: { secret, previous: secret } }]) {
      const read = hubSchema.safeParse({ jurisdiction: 'wuxi', reminders: { webhook: { keys } } });
      assert.match(read.error?.issues[0]?.message ?? '', /own-secret/);
    }
    const one = hubSchema.safeParse({ jurisdiction: 'wuxi', reminders: { webhook: { secret } } });
    assert.equal(one.success, false, 'one key for all');
  });

  it('by webhook to no address that leads into this machine or a network of its own, whatever its name', async () => {
    networks = [];
    const { port } = new URL(hook.url);
    for (const host of [
      '127.0.0.1',
      'localhost',
      '127.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '169.254.169.254',
      '10.1.2.3',
    ]) {
      await database.db.raw('TRUNCATE obligation, reminder, reminder_task, contact RESTART IDENTITY CASCADE');
      await database.db('reminder_round').update({ held_at: null });
      await file({ webhook: `http://${host}:${port}/in` });
      await overdue();
      await look('10:00');
      assert.equal(
        (await message()).lastError,
        'the address is neither a public one nor in a network that is allowed',
        host,
      );
    }
    assert.deepEqual(hook.requests, []);
  });

  it('a webhook that redirects or refuses is not followed, and given up soon', async () => {
    await file({ webhook: hook.url });
    await overdue();
    hook.answer = 302;
    for (const time of ['10:00', '10:01', '10:03', '10:30']) await look(time);
    assert.deepEqual([(await message()).state, hook.requests.length], ['dead', 3]);
    assert.equal((await message()).lastError, 'the webhook refused the message: 302');
  });

  it('by SMS: one message in the outbox of the target, short', async () => {
    await file({ phone: PERSON.phone });
    await overdue();
    reminders = { sms: { target: 'city-sms' } };
    await look('10:00');
    await database.db('reminder').update({ sent_at: null });
    await look('10:10');
    const queued = await database.db('outbox').select<{ target: string; payload: object }[]>('target', 'payload');
    assert.deepEqual(queued, [
      {
        target: 'city-sms',
        payload: { phone: PERSON.phone, text: '时限任务提醒：市住房和城乡建设局 内控时限 逾期 1 项', reminder: 1 },
      },
    ]);
  });

  it('nothing is sent outside the hours but what may be, and the rest at the next opening', async () => {
    await file({ email: PERSON.email });
    await overdue();
    await look('22T10:00'); // a Sunday
    await look('23T08:29');
    assert.deepEqual(mail.mails, []);
    mail.refuse = 451;
    await look('23T17:20');
    mail.refuse = null;
    await look('23T18:00');
    assert.deepEqual(mail.mails, []);
    await look('24T08:30');
    assert.equal(mail.mails.length, 1);
  });

  it('the day’s summary comes once at its time, also when there is nothing, and says that Temporal is down', async () => {
    await file({ unitCode: MANAGEMENT, unitName: '管理办', email: PERSON.email });
    temporal = 'away';
    await look('24T08:29');
    assert.equal(mail.mails.length, 0);
    await look('24T08:30');
    await look('24T08:31');
    const [received, ...more] = mail.mails;
    assert.deepEqual(more, []);
    assert.equal(
      received?.headers.subject,
      '每日简报 2026-11-24：法定时限逾期 0 项、今日到期 0 项，内控时限逾期 0 项、今日到期 0 项，Temporal 不可达',
    );
    assert.ok(received.text.includes('checked at 08:30'));
    temporal = 'up';
    await look('25T09:00');
    assert.doesNotMatch(mail.mails[1]?.text ?? 'Temporal', /Temporal/);
  });

  it('the server looks as soon as it starts, and ends what it is doing when it stops', async () => {
    await file({ email: PERSON.email });
    await overdue();
    const stop = startReminders(options());
    await eventually(() => assert.equal(mail.mails.length, 1));
    await stop();
    assert.equal((await message()).state, 'sent');
  });

  describe('and the commands', () => {
    const hub = (...args: string[]) => runHub(args, { DATABASE_URL: database.url });
    const filing = ['--unit', UNIT, '--name', '市住房和城乡建设局', '--person', PERSON.person, '--by', '李处长'];

    it('put contacts on file, show them masked, and end them', async () => {
      const filed = await hub(
        'contacts',
        'file',
        ...filing,
        '--email',
        PERSON.email,
        '--phone',
        PERSON.phone,
        '--webhook',
        hook.url,
      );
      assert.deepEqual([filed.code, filed.stderr], [0, '']);
      const masked = (await hub('contacts')).stdout;
      assert.ok(masked.includes('o***@unit.example.cn') && masked.includes('138****88') && masked.includes('/***'));
      assert.doesNotMatch(masked, /ouyang18|13899998888|t0ken/);
      const full = JSON.parse((await hub('contacts', '--json', '--unmasked')).stdout) as Record<string, unknown>[];
      assert.deepEqual(
        [full.length, full[0]?.email, full[0]?.phone, full[0]?.webhook],
        [1, PERSON.email, PERSON.phone, hook.url],
      );
      assert.equal((await hub('contacts', 'end', '1', '--by', '李处长')).code, 0);
      const again = await hub('contacts', 'end', '1', '--by', '李处长');
      assert.deepEqual(
        [again.code, again.stderr.trim()],
        [1, 'Contact 1: there is none on file; ./hub contacts lists them with their ids.'],
      );
    });

    it('refuse a contact that cannot be reached, without repeating what was typed', async () => {
      const none = await hub('contacts', 'file', ...filing);
      assert.match(none.stderr, /at least one of --email, --phone and --webhook/);
      const wrong = await hub('contacts', 'file', ...filing, '--email', 'ouyang18.example', '--role', 'boss');
      assert.match(wrong.stderr, /--role: expected operator or leader\n--email: expected an e-mail address/);
      assert.doesNotMatch(wrong.stderr, /ouyang18/);
      assert.equal(wrong.code, 1);
    });

    it('list what was sent and what did not arrive, and acknowledge it', async () => {
      await overdue();
      await look('10:00');
      const listed = await hub('reminders', '--unacknowledged');
      assert.match(listed.stdout, /▲ 无法送达.*时限任务提醒：市住房和城乡建设局 内控时限 逾期 1 项.*专人未备案/);
      assert.equal((await hub('reminders', 'ack', '1', '--by', '王工')).code, 0);
      assert.match((await hub('reminders', '--unacknowledged')).stdout, /There is none/);
      const [row] = JSON.parse((await hub('reminders', '--json', '--unit', UNIT)).stdout) as ReminderReport[];
      assert.deepEqual([row?.state, row?.acknowledgedBy], ['acknowledged', '王工']);
      assert.equal((await hub('reminders', 'ack', '1', '--by', '王工')).code, 1);
    });

    it('an SMS target that no connector has is refused with the configuration', () => {
      const own = temporaryFolder();
      const load = async (): Promise<unknown> => {
        const place = await ownConfig(own);
        writeFileSync(join(place, 'hub.yaml'), 'jurisdiction: wuxi\nreminders: { sms: { target: pigeons } }\n');
        return loadConfig({ folder: place, demo: true });
      };
      return assert
        .rejects(load(), /hub\.yaml:1:reminders\.sms\.target: found “pigeons”, expected one of .*housing-notices/)
        .finally(() => rmSync(own, { recursive: true }));
    });

    it('hub server sends them while Temporal cannot be reached', async () => {
      // By the real clock: the digest waits only for a working day, whatever the hour.
      const own = temporaryFolder();
      const place = await ownConfig(own);
      const [nothing = 0, port = 0] = await freePorts(2);
      const smtp = `{ host: 127.0.0.1, port: ${mail.port}, secure: false, from: hub@city.example.cn }`;
      writeFileSync(
        join(place, 'hub.yaml'),
        `jurisdiction: wuxi\nserver: { port: ${port} }\nreminders: { digestAt: "00:00", smtp: ${smtp} }\n`,
      );
      await database.db('reminder_round').update({ held_at: null, digest_on: null });
      await file({ unitCode: MANAGEMENT, unitName: '管理办', email: PERSON.email });
      const year = new Date().getUTCFullYear();
      for (const each of [year, year + 1]) workAllYear(place, each);
      const running = startHub(['server', '--config', place, '--data', own], {
        DATABASE_URL: database.url,
        TEMPORAL_ADDRESS: `127.0.0.1:${nothing}`,
      });
      try {
        await eventually(() => assert.equal(mail.mails.length, 1), 60_000);
        assert.match(mail.mails[0]?.headers.subject ?? '', /^每日简报 .*Temporal 不可达$/);
      } finally {
        running.child.kill('SIGTERM');
        assert.equal((await running.exit()).code, 0);
        rmSync(own, { recursive: true });
      }
      assert.doesNotMatch(running.printed.stdout, /ouyang18|欧阳/);
    });
  });
});
