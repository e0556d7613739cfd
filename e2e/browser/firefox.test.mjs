// A call between two makes of browser.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './lib/browser.mjs';
import { address, joinVoiceFirefox, launchFirefox, recordsTone, registerFirefox, skip } from './lib/firefox.mjs';
import { controls, joinVoice, seats, setUp } from './lib/people.mjs';
import { Server } from './lib/server.mjs';
import { listen, picture, rememberConnections, waitForTone } from './lib/sound.mjs';

const ADA = 440;
const FAY = 880;

let server, chromium, firefox, ada, fay;

before(async () => {
  if (skip) return;
  server = await Server.start(address);
  [chromium, firefox] = await Promise.all([launch(ADA), launchFirefox(FAY)]);
  ada = await (await chromium.newContext({ permissions: ['microphone', 'camera'] })).newPage();
  await ada.addInitScript(rememberConnections);
  fay = await firefox.newPage();
  await fay.evaluateOnNewDocument(rememberConnections);
});

after(async () => {
  await Promise.all([chromium?.close(), firefox?.close()]);
  await server?.end();
});

test('Firefox comes in by an invite link and joins the call', { skip }, async () => {
  const link = await setUp(ada, server, { username: 'ada', guild: 'The kitchen table' });
  await registerFirefox(fay, link, 'fay');
  await joinVoiceFirefox(fay);
  await joinVoice(ada);
  await seats(ada).getByText('fay').waitFor();
});

test('Chromium hears Firefox, and Firefox hears Chromium', { skip }, async () => {
  await listen(ada);
  await waitForTone(ada, FAY, true);
  assert.equal(await recordsTone(fay, ADA), true, 'Firefox hears the tone of Chromium');
  assert.equal(await recordsTone(fay, FAY), false, 'Firefox does not hear itself');
});

test('Chromium sees the camera of Firefox', { skip }, async () => {
  await fay.locator('button[aria-label="Turn camera on"]').click();
  await ada.waitForFunction(() => [...document.querySelectorAll('video')].some((video) => video.videoWidth > 0));
  assert.ok((await picture(ada)).width > 0);
});

test('a muted Chromium is silent in Firefox', { skip }, async () => {
  await controls(ada).getByRole('button', { name: 'Mute', exact: true }).click();
  await fay.locator('.seat [aria-label="ada, muted"]').wait();
  assert.equal(await recordsTone(fay, ADA), false);
});
