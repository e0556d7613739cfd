// What one can do in a call beside talking.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { person } from './lib/browser.mjs';
import { complaints, controls, joinVoice, openChannel, register, seats, setUp, visit } from './lib/people.mjs';
import { Server } from './lib/server.mjs';
import { PLAIN, listen, rememberSound, sendAsItIs, waitForLevel, waitForTone } from './lib/sound.mjs';

const ADA = 440;
const BOB = 880;
const SCREEN = 1_760;
const SILENT = -90;
const HEARD = -60;
const LOWEST = -1_000;

let server, ada, bob, cat;
const browsers = [];
const problems = [];

async function caller(hertz) {
  const page = await person(browsers, hertz, { scripts: [sendAsItIs, rememberSound] });
  problems.push(complaints(page));
  await page.addInitScript(giveScreenSound, SCREEN);
  return page;
}

/** Runs before the page's own scripts: a shared screen sounds, which no machine without sound can have. */
function giveScreenSound(hertz) {
  const share = navigator.mediaDevices.getDisplayMedia;
  navigator.mediaDevices.getDisplayMedia = async function (options) {
    const stream = await share.call(this, options);
    stream.getAudioTracks().forEach((track) => stream.removeTrack(track));
    const context = new AudioContext();
    const tone = new OscillatorNode(context, { frequency: hertz });
    const out = new MediaStreamAudioDestinationNode(context);
    tone.connect(out);
    tone.start();
    stream.addTrack(out.stream.getAudioTracks()[0]);
    return stream;
  };
}

before(async () => {
  server = await Server.start();
  [ada, bob] = await Promise.all([caller(ADA), caller(BOB)]);
  const link = await setUp(ada, server, { username: 'ada', guild: 'The kitchen table' });
  await register(bob, link, 'bob');
  cat = await (await browsers[0].newContext()).newPage();
  problems.push(complaints(cat));
  await register(cat, link, 'cat');
  await joinVoice(ada);
  await joinVoice(bob);
});

after(async () => {
  await Promise.all(browsers.map((browser) => browser.close()));
  await server?.end();
});

test('the volume of somebody is theirs alone, and is kept', async () => {
  await waitForLevel(ada, BOB, PLAIN - 3, PLAIN + 3);
  await seats(ada).getByRole('button', { name: /^bob/ }).click();
  const volume = ada.getByRole('slider', { name: 'Volume of bob' });
  await volume.fill('50');
  await waitForLevel(ada, BOB, PLAIN - 9, PLAIN - 3);
  await volume.fill('0');
  await waitForLevel(ada, BOB, LOWEST, SILENT);
  await volume.fill('200');
  await waitForLevel(ada, BOB, PLAIN + 3, PLAIN + 9);
  assert.match(await ada.evaluate(() => localStorage.getItem('prefs')), /"volumes":\{"\d+":200\}/);
  await volume.fill('100');
  await ada.keyboard.press('Escape');
});

test('deafened one hears nobody and is not heard; both come back', async () => {
  await listen(bob);
  await waitForTone(bob, ADA, true);
  await ada.getByRole('main').focus();
  await ada.keyboard.press('d');
  await waitForLevel(ada, BOB, LOWEST, SILENT);
  await waitForTone(bob, ADA, false);
  await seats(bob).getByRole('button', { name: 'ada, deafened' }).waitFor();
  await ada.keyboard.press('d');
  await waitForLevel(ada, BOB, HEARD, 0);
  await waitForTone(bob, ADA, true);
});

test('who is not in the call sees who speaks, until they are silent', async () => {
  const rings = seats(cat).locator('.seat[data-speaking="true"]');
  await rings.filter({ hasText: 'ada' }).waitFor();
  await rings.filter({ hasText: 'bob' }).waitFor();
  await controls(ada).getByRole('button', { name: 'Mute', exact: true }).click();
  await rings.filter({ hasText: 'ada' }).waitFor({ state: 'detached' });
  await controls(ada).getByRole('button', { name: 'Unmute', exact: true }).click();
  await rings.filter({ hasText: 'ada' }).waitFor();
});

test('a shared screen is shown in large, with its sound, and ends where it began', async () => {
  await controls(ada).getByRole('button', { name: 'Share screen' }).click();
  const screen = bob.getByRole('article', { name: /^Screen of ada/ });
  await screen.waitFor();
  await bob.waitForFunction(() => {
    const video = document.querySelector('.tile[data-screen="true"] video');
    return video?.videoWidth > 0 && video.getVideoPlaybackQuality().totalVideoFrames > 5;
  });
  await bob.locator('.stage[data-focus="true"]').waitFor();
  await waitForLevel(bob, SCREEN, HEARD, 0);
  await controls(ada).getByRole('button', { name: 'Stop sharing' }).click();
  await screen.waitFor({ state: 'detached' });
  await waitForLevel(bob, SCREEN, LOWEST, SILENT);
});

test('the call goes on while one reads elsewhere, and keys do what buttons do', async () => {
  await openChannel(ada, 'general');
  await ada.getByRole('main').focus();
  await ada.keyboard.press('m');
  await seats(bob).getByRole('button', { name: 'ada, muted' }).waitFor();
  await ada.keyboard.press('m');
  await seats(bob).getByRole('button', { name: 'ada, muted' }).waitFor({ state: 'detached' });
  await ada.getByRole('textbox', { name: 'Message general' }).pressSequentially('mdvs');
  await seats(bob).getByRole('button', { name: /^ada(, speaking)?$/ }).waitFor();
  assert.equal(await ada.getByRole('textbox', { name: 'Message general' }).inputValue(), 'mdvs');
});

test('with push to talk one is heard while the key is held', async () => {
  await visit(ada, '/settings/devices');
  await ada.getByRole('switch', { name: 'Push to talk' }).press('Space');
  await ada.getByRole('button', { name: 'Choose another key' }).click();
  await ada.keyboard.press('F8');
  await ada.getByText('The microphone is open only while you hold F8.').waitFor();
  await waitForTone(bob, ADA, false);
  await ada.keyboard.down('F8');
  await waitForTone(bob, ADA, true);
  await ada.keyboard.up('F8');
  await waitForTone(bob, ADA, false);
  await ada.getByRole('switch', { name: 'Push to talk' }).press('Space');
  await waitForTone(bob, ADA, true);
});

test('who leaves is gone at once, and no page had anything to complain of', async () => {
  await controls(ada).getByRole('button', { name: 'Leave' }).click();
  await seats(bob).getByText('ada').waitFor({ state: 'detached' });
  await controls(ada).getByRole('button', { name: 'Leave' }).waitFor({ state: 'detached' });
  assert.deepEqual(problems.flat(), []);
});
