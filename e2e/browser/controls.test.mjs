// What the owner of a server may do about somebody in a voice channel.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { person } from './lib/browser.mjs';
import { ask, complaints, controls, joinVoice, register, seats, setUp, visit, whereabouts } from './lib/people.mjs';
import { Server } from './lib/server.mjs';
import { PLAIN, listen, rememberSound, sendAsItIs, waitForLevel, waitForTone } from './lib/sound.mjs';

const ADA = 440;
const BOB = 1_320;
const CAT = 880;
/** Width at which the page is a phone's. */
const PHONE = { width: 360, height: 720 };
const DESK = { width: 1280, height: 720 };

let server, ada, bob, cat, place, attic;
const browsers = [];
const problems = [];

async function caller(hertz) {
  const page = await person(browsers, hertz, { scripts: [sendAsItIs, rememberSound] });
  problems.push(complaints(page));
  return page;
}

before(async () => {
  server = await Server.start();
  [ada, bob, cat] = await Promise.all([ADA, BOB, CAT].map(caller));
  const link = await setUp(ada, server, { username: 'ada', guild: 'The kitchen table' });
  await register(bob, link, 'bob');
  await register(cat, link, 'cat');
  place = whereabouts(ada);
  attic = (await ask(ada, 'POST', `/guilds/${place.guild}/channels`, { kind: 'voice', name: 'Attic' })).id;
  await joinVoice(ada);
  await joinVoice(bob);
  await joinVoice(cat);
  await listen(ada);
  await waitForTone(ada, BOB, true);
});

after(async () => {
  await Promise.all(browsers.map((browser) => browser.close()));
  await server?.end();
});

const row = (page, name) => seats(page).getByRole('button', { name: new RegExp(`^${name}`) });

/** Opens what one can do about somebody, from the channel list. */
async function about(page, name) {
  await row(page, name).click();
  return page.getByRole('dialog', { name: `Options for ${name}` });
}

const inRoom = (page, channel, name) => {
  const room = seats(page).getByRole('listitem').filter({ has: page.getByRole('button', { name: new RegExp(`^${channel}, voice`) }) });
  return room.getByRole('button', { name: new RegExp(`^${name}`) });
};

test('the owner mutes somebody for everyone, who sees why and cannot undo it', async (t) => {
  const menu = await about(ada, 'bob');
  const begun = Date.now();
  await menu.getByRole('button', { name: 'Mute for everyone' }).click();
  await waitForTone(ada, BOB, false);
  t.diagnostic(`silent ${Date.now() - begun} ms after the click; the goal is 1000`);
  await row(ada, 'bob, muted by a moderator').waitFor();
  await row(bob, 'bob, muted by a moderator').waitFor();
  await controls(bob).getByText('A moderator has muted you on this server.').first().waitFor();
  const mute = controls(bob).getByRole('button', { name: 'A moderator has muted you on this server.' });
  assert.equal(await mute.getAttribute('aria-disabled'), 'true');
  await mute.click({ force: true });
  await row(bob, 'bob, muted by a moderator').waitFor();
  await menu.getByRole('button', { name: 'Unmute for everyone' }).click();
  await waitForTone(ada, BOB, true);
  await controls(bob).getByRole('button', { name: 'Mute', exact: true }).waitFor();
  await ada.keyboard.press('Escape');
  await menu.waitFor({ state: 'detached' });
});

test('while a priority speaker talks the others are played lower, and afterwards as before', async () => {
  await waitForLevel(bob, CAT, PLAIN - 3, PLAIN + 3);
  const menu = await about(ada, 'ada');
  await menu.getByText('Speak with priority').click();
  await row(bob, 'ada, speaking, priority speaker').waitFor();
  await waitForLevel(bob, CAT, PLAIN - 15, PLAIN - 9);
  await waitForLevel(bob, ADA, PLAIN - 3, PLAIN + 3);
  await waitForLevel(ada, CAT, PLAIN - 3, PLAIN + 3);
  await ada.keyboard.press('Escape');
  await menu.waitFor({ state: 'detached' });
  await controls(ada).getByRole('button', { name: 'Mute', exact: true }).click();
  await waitForLevel(bob, CAT, PLAIN - 3, PLAIN + 3);
  await controls(ada).getByRole('button', { name: 'Unmute', exact: true }).click();
  await waitForLevel(bob, CAT, PLAIN - 15, PLAIN - 9);
  await (await about(ada, 'ada')).getByText('Speak with priority').click();
  await waitForLevel(bob, CAT, PLAIN - 3, PLAIN + 3);
  await ada.keyboard.press('Escape');
  await cat.close();
  await row(bob, 'cat').waitFor({ state: 'detached', timeout: 15_000 });
});

test('who is no owner is offered nothing of it', async () => {
  const menu = await about(bob, 'ada');
  await menu.getByRole('slider', { name: 'Volume of ada' }).waitFor();
  assert.equal(await menu.getByRole('button').count(), 0);
  await bob.keyboard.press('Escape');
});

test('somebody who is moved with the keyboard is in the other room without a click of their own', async () => {
  await controls(bob).getByRole('button', { name: 'Mute', exact: true }).click();
  await row(ada, 'bob').focus();
  await ada.keyboard.press('Enter');
  const menu = ada.getByRole('dialog', { name: 'Options for bob' });
  await menu.getByRole('button', { name: 'Move to…' }).focus();
  await ada.keyboard.press('Enter');
  await menu.getByRole('button', { name: 'Attic' }).focus();
  await ada.keyboard.press('Enter');
  await inRoom(ada, 'Attic', 'bob, muted').waitFor();
  await inRoom(bob, 'Attic', 'bob, muted').waitFor();
  await inRoom(ada, 'General', 'bob').waitFor({ state: 'detached' });
  await bob.getByText('You were moved to Attic.').waitFor();
  await bob.getByRole('heading', { name: 'Attic' }).waitFor();
  await controls(bob).getByRole('button', { name: 'Unmute', exact: true }).click();
  await bob.waitForFunction(() => window.connections.at(-1).connectionState === 'connected');
});

