// Cameras in VP9 and AV1, whose sizes are layers of one stream, in H.264, and in VP8 while somebody takes no other.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LARGE, person } from './lib/browser.mjs';
import { cameraOn, joinVoice, register, setUp, visit } from './lib/people.mjs';
import { Server } from './lib/server.mjs';
import { until } from './lib/stats.mjs';

let server;
const browsers = [];
let ada, bob, cat;

/** As a browser that does not know how to say which frames need which. */
function knowNoDependencies() {
  const add = RTCPeerConnection.prototype.addTransceiver;
  RTCPeerConnection.prototype.addTransceiver = function (...args) {
    const line = add.apply(this, args);
    const extensions = line.getHeaderExtensionsToNegotiate();
    for (const extension of extensions) {
      if (extension.uri.includes('dependency-descriptor')) extension.direction = 'stopped';
    }
    line.setHeaderExtensionsToNegotiate(extensions);
    return line;
  };
}

before(async () => {
  server = await Server.start();
  [ada, bob, cat] = await Promise.all([
    person(browsers, undefined, { viewport: LARGE }),
    person(browsers, undefined, { viewport: LARGE }),
    person(browsers, undefined, { viewport: LARGE, scripts: [knowNoDependencies] }),
  ]);
  const link = await setUp(ada, server, { username: 'ada', guild: 'The kitchen table' });
  await register(bob, link, 'bob');
  await register(cat, link, 'cat');
});

after(async () => {
  await Promise.all(browsers.map((browser) => browser.close()));
  await server?.end();
});

/** The largest picture that is received: its codec, its width, and how many were decoded. */
async function received(page) {
  return page.evaluate(async () => {
    const stats = await window.connections.at(-1).getStats();
    const pictures = [...stats.values()].filter(({ type, kind, framesDecoded }) => type === 'inbound-rtp' && kind === 'video' && framesDecoded > 0);
    const largest = pictures.sort((a, b) => b.frameWidth - a.frameWidth)[0];
    if (!largest) return {};
    const { frameWidth, framesDecoded, freezeCount, keyFramesDecoded, codecId } = largest;
    return { codec: stats.get(codecId)?.mimeType, frameWidth, framesDecoded, freezeCount, keyFramesDecoded };
  });
}

/** How the camera is sent. */
async function sent(page) {
  return page.evaluate(() => {
    const camera = window.connections.at(-1).getSenders().find(({ track }) => track?.kind === 'video');
    const active = camera.getParameters().encodings.filter(({ active }) => active);
    return active.map(({ codec, scalabilityMode }) => ({ codec: codec?.mimeType, scalabilityMode }));
  });
}

async function choose(page, codec) {
  await visit(page, '/settings/devices');
  await page.getByLabel('Camera codec').selectOption(codec);
}

/** Whether one sees the other move, in this codec. */
async function sees(page, codec, what) {
  let before;
  return until(async () => {
    const last = await received(page);
    before ??= last.codec === codec ? last.framesDecoded : undefined;
    return { done: before !== undefined && last.codec === codec && last.framesDecoded > before + 20, last };
  }, what, 20_000);
}

/** Five seconds of what one sees. */
async function goesOn(page, choice) {
  const before = await received(page);
  await new Promise((resume) => setTimeout(resume, 5_000));
  const after = await received(page);
  const pace = (after.framesDecoded - before.framesDecoded) / 5;
  console.log(`${choice}: ${pace} pictures a second, ${after.frameWidth} wide, ${after.freezeCount - before.freezeCount} freezes`);
  assert.ok(pace >= 5, `${pace} pictures a second`);
}

test('a camera is sent in VP8 unless another codec is chosen', async () => {
  for (const page of [ada, bob]) await joinVoice(page);
  await cameraOn(ada);
  await bob.getByRole('button', { name: /^General, voice channel/ }).click();
  await sees(bob, 'video/VP8', 'VP8');
});

for (const [choice, codec] of [['vp9', 'video/VP9'], ['av1', 'video/AV1']]) {
  test(`a camera in ${choice} is seen to move, and its layers are in one stream`, async () => {
    await choose(ada, choice);
    const took = await sees(bob, codec, choice);
    console.log(`${choice}: moves after ${took} ms, sent as ${JSON.stringify(await sent(ada))}`);
    const [only, ...more] = await sent(ada);
    assert.equal(more.length, 0);
    assert.match(only.scalabilityMode, /^L\dT3(_KEY)?$/);
    await goesOn(bob, choice);
  });
}

test('a codec that somebody does not take is left until they are gone', async () => {
  await joinVoice(cat);
  await cat.getByRole('button', { name: /^General, voice channel/ }).click();
  await sees(cat, 'video/VP8', 'what cat can decode');
  await sees(bob, 'video/VP8', 'what all can decode');
  await cat.getByRole('region', { name: 'Call controls' }).getByRole('button', { name: 'Leave' }).click();
  await sees(bob, 'video/AV1', 'what was chosen');
});

test('a camera in H.264 is seen to move, and each size is a stream', async () => {
  await choose(ada, 'h264');
  const took = await sees(bob, 'video/H264', 'H.264');
  console.log(`h264: moves after ${took} ms, sent as ${JSON.stringify(await sent(ada))}`);
  const encodings = await sent(ada);
  assert.ok(encodings.length > 0);
  for (const { codec, scalabilityMode } of encodings) {
    assert.equal(codec, 'video/H264');
    assert.match(scalabilityMode, /^L1T/);
  }
  await goesOn(bob, 'h264');
});
