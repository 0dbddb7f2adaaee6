import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const USAGE = `node bench/first-page.ts [--url http://127.0.0.1:7080] [--login manager] [--password certificate-demo]
  [--slower 4] [--times 10] [--browser /usr/bin/chromium]

How long it takes from the address to the first page’s numbers in a running hub (./hub demo), with the browser’s CPU so many
times slower: signed in, nothing of it in the browser’s cache. Prints the median and the worst, and the script’s weight.`;
const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:7080' },
    login: { type: 'string', default: 'manager' },
    password: { type: 'string', default: 'certificate-demo' },
    slower: { type: 'string', default: '4' },
    times: { type: 'string', default: '10' },
    browser: { type: 'string', default: '/usr/bin/chromium' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}

const browser = await chromium.launch({ executablePath: values.browser, args: ['--no-sandbox'] });
const context = await browser.newContext({ viewport: { width: 1360, height: 860 } });
const headers = { origin: values.url };
const { login, password } = values;
const signedIn = await context.request.post(`${values.url}/api/v1/session`, { headers, data: { login, password } });
if (!signedIn.ok()) throw new Error(`${login} was not signed in: ${await signedIn.text()}`);

const taken: number[] = [];
let script = 0;
for (let turn = 0; turn < Number(values.times); turn++) {
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.setCacheDisabled', { cacheDisabled: true });
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: Number(values.slower) });
  const types = new Map<string, string>();
  let weight = 0;
  devtools.on('Network.responseReceived', ({ requestId, type }) => types.set(requestId, type));
  devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (types.get(requestId) === 'Script') weight += encodedDataLength;
  });
  const startedMs = performance.now();
  await page.goto(values.url);
  await page.locator('.tile-number').first().waitFor();
  taken.push(performance.now() - startedMs);
  script = weight;
  await page.close();
}
await browser.close();
taken.sort((a, b) => a - b);
const ms = (value = 0): string => `${value.toFixed(0)} ms`;
console.log(
  `median ${ms(taken[Math.floor(taken.length / 2)])}, worst ${ms(taken.at(-1))}, script ${(script / 1000).toFixed(0)} kB`,
);