test('who was moved is heard in the other room', async () => {
  await ada.getByRole('button', { name: /^Attic, voice channel/ }).click();
  await ada.waitForFunction(() => window.connections.at(-1).connectionState === 'connected');
  await listen(ada);
  await waitForTone(ada, BOB, true);
});

test('a full room says so, and the call goes on', async () => {
  await visit(ada, `/servers/${place.guild}/settings/channels`);
  await ada.getByRole('button', { name: 'Room settings of General' }).click();
  await ada.getByLabel('User limit').fill('1');
  await ada.getByLabel('Sound quality').selectOption({ label: '96 kbit/s' });
  if (process.env.HUBBUB_PICTURES) {
    await ada.screenshot({ path: `${process.env.HUBBUB_PICTURES}/room-settings.png` });
    await ada.setViewportSize(PHONE);
    await ada.screenshot({ path: `${process.env.HUBBUB_PICTURES}/room-settings-360.png` });
    await ada.setViewportSize(DESK);
  }
  await ada.getByRole('button', { name: 'Save', exact: true }).click();
  await seats(bob).getByRole('button', { name: 'General, voice channel, 0 of 1 people' }).waitFor();
  await visit(ada, `/servers/${place.guild}/${place.channel}`);
  await joinVoice(ada);
  const full = seats(bob).getByRole('button', { name: 'General, voice channel, 1 of 1 people' });
  await full.click();
  await bob.getByText('The channel is full.').waitFor();
  await inRoom(bob, 'Attic', 'bob').waitFor();
});

/** What the microphone's encoder aims at, in bit/s. */
function target(page) {
  return page.evaluate(async () => {
    const microphone = window.connections.at(-1).getSenders().find(({ track }) => track?.kind === 'audio');
    const stats = [...(await microphone.getStats()).values()];
    return stats.find(({ type }) => type === 'outbound-rtp')?.targetBitrate;
  });
}

async function waitForTarget(page, bitrate) {
  const begun = Date.now();
  while ((await target(page)) !== bitrate) {
    assert.ok(Date.now() - begun < 10_000, `it is ${await target(page)}`);
    await new Promise((resume) => setTimeout(resume, 50));
  }
}

test('another bitrate applies to those inside at once, and the connection goes on', async () => {
  await waitForTarget(bob, 64_000);
  const connections = await bob.evaluate(() => window.connections.length);
  for (const bitrate of [16_000, 256_000]) {
    await ask(ada, 'PATCH', `/channels/${attic}`, { bitrate });
    await waitForTarget(bob, bitrate);
  }
  assert.equal(await bob.evaluate(() => window.connections.length), connections);
  const answer = await bob.evaluate(() => window.connections.at(-1).remoteDescription.sdp);
  const told = answer.split(/\r?\n/).find((line) => line.startsWith('a=fmtp') && line.includes('maxaveragebitrate=256000'));
  assert.match(told, /[ ;]stereo=1/);
  assert.doesNotMatch(told, /usedtx=1/);
});

test('in the channel of those who are away nobody speaks, and it is said why', async () => {
  await visit(ada, `/servers/${place.guild}/settings/overview`);
  await ada.getByLabel('Channel for those who are away').selectOption({ label: 'Attic' });
  await ada.getByLabel('Away after').selectOption({ label: '15 minutes' });
  if (process.env.HUBBUB_PICTURES) await ada.screenshot({ path: `${process.env.HUBBUB_PICTURES}/afk.png` });
  await ada.getByRole('button', { name: 'Save', exact: true }).click();
  const held = controls(bob).getByRole('button', { name: 'Nobody speaks in this channel: it is for those who are away.' });
  await held.waitFor();
  await ada.getByLabel('Channel for those who are away').selectOption({ label: 'None' });
  await ada.getByRole('button', { name: 'Save', exact: true }).click();
  await controls(bob).getByRole('button', { name: 'Mute', exact: true }).waitFor();
});

test('at the width of a phone the menu of a tile is in sight, and disconnects', async () => {
  await ada.getByRole('button', { name: /^Attic, voice channel/ }).click();
  await ada.getByRole('article', { name: /^bob/ }).waitFor();
  await ada.setViewportSize(PHONE);
  await ada.getByRole('article', { name: /^bob/ }).hover();
  await ada.getByRole('button', { name: 'Options for bob' }).click();
  const menu = ada.getByRole('dialog', { name: 'Options for bob' });
  const button = menu.getByRole('button', { name: 'Disconnect' });
  await button.scrollIntoViewIfNeeded();
  const box = await menu.boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= PHONE.width && box.y >= 0 && box.y + box.height <= PHONE.height, JSON.stringify(box));
  if (process.env.HUBBUB_PICTURES) await ada.screenshot({ path: `${process.env.HUBBUB_PICTURES}/person-menu-360.png` });
  await button.click();
  await ada.getByRole('article', { name: /^bob/ }).waitFor({ state: 'detached' });
  await bob.getByText('A moderator has ended your call.').waitFor();
  await controls(bob).getByRole('button', { name: 'Leave' }).waitFor({ state: 'detached' });
});

test('nothing was complained of', () => {
  const expected = /409 \(Conflict\)/;
  assert.deepEqual(problems.flat().filter((problem) => !expected.test(problem)), []);
});
