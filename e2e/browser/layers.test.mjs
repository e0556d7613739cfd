// What each sees of the others' cameras: by the size at which it is shown, and by what their network carries.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LARGE, person } from './lib/browser.mjs';
import { cameraOn, joinVoice, nextClick, register, setUp } from './lib/people.mjs';
import { Server } from './lib/server.mjs';
import { Network, RELAY, useRelayOnly } from './lib/network.mjs';
import { account, during, sent, until, widths } from './lib/stats.mjs';

/** As long as pictures wait for sound at most. */
const LONGEST_HOLD_MS = 400;

let server, network;
const browsers = [];
let ada, bob, cat;

before(async () => {
  server = await Server.start();
  const viewport = LARGE;
  [ada, bob, cat] = await Promise.all([440, 1_320, undefined].map((hertz) => person(browsers, hertz, { viewport })));
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
  const clicked = nextClick(cat);
  await cat.getByRole('button', { name: 'Focus bob' }).click();
  const pressed = await clicked;
  await until(async () => {
    const last = await widths(cat);
    return { done: last[0] === 1_280 && last[1] === 320, last };
  }, 'one large picture and one small');
  console.log(`focused: the high encoding ${Date.now() - pressed} ms after the press`);
  await until(async () => {
    const last = await widths(ada);
    return { done: last.length === 1 && last[0] === 640, last };
  }, 'who has it in a smaller tile is sent no more than before');
});

test('pictures wait as long as sound takes', async () => {
  await until(async () => {
    const last = await cat.evaluate(async () => {
      const connection = window.connections.at(-1);
      const lines = connection.getTransceivers().filter(({ direction }) => direction === 'recvonly');
      const receivers = lines.map(({ receiver }) => receiver).filter(({ track }) => track.kind === 'video');
      const stats = [...(await connection.getStats()).values()];
      const sounds = stats.filter(({ type, kind }) => type === 'inbound-rtp' && kind === 'audio');
      const total = (key) => sounds.reduce((sum, sound) => sum + sound[key], 0);
      const sound = (1_000 * total('jitterBufferDelay')) / total('jitterBufferEmittedCount');
      return { sound, pictures: receivers.map((receiver) => receiver.jitterBufferTarget) };
    });
    // Sound's mean since the call began, beside what it was of late and the way to the loudspeaker.
    const [least, most] = [last.sound / 2, last.sound * 2 + 100].map((ms) => Math.min(ms, LONGEST_HOLD_MS));
    const isAsLong = (ms) => ms >= least && ms <= most;
    return { done: last.pictures.length > 0 && last.pictures.every(isAsLong), last };
  }, 'every slot for pictures is told to wait as long as sound does');
});

test('pictures that stood still are counted where the network is explained', async () => {
  const before = (await account(cat)).freezes;
  network.limit({ lossPercent: 100 });
  await new Promise((resume) => setTimeout(resume, 1_500));
  network.limit({});
  await cat.getByRole('button', { name: /^Network:/ }).click();
  const counted = cat.locator('dt', { hasText: 'Pictures stood still' }).locator('+ dd');
  await until(async () => {
    const last = [Number(await counted.textContent()), (await account(cat)).freezes];
    return { done: last[0] > before && last[0] <= last[1], last };
  }, 'the panel counts what the browser does');
  await cat.keyboard.press('Escape');
  await until(async () => {
    const last = await widths(cat);
    return { done: last[0] === 1_280, last };
  }, 'the high encoding is back', 30_000);
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
  // The panel tells of it, unless the machine is so busy that there is worse to tell.
  await cat.getByRole('button', { name: /^Network: (Fair|Unstable)/ }).click();
  await cat.getByText(/^(Your network carries \d+ kbit\/s of pictures|Packets arrive unevenly)/).waitFor();
  await cat.getByText('Room for pictures').waitFor();
  await cat.keyboard.press('Escape');
  // Time to settle, then pictures move.
  await new Promise((resume) => setTimeout(resume, 2_000));
  const { picturesPerSecond: pictures } = await during(cat, 3_000);
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
    60_000,
  );
  console.log(`no limit: the high encoding after ${took} ms`);
});

test('with ten percent of loss pictures go on, and speech is whole', async () => {
  network.limit({ lossPercent: 10 });
  await new Promise((resume) => setTimeout(resume, 8_000));
  const { picturesPerSecond: pictures, concealed: made } = await during(cat, 10_000);
  console.log(`10 % loss: ${pictures.toFixed(1)} pictures a second, ${(100 * made).toFixed(1)} % of sound made up`);
  assert.ok(pictures >= 8, `${pictures} pictures a second`);
  assert.ok(made < 0.05, `${made}`);
  network.limit({});
});
