// What each sees of the others' cameras: by the size at which it is shown, and by what their network carries.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './lib/browser.mjs';
import { joinVoice, register, setUp } from './lib/people.mjs';
import { Server } from './lib/server.mjs';
import { Network, RELAY, useRelayOnly } from './lib/network.mjs';
import { rememberConnections } from './lib/sound.mjs';

let server, network;
const browsers = [];
let ada, bob, cat;

async function person(hertz) {
  const browser = await launch(hertz);
  browsers.push(browser);
  const context = await browser.newContext({ permissions: ['microphone', 'camera'], viewport: { width: 1_440, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(rememberConnections);
  return page;
}

before(async () => {
  server = await Server.start();
  [ada, bob, cat] = await Promise.all([person(440), person(1_320), person()]);
  network = await Network.to(server);
  await cat.addInitScript(useRelayOnly, RELAY);
  const link = await setUp(ada, server, { username: 'ada', guild: 'The kitchen table' });
  await register(bob, link, 'bob');
  await register(cat, link.replace(server.origin, network.origin), 'cat');
});

after(async () => {
  await Promise.all(browsers.map((browser) => browser.close()));
  network?.close();
  await server?.end();
});

/** What is received of pictures, the largest first. */
async function received(page) {
  return page.evaluate(async () => {
    const stats = await window.connections.at(-1).getStats();
    const inbound = [...stats.values()].filter(({ type, kind }) => type === 'inbound-rtp' && kind === 'video');
    const pictures = inbound.map(({ mid, frameWidth = 0, framesDecoded = 0, freezeCount = 0 }) => ({ mid, frameWidth, framesDecoded, freezeCount }));
    return pictures.filter(({ framesDecoded }) => framesDecoded > 0).sort((a, b) => b.frameWidth - a.frameWidth);
  });
}

/** Which encodings are sent, by their RTP stream ids. */
async function sent(page) {
  return page.evaluate(() => {
    const senders = window.connections.at(-1).getSenders();
    const camera = senders.find(({ track }) => track?.kind === 'video');
    return camera.getParameters().encodings.filter(({ active }) => active).map(({ rid }) => rid);
  });
}

const widths = async (page) => (await received(page)).map(({ frameWidth }) => frameWidth);
const cameraOn = (page) => page.getByRole('region', { name: 'Call controls' }).getByRole('button', { name: 'Turn camera on' }).click();

async function until(check, what, timeout = 15_000) {
  const begun = Date.now();
  let last;
  while (Date.now() - begun < timeout) {
    last = await check();
    if (last.done) return Date.now() - begun;
    await new Promise((resume) => setTimeout(resume, 50));
  }
  throw new Error(`${what}: ${JSON.stringify(last)}`);
}

/** Counts how many pictures one receives in a while. */
async function pace(page, ms) {
  const count = async () => (await received(page)).reduce((sum, { framesDecoded }) => sum + framesDecoded, 0);
  const before = await count();
  await new Promise((resume) => setTimeout(resume, ms));
  return ((await count()) - before) / (ms / 1_000);
}

test('of two cameras side by side one receives as much as their tiles show', async () => {
  for (const page of [ada, bob, cat]) await joinVoice(page);
  await cameraOn(ada);
  await cameraOn(bob);
  await cat.getByRole('button', { name: /^General, voice channel/ }).click();
  await until(async () => {
    const last = await widths(cat);
    return { done: last.length === 2 && last.every((width) => width === 640), last };
  }, 'two pictures of half the width');
});

test('what nobody sees in large is no longer sent so', async () => {
  await until(async () => {
    const last = [await sent(ada), await sent(bob)];
    return { done: last.every((ids) => !ids.includes('f')), last };
  }, 'the high encoding is paused');
});

test('a tile that is focused gets the high encoding, the others the low', async () => {
  await cat.getByRole('button', { name: 'Focus bob' }).click();
  const took = await until(async () => {
    const last = await widths(cat);
    return { done: last[0] === 1_280 && last[1] === 320, last };
  }, 'one large picture and one small');
  console.log(`focused: the high encoding after ${took} ms`);
  await until(async () => {
    const last = await widths(ada);
    return { done: last.length === 1 && last[0] === 640, last };
  }, 'who has it in a smaller tile is sent no more than before');
});

test('who has a slow network gets less, and nobody else does', async () => {
  network.limit({ kbitPerSecond: 500 });
  const took = await until(async () => {
    const last = await widths(cat);
    return { done: last[0] < 1_280, last };
  }, 'smaller pictures');
  console.log(`500 kbit/s: smaller pictures after ${took} ms`);
  await until(async () => {
    const last = await widths(ada);
    return { done: last[0] === 640, last };
  }, 'the pictures of others are what they were');
  await cat.getByRole('button', { name: 'Network: Fair' }).click();
  await cat.getByText(/^Your network carries \d+ kbit\/s of pictures/).waitFor();
  await cat.getByText('Room for pictures').waitFor();
  await cat.keyboard.press('Escape');
  // Time to settle, then pictures move.
  await new Promise((resume) => setTimeout(resume, 2_000));
  const pictures = await pace(cat, 3_000);
  console.log(`500 kbit/s: ${pictures.toFixed(1)} pictures a second`);
  assert.ok(pictures >= 5, `${pictures} pictures a second`);
});

test('a network that is fast again brings the high encoding back', async () => {
  network.limit({});
  const took = await until(
    async () => {
      const last = await widths(cat);
      return { done: last[0] === 1_280, last };
    },
    'the high encoding',
    30_000,
  );
  console.log(`no limit: the high encoding after ${took} ms`);
});

/** The share of sound that one received in a while which was made up, for the packets were lost. */
async function concealed(page, ms) {
  const count = () =>
    page.evaluate(async () => {
      const stats = await window.connections.at(-1).getStats();
      const inbound = [...stats.values()].filter(({ type, kind }) => type === 'inbound-rtp' && kind === 'audio');
      const sum = (of) => inbound.reduce((sum, one) => sum + of(one), 0);
      return {
        made: sum((one) => (one.concealedSamples ?? 0) - (one.silentConcealedSamples ?? 0)),
        all: sum((one) => one.totalSamplesReceived ?? 0),
      };
    });
  const before = await count();
  await new Promise((resume) => setTimeout(resume, ms));
  const after = await count();
  return (after.made - before.made) / (after.all - before.all);
}

test('with ten percent of loss pictures go on, and speech is whole', async () => {
  network.limit({ lossPercent: 10 });
  await new Promise((resume) => setTimeout(resume, 8_000));
  const [pictures, made] = await Promise.all([pace(cat, 10_000), concealed(cat, 10_000)]);
  console.log(`10 % loss: ${pictures.toFixed(1)} pictures a second, ${(100 * made).toFixed(1)} % of sound made up`);
  assert.ok(pictures >= 8, `${pictures} pictures a second`);
  assert.ok(made < 0.05, `${made}`);
  network.limit({});
});
