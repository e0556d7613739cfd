// Joining without a microphone: one listens, is told why, and is heard as soon as there is one.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { person } from './lib/browser.mjs';
import { cameraOn, complaints, controls, joinVoice, register, seats, setUp, visit } from './lib/people.mjs';
import { Server } from './lib/server.mjs';
import { hears, listen, waitForTone } from './lib/sound.mjs';
import { account, until, waitForPictures } from './lib/stats.mjs';

const ADA = 440;
const BOB = 880;

let server, ada, bob;
const browsers = [];
const problems = [];

async function caller(hertz) {
  const page = await person(browsers, hertz, { scripts: [breakDevices], cameras: 3 });
  problems.push(complaints(page));
  return page;
}

/**
 * Runs before the page's own scripts: while `window.broken` names an error, no device opens, nor before
 * `window.thinking` is over. `window.given` is what was opened last.
 */
function breakDevices() {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    await window.thinking;
    if (window.broken) throw new DOMException('as the test wants', window.broken);
    window.given = await open(wanted);
    return window.given;
  };
}

/** From now on no device of a page opens, for this reason; or all do. */
function breakWith(page, name) {
  return page.evaluate((name) => void (window.broken = name), name);
}

/** What the browser says of the track of a kind that a page sends, and how many connections the page has made. */
function sending(page, kind) {
  return page.evaluate((kind) => {
    const { track } = window.connections.at(-1).getSenders().find(({ track }) => track?.kind === kind) ?? {};
    return { ...track?.getSettings(), id: track?.id, connections: window.connections.length };
  }, kind);
}

before(async () => {
  server = await Server.start();
  [ada, bob] = await Promise.all([caller(ADA), caller(BOB)]);
  const link = await setUp(ada, server, { username: 'ada', guild: 'The kitchen table' });
  await register(bob, link, 'bob');
  await joinVoice(bob);
});

after(async () => {
  await Promise.all(browsers.map((browser) => browser.close()));
  await server?.end();
});

test('who blocks the microphone listens, is told how to allow it, and is heard once it is', async () => {
  await breakWith(ada, 'NotAllowedError');
  await joinVoice(ada);
  await ada.getByText('The microphone is blocked, so you are listening only.').waitFor();
  await seats(bob).getByText('ada').waitFor();
  await listen(ada);
  await waitForTone(ada, BOB, true);
  await controls(ada).getByRole('button', { name: 'Unmute' }).click();
  await controls(ada).getByRole('button', { name: 'Unmute' }).waitFor();
  await breakWith(ada, null);
  await listen(bob);
  await waitForTone(bob, ADA, false);
  await controls(ada).getByRole('button', { name: 'Unmute' }).click();
  await waitForTone(bob, ADA, true);
  await ada.getByText('The microphone is blocked').waitFor({ state: 'detached' });
});

test('a microphone that is pulled out is missed, and another is taken as soon as it is there', async () => {
  await breakWith(ada, 'NotFoundError');
  await ada.evaluate(() => {
    const { track } = window.connections.at(-1).getSenders().find(({ track }) => track?.kind === 'audio');
    track.stop();
    track.dispatchEvent(new Event('ended'));
  });
  await ada.getByText('No microphone was found, so you are listening only.').waitFor();
  await waitForTone(bob, ADA, false);
  await breakWith(ada, null);
  await ada.evaluate(() => navigator.mediaDevices.dispatchEvent(new Event('devicechange')));
  await waitForTone(bob, ADA, true);
  await ada.getByText('No microphone was found').waitFor({ state: 'detached' });
});

test('a camera that does not start says so, and the call goes on', async () => {
  await breakWith(ada, 'NotReadableError');
  await controls(ada).getByRole('button', { name: 'Turn camera on' }).click();
  await ada.getByText('The camera did not start; another program may be using it.').waitFor();
  await breakWith(ada, null);
  await waitForTone(bob, ADA, true);
  await controls(ada).getByRole('button', { name: 'Turn camera on' }).click();
  await controls(ada).getByRole('button', { name: 'Turn camera off' }).waitFor();
});

