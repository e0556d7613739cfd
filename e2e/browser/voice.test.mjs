// Three people in one voice channel, each with a voice of their own.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { person, sleep } from './lib/browser.mjs';
import { joinVoice, register, seats, setUp } from './lib/people.mjs';
import { Server } from './lib/server.mjs';
import { Network, RELAY, useRelayOnly } from './lib/network.mjs';
import { listen, picture, silenceOf, waitForTone } from './lib/sound.mjs';

// No voice is near another or a harmonic of it: what a codec distorts is not taken for somebody else.
const ADA = 440;
const BOB = 1_400;
const CAT = 750;

let server;
const browsers = [];
let ada, bob, cat;
/** Bob's way to the server. */
let network;

before(async () => {
  server = await Server.start();
  [ada, bob, cat] = await Promise.all([ADA, BOB, CAT].map((hertz) => person(browsers, hertz)));
  network = await Network.to(server);
  await bob.addInitScript(useRelayOnly, RELAY);
  const link = await setUp(ada, server, { username: 'ada', guild: 'The kitchen table' });
  await register(bob, link.replace(server.origin, network.origin), 'bob');
  await register(cat, link, 'cat');
});

after(async () => {
  await Promise.all(browsers.map((browser) => browser.close()));
  network?.close();
  await server?.end();
});

test('who is in a voice channel shows before one joins', async () => {
  await joinVoice(ada);
  await seats(bob).getByText('ada').waitFor();
});

test('everyone hears the others and not themselves', async () => {
  await joinVoice(bob);
  await joinVoice(cat);
  await listen(bob);
  await waitForTone(bob, ADA, true);
  await waitForTone(bob, CAT, true);
  await silenceOf(bob, BOB);
});

test('a muted microphone is silent at once, and heard again', async (t) => {
  const silent = silenceOf(bob, ADA);
  const clicked = ada.evaluate(
    () => new Promise((resolve) => addEventListener('click', () => resolve(Date.now()), { capture: true, once: true })),
  );
  await ada.getByRole('region', { name: 'Call controls' }).getByRole('button', { name: 'Mute', exact: true }).click();
  const took = (await silent) - (await clicked);
  t.diagnostic(`silent ${took} ms after the click; the goal on a machine that is not busy is 300`);
  await waitForTone(bob, CAT, true);
  await ada.getByRole('region', { name: 'Call controls' }).getByRole('button', { name: 'Unmute', exact: true }).click();
  await waitForTone(bob, ADA, true);
});

test('a camera that is switched on is seen moving, as large as it was sent', async () => {
  await ada.getByRole('region', { name: 'Call controls' }).getByRole('button', { name: 'Turn camera on' }).click();
  await cat.waitForFunction(() => [...document.querySelectorAll('video')].some((video) => video.videoWidth > 0), null, {
    timeout: 15_000,
  });
  const first = await picture(cat);
  await cat.waitForFunction(
    (frames) =>
      [...document.querySelectorAll('video')].some((video) => video.getVideoPlaybackQuality().totalVideoFrames > frames),
    first.frames + 10,
  );
  const sent = await ada.evaluate(() => {
    const tracks = window.connections.at(-1).getSenders().map(({ track }) => track);
    const { width, height } = tracks.find((track) => track?.kind === 'video').getSettings();
    return width / height;
  });
  const seen = await picture(cat);
  assert.ok(Math.abs(seen.width / seen.height - sent) < 0.05, `sent ${sent}, seen ${seen.width} x ${seen.height}`);
});

test('a network that is gone for 20 s frees the seat, and comes back without a click', async () => {
  network.cut();
  const cut = Date.now();
  await seats(ada).getByText('bob').waitFor({ state: 'detached', timeout: 15_000 });
  await new Promise((resume) => setTimeout(resume, cut + 20_000 - Date.now()));
  network.heal();
  await seats(ada).getByText('bob').waitFor({ timeout: 20_000 });
  await listen(bob);
  await waitForTone(bob, ADA, true, 20_000);
  await listen(cat);
  await waitForTone(cat, BOB, true, 20_000);
});

test('a machine that sleeps for 20 s is in the call again when it wakes', async () => {
  const asleep = sleep(bob.context().browser(), 20_000);
  await seats(ada).getByText('bob').waitFor({ state: 'detached', timeout: 15_000 });
  await asleep;
  await seats(ada).getByText('bob').waitFor({ timeout: 20_000 });
  await listen(bob);
  await waitForTone(bob, ADA, true, 20_000);
  await listen(cat);
  await waitForTone(cat, BOB, true, 20_000);
});

test('a restarted server brings voice back without a click', async () => {
  const before = await bob.evaluate(() => window.connections.length);
  await server.stop();
  await server.resume();
  await bob.waitForFunction(
    (before) => window.connections.length > before && window.connections.at(-1).connectionState === 'connected',
    before,
    { timeout: 40_000 },
  );
  await listen(bob);
  await waitForTone(bob, ADA, true, 40_000);
  await waitForTone(bob, CAT, true, 40_000);
});

test('a crashed tab frees its seat', async () => {
  ada.goto('chrome://crash').catch(() => {});
  await seats(bob).getByText('ada').waitFor({ state: 'detached', timeout: 20_000 });
  await waitForTone(bob, CAT, true);
});
