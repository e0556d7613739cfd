// What real browsers make of bad networks, as JSON: `node sweep.mjs [chromium | firefox [CASE ...]]`, as root. The server and who
// sends are in one network namespace, who receives in another.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { LARGE, person } from './lib/browser.mjs';
import { joinVoiceFirefox, launchFirefox, registerFirefox } from './lib/firefox.mjs';
import { FAR, NEAR, build, lose, move, narrow, tearDown } from './lib/namespaces.mjs';
import { Network, useRelayOnly } from './lib/network.mjs';
import { cameraOn, joinVoice, register, setUp } from './lib/people.mjs';
import { Server } from './lib/server.mjs';
import { rememberConnections, sendAsItIs } from './lib/sound.mjs';
import { account, spent, until } from './lib/stats.mjs';

const SETTLE_MS = 5_000;
const CASE_MS = 20_000;
const BLACKOUT_MS = 5_000;
const MOVES = 10;
/** So long after a move nothing is played that was sent before: pictures may be held for 400 ms. */
const GONE_MS = 500;
const LOSSES = [0, 2, 5, 10, 20];
const RATES = [300, 500, 800, 2_500, 5_000];
const BACK_WITHIN_MS = 30_000;

/** The cases that are gone through; all where none is named. */
let asked = [];
/** The cases that there were to go through. */
const known = new Set();

const pause = (ms) => new Promise((resume) => setTimeout(resume, ms));
const rounded = (figure) => Math.round(figure * 100) / 100;

/** Measures for a while, after a while. */
async function measure(page) {
  await pause(SETTLE_MS);
  const before = await account(page);
  const heights = [];
  for (let passed = 0; passed < CASE_MS; passed += 1_000) {
    await pause(1_000);
    heights.push((await account(page)).height);
  }
  const figures = spent(before, await account(page));
  heights.sort((a, b) => a - b);
  return {
    concealed_percent: rounded(100 * figures.concealed),
    pictures_per_s: rounded(figures.picturesPerSecond),
    picture_kbit_per_s: Math.round(figures.kbitPerSecond),
    freezes: figures.freezes,
    frozen_ms: Math.round(figures.frozenMs),
    height_median: heights[heights.length >> 1],
    height_least: heights[0],
    height_most: heights.at(-1),
    lost_percent: rounded(100 * figures.lost),
  };
}

/** Nothing passes for a while; how soon after it there is sound and a picture again. */
async function blackout(page) {
  lose(100);
  await pause(BLACKOUT_MS);
  const before = await account(page);
  lose(0);
  return back(page, before);
}

/** How soon there is sound and a picture again, in ms. */
async function back(page, before) {
  const is = (key) => async () => {
    const now = (await account(page))[key];
    return { done: now > before[key], last: now };
  };
  const [sound, picture] = await Promise.all(
    ['played', 'pictures'].map((key) => until(is(key), `${key} that goes on`, BACK_WITHIN_MS)),
  );
  return { sound_back_ms: sound, picture_back_ms: picture };
}

/** The receiver goes over to another network, and back, again and again; how soon there is sound and a picture again. */
async function roam(page, network) {
  const gaps = [];
  let here = [NEAR.address, NEAR.other];
  for (let moves = 0; moves < MOVES; moves++) {
    await pause(SETTLE_MS);
    move(...here);
    // Its connections are of the network that is gone.
    network.cut();
    network.heal();
    await pause(GONE_MS);
    const { sound_back_ms: sound, picture_back_ms: picture } = await back(page, await account(page));
    gaps.push({ sound: GONE_MS + sound, picture: GONE_MS + picture });
    console.error('moved', JSON.stringify(gaps.at(-1)));
    here = here.reverse();
  }
  const worst = (key) => Math.max(...gaps.map((gap) => gap[key]));
  const median = (key) => gaps.map((gap) => gap[key]).sort((a, b) => a - b)[gaps.length >> 1];
  return {
    sound_gap_median_ms: median('sound'),
    sound_gap_worst_ms: worst('sound'),
    picture_gap_median_ms: median('picture'),
    picture_gap_worst_ms: worst('picture'),
  };
}

/** Goes through networks, with a good one before each. */
async function through(cases, figures) {
  for (const [name] of cases) known.add(name);
  for (const [name, worsen, look] of cases.filter(([name]) => asked.length === 0 || asked.includes(name))) {
    lose(0);
    narrow(Infinity);
    await pause(SETTLE_MS);
    await worsen();
    figures[name] = await look();
    console.error(name, JSON.stringify(figures[name]));
  }
  lose(0);
  narrow(Infinity);
}

