// Joining without a microphone: one listens, is told why, and is heard as soon as there is one.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { person } from './lib/browser.mjs';
import { complaints, controls, joinVoice, register, seats, setUp, visit } from './lib/people.mjs';
import { Server } from './lib/server.mjs';
import { hears, listen, waitForTone } from './lib/sound.mjs';

const ADA = 440;
const BOB = 880;

let server, ada, bob;
const browsers = [];
const problems = [];

async function caller(hertz) {
  const page = await person(browsers, hertz, { scripts: [breakDevices] });
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