test('a camera that is no longer wanted when it is allowed is closed, and nobody sees it', async () => {
  await controls(ada).getByRole('button', { name: 'Turn camera off' }).click();
  const press = controls(ada).getByRole('button', { name: 'Turn camera on' });
  await ada.evaluate(() => {
    window.given = null;
    window.thinking = new Promise((resolve) => (window.decide = resolve));
  });
  await press.click();
  await press.click();
  await ada.evaluate(() => window.decide());
  await ada.waitForFunction(() => window.given?.getTracks().every(({ readyState }) => readyState === 'ended'));
  await press.waitFor();
  const sends = () => window.connections.at(-1).getSenders().some(({ track }) => track?.kind === 'video');
  assert.equal(await ada.evaluate(sends), false);
});

test('a test shows the level of who is muted, whom nobody hears', async () => {
  await controls(ada).getByRole('button', { name: 'Mute', exact: true }).click();
  await waitForTone(bob, ADA, false);
  await visit(ada, '/settings/devices');
  await ada.getByRole('button', { name: 'Test microphone' }).click();
  const waitForLevel = (isShown) =>
    ada.waitForFunction(
      (isShown) => document.getElementById('settings-meter').style.getPropertyValue('--level') > 0.1 === isShown,
      isShown,
    );
  await waitForLevel(true);
  assert.equal(await hears(bob, ADA), false);
  await ada.getByRole('button', { name: 'Stop test' }).click();
  await waitForLevel(false);
  await controls(ada).getByRole('button', { name: 'Unmute' }).click();
  await waitForTone(bob, ADA, true);
});

test('another camera that is chosen in a call is opened and its pictures are seen, over the same connection', async () => {
  await cameraOn(ada);
  await waitForPictures(bob, 'the first camera moves');
  const first = await sending(ada, 'video');
  const { connections } = await sending(bob, 'audio');
  const cameras = ada.getByRole('combobox', { name: 'Camera', exact: true });
  const ids = await cameras.locator('option').evaluateAll((options) => options.map(({ value }) => value));
  const other = ids.findLast((id) => id && id !== first.deviceId);
  await cameras.selectOption(other);
  await until(async () => {
    const last = await sending(ada, 'video');
    return { done: last.deviceId === other, last };
  }, 'the other camera is sent');
  await waitForPictures(bob, 'the other camera moves');
  assert.equal((await sending(ada, 'video')).connections, first.connections);
  assert.equal((await sending(bob, 'audio')).connections, connections);
});

const SWITCHES = [
  ['Reduce noise', 'noiseSuppression'],
  ['Remove echo', 'echoCancellation'],
  ['Keep my loudness even', 'autoGainControl'],
];
/** What is done to the sound, by the settings of a track. */
const processing = (of) => Object.fromEntries(SWITCHES.map(([, name]) => [name, of?.[name]]));

test('each switch of what is done to the sound opens the microphone so in the call, and one is heard as before', async () => {
  await controls(ada).getByRole('button', { name: 'Turn camera off' }).click();
  await controls(ada).getByRole('button', { name: 'Devices' }).click();
  const menu = ada.getByRole('dialog', { name: 'Devices' });
  const { connections } = await sending(ada, 'audio');
  const expected = processing(await sending(ada, 'audio'));
  // Off one by one, then on again.
  for (const [label, name] of [...SWITCHES, ...SWITCHES]) {
    const { id } = await sending(ada, 'audio');
    await menu.getByRole('switch', { name: label }).press('Space');
    expected[name] = !expected[name];
    await until(async () => {
      const track = await sending(ada, 'audio');
      return { done: isDeepStrictEqual(processing(track), expected) && track.id !== id, last: processing(track), expected };
    }, `${label} applies`);
    // What was said before the change has been played by then.
    const { played } = await account(bob);
    await until(async () => {
      const last = (await account(bob)).played - played;
      return { done: last > 48_000, last };
    }, 'sound goes on');
    await waitForTone(bob, ADA, true);
  }
  assert.equal((await sending(ada, 'audio')).connections, connections);
  await ada.keyboard.press('Escape');
  await menu.waitFor({ state: 'detached' });
});

test('a microphone that is blocked while it is tested says so', async () => {
  await controls(ada).getByRole('button', { name: 'Leave' }).click();
  await breakWith(ada, 'NotAllowedError');
  await visit(ada, '/settings/devices');
  await ada.getByRole('button', { name: 'Test microphone' }).click();
  await ada.getByText('The microphone is blocked').waitFor();
});

test('no page had anything to complain of', () => {
  assert.deepEqual(problems.flat(), []);
});
