// How far apart a flash is seen and a beep is heard that were one, as JSON: `node lip-sync.mjs`. Measured where the user is: the
// pictures of the video element, by the time at which each is to be shown, and what the page plays, by the time at which the
// system plays it.

import { LARGE, person } from './lib/browser.mjs';
import { flashAndBeep, measureSource, watchAndHear } from './lib/lips.mjs';
import { Network, RELAY, useRelayOnly } from './lib/network.mjs';
import { cameraOn, joinVoice, register, setUp } from './lib/people.mjs';
import { Server } from './lib/server.mjs';
import { sendAsItIs } from './lib/sound.mjs';

const SETTLE_MS = 10_000;
const CASE_MS = 45_000;
/** A flash and a beep that are further apart are not of one moment. */
const NEAR_MS = 900;
/** People do not notice less. */
const IN_STEP_MS = 80;
const CASES = [
  ['good', {}],
  ['loss_5', { lossPercent: 5, bothWays: true }],
  ['loss_5_delay_40_10_ms', { lossPercent: 5, delayMs: 40, jitterMs: 10, bothWays: true }],
];

const rounded = (figure) => Math.round(figure * 10) / 10;

/** By how many ms the beep comes after its flash, for each; early sound is negative. */
function skews({ flashes, beeps }) {
  const nearest = (flash) => Math.min(...beeps.map((beep) => Math.abs(beep - flash)));
  const signed = flashes.map((flash) => beeps.find((beep) => Math.abs(beep - flash) === nearest(flash)) - flash);
  return signed.filter((skew) => Math.abs(skew) < NEAR_MS);
}

function figures(seen) {
  const all = skews(seen).sort((a, b) => a - b);
  if (all.length === 0) throw new Error(`nothing was measured: ${JSON.stringify(seen)}`);
  const worst = Math.abs(all[0]) > Math.abs(all.at(-1)) ? all[0] : all.at(-1);
  const inStep = all.filter((skew) => Math.abs(skew) <= IN_STEP_MS).length;
  return {
    skew_ms_median: rounded(all[all.length >> 1]),
    skew_ms_worst: rounded(worst),
    within_80_ms_percent: rounded((100 * inStep) / all.length),
    pairs: all.length,
  };
}

const server = await Server.start();
const network = await Network.to(server);
const browsers = [];
const report = {};
try {
  const ada = await person(browsers, undefined, { scripts: [sendAsItIs, flashAndBeep] });
  const bob = await person(browsers, undefined, { scripts: [sendAsItIs, watchAndHear], viewport: LARGE, bypassCSP: true });
  await bob.addInitScript(useRelayOnly, RELAY);
  const link = await setUp(ada, server, { username: 'ada', guild: 'The kitchen table' });
  await register(bob, link.replace(server.origin, network.origin), 'bob');
  await joinVoice(ada);
  await cameraOn(ada);
  await joinVoice(bob);
  await bob.getByRole('region', { name: 'Call controls' }).getByRole('button', { name: 'Mute', exact: true }).click();
  await bob.getByRole('button', { name: /^General, voice channel/ }).click();
  await bob.getByRole('button', { name: 'Focus ada' }).click();
  await bob.locator('article.tile[aria-label^="ada"] video').waitFor();
  report.source = figures(await measureSource(ada, 20_000));
  console.error('source', JSON.stringify(report.source));
  for (const [name, limits] of CASES) {
    network.limit(limits);
    await bob.waitForTimeout(SETTLE_MS);
    await bob.evaluate(() => window.lips.begin('article.tile[aria-label^="ada"] video'));
    await bob.waitForTimeout(CASE_MS);
    report[name] = { ...figures(await bob.evaluate(() => window.lips.end())), ...(await delays(bob)) };
    console.error(name, JSON.stringify(report[name]));
  }
} finally {
  await Promise.all(browsers.map((browser) => browser.close()));
  network.close();
  await server.end();
}
console.log(JSON.stringify(report));

/**
 * How long sound and pictures waited in their jitter buffers, on average since the begin of the call, and how much longer the
 * sound takes through the page and the system.
 */
function delays(page) {
  return page.evaluate(async () => {
    const stats = [...(await window.connections.at(-1).getStats()).values()].filter(({ type }) => type === 'inbound-rtp');
    const mean = (kind) => {
      const most = stats.filter((one) => one.kind === kind).sort((a, b) => b.packetsReceived - a.packetsReceived)[0];
      return Math.round((1_000 * most.jitterBufferDelay) / most.jitterBufferEmittedCount);
    };
    const { baseLatency, outputLatency } = window.lips.context;
    return {
      sound_buffered_ms: mean('audio'),
      picture_buffered_ms: mean('video'),
      sound_output_ms: Math.round(1_000 * (baseLatency + outputLatency)),
    };
  });
}