async function sweepChromium(receive, browsers, network) {
  const figures = {};
  const bob = await receive('bob');
  const look = () => measure(bob);
  await through(LOSSES.map((percent) => [`loss_${percent}`, () => lose(percent), look]), figures);
  await through(RATES.map((rate) => [`kbit_${rate}`, () => narrow(rate), look]), figures);
  await through([['blackout_5_s', () => {}, () => blackout(bob)]], figures);
  await through([['network_change', () => {}, () => roam(bob, network)]], figures);
  await browsers.pop().close();

  const cat = await receive('cat', NEAR.relay);
  const shake = (limits) => () => network.limit({ bothWays: true, delayMs: 40, jitterMs: 10, ...limits });
  await through(
    [
      ['jitter_40_10_ms', shake({}), () => measure(cat)],
      ['jitter_40_10_ms_loss_10', shake({ lossPercent: 10 }), () => measure(cat)],
      ['jitter_100_50_ms', shake({ delayMs: 100, jitterMs: 50 }), () => measure(cat)],
    ],
    figures,
  );
  network.limit({});
  await browsers.pop().close();
  return figures;
}

async function sweepFirefox(link, browsers) {
  const figures = {};
  const firefox = await launchFirefox(880);
  browsers.push(firefox);
  const fay = await firefox.newPage();
  await fay.setViewport(LARGE);
  await fay.evaluateOnNewDocument(rememberConnections);
  await fay.evaluateOnNewDocument(sendAsItIs);
  await registerFirefox(fay, link, 'fay');
  await joinVoiceFirefox(fay);
  await fay.locator('button[aria-label^="General, voice channel"]').click();
  await fay.locator('button[aria-label="Focus ada"]').click();
  await moves(fay);
  await through(LOSSES.map((percent) => [`loss_${percent}`, () => lose(percent), () => measure(fay)]), figures);
  await through([['blackout_5_s', () => {}, () => blackout(fay)]], figures);
  return figures;
}

/** Waits until there is sound and a picture. */
function moves(page) {
  return until(async () => {
    const last = await account(page);
    return { done: last.samples > 0 && last.pictures > 0, last };
  }, 'sound and a picture', BACK_WITHIN_MS);
}

async function inside(which, cases) {
  asked = cases;
  const server = await Server.start(FAR.address, { host: FAR.address, relay: NEAR.relay, namespace: FAR.namespace });
  const network = await Network.to(server, NEAR.relay);
  const browsers = [];
  const report = {};
  const options = { scripts: [sendAsItIs], viewport: LARGE };
  try {
    const ada = await person(browsers, 440, { ...options, namespace: FAR.namespace });
    const link = (await setUp(ada, server, { username: 'ada', guild: 'The kitchen table' })).replace(server.origin, network.origin);
    await joinVoice(ada);
    await cameraOn(ada);

    const receive = async (username, relay) => {
      const page = await person(browsers, 880, options);
      if (relay) await page.addInitScript(useRelayOnly, relay);
      await register(page, link, username);
      await joinVoice(page);
      await page.getByRole('button', { name: /^General, voice channel/ }).click();
      await page.getByRole('button', { name: 'Focus ada' }).click();
      await moves(page);
      return page;
    };
    const measures = { chromium: () => sweepChromium(receive, browsers, network), firefox: () => sweepFirefox(link, browsers) };
    for (const name of which) report[name] = await measures[name]();
    const unknown = asked.filter((name) => !known.has(name));
    if (unknown.length > 0) throw new Error(`there is no ${unknown.join(', ')}; there are ${[...known].join(', ')}`);
  } finally {
    await Promise.all(browsers.map((browser) => browser.close()));
    network.close();
    await server.end();
  }
  console.log(JSON.stringify(report));
}

const [first, ...rest] = process.argv.slice(2);
if (process.getuid() !== 0) {
  console.error('network namespaces need root');
  process.exit(1);
}
if (first === 'inside') {
  const [which, ...cases] = rest;
  await inside(which.split(','), cases);
  process.exit(0);
}
build();
const script = [process.execPath, fileURLToPath(import.meta.url), 'inside', first ?? 'chromium,firefox', ...rest];
const run = spawn('ip', ['netns', 'exec', NEAR.namespace, ...script], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => run.kill(signal));
const [code] = await once(run, 'exit');
tearDown();
process.exit(code ?? 1);
