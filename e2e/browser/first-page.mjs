// Prints what the first page costs, as JSON: `node first-page.mjs ORIGIN`.

import { launch } from './lib/browser.mjs';

const origin = process.argv[2];
const browser = await launch();
const times = [];
let transfer = 0;
for (let round = 0; round < 5; round++) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  let bytes = 0;
  cdp.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  const begun = performance.now();
  await page.goto(origin);
  await page.getByRole('heading', { level: 1 }).waitFor();
  times.push(performance.now() - begun);
  await page.waitForLoadState('networkidle');
  transfer = Math.max(transfer, bytes);
  await context.close();
}
await browser.close();
times.sort((a, b) => a - b);
console.log(JSON.stringify({ web_transfer_kb: transfer / 1000, first_screen_ms: times[2] }));
