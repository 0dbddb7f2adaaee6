import { chromium, type Browser, type Locator, type Page } from 'playwright-core';
import { ROLES, type Role } from '../../domain/access.ts';
import { addAccount } from '../../store/console/accounts.ts';
import { openDispute } from '../../store/casework/disputes.ts';
import { PASSWORD } from './api.ts';
import type { LiveHub } from './live-hub.ts';

/** The unit of whoever has one. */
export const HOUSING = '11320200014006438B';

export function launchBrowser(): Promise<Browser> {
  const executablePath = process.env.HUB_TEST_CHROMIUM;
  if (executablePath === undefined) throw new Error('run tests that need a browser with ./hub test');
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    // The first start after it was installed, beside other tests, takes long.
    timeout: 120_000,
  });
}

/** Takes away what browsers have learnt since Chrome 88, the oldest that the console is for; runs in the page. */
function asInChrome88(): void {
  const newer: [of: object, names: string[]][] = [
    [Array.prototype, ['at', 'findLast', 'findLastIndex', 'toReversed', 'toSorted', 'toSpliced', 'with']],
    [String.prototype, ['at', 'isWellFormed', 'toWellFormed']],
    [Set.prototype, ['difference', 'intersection', 'isDisjointFrom', 'isSubsetOf', 'isSupersetOf', 'union']],
    [Object, ['groupBy', 'hasOwn']],
    [Map, ['groupBy']],
    [Promise, ['try', 'withResolvers']],
    [AbortSignal, ['any', 'timeout']],
    [Crypto.prototype, ['randomUUID']],
    [globalThis, ['structuredClone']],
  ];
  for (const [of, names] of newer) for (const name of names) Reflect.deleteProperty(of, name);
}

/** A page of somebody who is signed in; `faults` gathers what goes wrong in it. */
export interface Visit {
  page: Page;
  faults: string[];
}

/** The console of a live hub in a browser, with an account of each role; its login is the role. */
export class Console {
  readonly hub: LiveHub;
  readonly origin: string;
  readonly #browser: Browser;

  private constructor(hub: LiveHub, browser: Browser) {
    const { host, port } = hub.config.settings.server;
    this.hub = hub;
    this.origin = `http://${host}:${port}`;
    this.#browser = browser;
  }

  static async open(hub: LiveHub): Promise<Console> {
    for (const role of Object.keys(ROLES) as Role[]) {
      const unitCode = role === 'issuer' || role === 'user' ? HOUSING : null;
      await addAccount(
        hub.db,
        { login: role, name: ROLES[role].zh, role, unitCode },
        { password: PASSWORD, mustChange: false },
        new Date(),
      );
    }
    return new Console(hub, await launchBrowser());
  }

  close(): Promise<void> {
    return this.#browser.close();
  }

  /** The console’s first page, nobody signed in. */
  async visit(): Promise<Visit> {
    const context = await this.#browser.newContext({
      locale: 'zh-CN',
      viewport: { width: 1400, height: 900 },
      // A dialog that still moves can be missed by a click.
      reducedMotion: 'reduce',
    });
    await context.addInitScript(asInChrome88);
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      // The browser notes answers that refuse, too: who is signed in, bad input, a lost race, a use that is not granted.
      // The page says them.
      const refusals = message.location().url.includes('/share/v1/') ? '400|403|429' : '400|401|409';
      if (message.type() === 'error' && !new RegExp(`status of (${refusals})`).test(message.text()))
        faults.push(message.text());
    });
    await page.goto(this.origin);
    return { page, faults };
  }

  async signedIn(login: Role): Promise<Visit> {
    const visit = await this.visit();
    await signIn(visit.page, login, PASSWORD);
    await visit.page.getByRole('navigation').waitFor();
    return visit;
  }
}

export async function signIn(page: Page, login: string, password: string): Promise<void> {
  await page.getByLabel('用户名').fill(login);
  await page.getByLabel('密码', { exact: true }).fill(password);
  await page.getByRole('button', { name: '登录' }).click();
}

/** Confirms what a dialog asks. */
export const confirm = (dialog: Locator, timeout = 30_000): Promise<void> =>
  dialog.locator('.ant-modal-footer .ant-btn-primary').click({ timeout });

/** Presses a button of the page, and confirms what it asks. */
export async function act(page: Page, action: string, fill?: (dialog: Locator) => Promise<void>): Promise<void> {
  await page.getByRole('button', { name: action, exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  await fill?.(dialog);
  await confirm(dialog);
  await dialog.waitFor({ state: 'hidden' }).catch(async (cause: unknown) => {
    throw new Error(`what was confirmed stays open: ${await dialog.innerText()}`, { cause });
  });
}

/** What a form says beside a field. */
export const besideField = (dialog: Locator, label: string): Locator =>
  dialog.locator('.ant-form-item', { has: dialog.page().getByLabel(label) }).locator('.ant-form-item-explain-error');

/**
 * A dispute, as the hotline brings it, about a certificate of a stream, some one unless its number is given; it was
 * received by its issuer where it is said when.
 */
export async function aDispute(
  { db }: LiveHub,
  stream: string,
  given: { number?: string; receivedAt?: Date } = {},
): Promise<{ id: number; number: string }> {
  const row = await db('certificate')
    .join('stream', 'stream.id', 'stream_id')
    .where('stream.name', stream)
    .whereNotNull('certificate.number')
    .whereNotIn('certificate.number', db('dispute').select('number'))
    .first<{ number: string } | undefined>('certificate.number');
  if (!row) throw new Error('no certificate was collected');
  const { number = row.number, receivedAt } = given;
  const at = receivedAt ?? new Date();
  const { id } = await openDispute(
    db,
    {
      source: 'hotline',
      ticket: `12345-${number}`,
      number,
      typeCode: null,
      objector: '王五',
      contact: '13800000000',
      statement: '证照上的地址与现场不符',
      raisedAt: at,
      receivedAt,
    },
    { by: '热线', at },
  );
  return { id, number };
}
