// A server's own affairs: its name, channels and invites; a user's sessions; and the page without its server.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './lib/browser.mjs';
import { PASSWORD, ask, complaints, openChannel, register, setUp, visit, whereabouts } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

let server, browser, ada, bob, place, link;
let problems;

before(async () => {
  server = await Server.start();
  browser = await launch();
  ada = await (await browser.newContext()).newPage();
  bob = await (await browser.newContext()).newPage();
  problems = [complaints(ada), complaints(bob)];
  link = await setUp(ada, server, { username: 'ada', guild: 'The kitchen table' });
  await register(bob, link, 'bob');
  place = whereabouts(ada);
});

after(async () => {
  await browser?.close();
  await server?.end();
});

const channels = (page) => page.getByRole('navigation', { name: 'Channels' });

/** The channels from top to bottom, as the list names them. */
async function order(page) {
  const names = await channels(page).locator('.channel .channel-name').allTextContents();
  return names.map((name) => name.trim());
}

async function waitForOrder(page, expected) {
  await page.waitForFunction(
    (expected) => [...document.querySelectorAll('.side .channel .channel-name')].map((name) => name.textContent.trim()).join() === expected,
    expected.join(),
  );
}

test('a new name of a server is everywhere at once', async () => {
  await visit(ada, `/servers/${place.guild}/settings/overview`);
  await ada.getByLabel('Server name').fill('The long table');
  await ada.getByRole('button', { name: 'Save', exact: true }).click();
  await bob.getByRole('heading', { name: 'The long table' }).waitFor();
});

test('channels are put in order with Alt and the arrows, and the focus stays on them', async () => {
  for (const name of ['ideas', 'releases']) {
    await ask(ada, 'POST', `/guilds/${place.guild}/channels`, { kind: 'text', name });
  }
  await visit(ada, `/servers/${place.guild}/settings/channels`);
  const grip = ada.getByRole('button', { name: /^Drag releases/ });
  await grip.focus();
  await ada.keyboard.press('Alt+ArrowUp');
  await waitForOrder(bob, ['general', 'General', 'releases', 'ideas']);
  await ada.keyboard.press('Alt+ArrowUp');
  await waitForOrder(bob, ['general', 'releases', 'General', 'ideas']);
  assert.ok(await grip.evaluate((button) => button === document.activeElement));
  assert.deepEqual(await order(ada), await order(bob));
});

test('channels are put in order by dragging', async () => {
  const row = (name) => ada.locator('.order-row').filter({ has: ada.getByText(name, { exact: true }) });
  await row('ideas').dragTo(row('general'));
  await waitForOrder(bob, ['ideas', 'general', 'releases', 'General']);
});

test('a deleted channel is gone for all, also for those who read it', async () => {
  await openChannel(bob, 'releases');
  await ada.getByRole('button', { name: 'Delete releases' }).click();
  await ada.getByRole('dialog', { name: 'Delete' }).getByRole('button', { name: 'Delete' }).click();
  await waitForOrder(bob, ['ideas', 'general', 'General']);
  await bob.getByRole('textbox', { name: 'Message releases' }).waitFor({ state: 'detached' });
});

test('Enter twice makes one channel', async () => {
  const creations = '**/api/v1/guilds/*/channels';
  let made = 0;
  let release;
  const released = new Promise((resolve) => (release = resolve));
  await ada.route(creations, async (route) => {
    made += 1;
    await released;
    await route.continue();
  });
  await ada.getByRole('main').getByRole('button', { name: 'Add a channel' }).click();
  const name = ada.getByRole('dialog', { name: 'Add a channel' }).getByLabel('Channel name');
  await name.fill('plans');
  await name.press('Enter');
  await name.press('Enter');
  release();
  await waitForOrder(bob, ['ideas', 'general', 'General', 'plans']);
  await name.waitFor({ state: 'detached' });
  await ada.unroute(creations);
  assert.equal(made, 1);
});

test("a channel's new name stays where it is written until it is saved", async () => {
  const channel = '**/api/v1/channels/*';
  await ada.route(channel, (route) => route.fulfill({ status: 200, body: 'not what was asked for' }));
  await visit(ada, `/servers/${place.guild}/settings/channels`);
  await ada.getByRole('button', { name: 'Rename plans' }).click();
  const name = ada.getByRole('textbox', { name: 'Channel name' });
  await name.fill('dreams');
  await name.press('Enter');
  await ada.locator('.rename').getByRole('alert').waitFor();
  assert.equal(await name.inputValue(), 'dreams');
  await ada.unroute(channel);
  await name.press('Enter');
  await waitForOrder(bob, ['ideas', 'general', 'General', 'dreams']);
  await name.waitFor({ state: 'detached' });
});

test('a dialog that the browser closes can be opened again', async () => {
  const ways = [
    () => ada.evaluate(() => document.querySelector('dialog').close()),
    async () => {
      await ada.evaluate(() => document.activeElement.blur());
      await ada.keyboard.press('Escape');
    },
  ];
  for (const close of ways) {
    await ada.keyboard.press('Control+k');
    await ada.locator('dialog[open]').waitFor();
    await close();
    await ada.locator('dialog').waitFor({ state: 'detached' });
  }
});

test('an invite shows what it leads to; one that is used up, expired or unknown says so', async () => {
  const once = await ask(ada, 'POST', `/guilds/${place.guild}/invites`, { max_uses: 1 });
  const cat = await (await browser.newContext()).newPage();
  await cat.goto(`${server.origin}/invite/${once.code}`);
  await cat.getByRole('heading', { name: 'ada invites you to The long table' }).waitFor();
  await cat.getByText('2 members').waitFor();
  await register(cat, `${server.origin}/invite/${once.code}`, 'cat');
  const brief = await ask(ada, 'POST', `/guilds/${place.guild}/invites`, { max_age_s: 1 });
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const dan = await (await browser.newContext()).newPage();
  for (const code of [once.code, brief.code, 'no-such-code']) {
    await dan.goto(`${server.origin}/invite/${code}`);
    await dan.getByText('It may have expired or been used up. Ask for a new one.').waitFor();
  }
});

test('one who is signed in takes up an invite with one press', async () => {
  const guild = await ask(ada, 'POST', '/guilds', { name: 'Elsewhere' });
  const invite = await ask(ada, 'POST', `/guilds/${guild.id}/invites`, {});
  await bob.goto(`${server.origin}/invite/${invite.code}`);
  await bob.getByRole('button', { name: 'Join Elsewhere' }).click();
  await bob.getByRole('heading', { name: 'Elsewhere' }).waitFor();
});

test('a revoked session is signed out at once', async () => {
  const other = await (await browser.newContext({ userAgent: 'Firefox on Windows' })).newPage();
  await other.goto(`${server.origin}/sign-in`);
  await other.getByLabel('User name').fill('bob');
  await other.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await other.getByRole('button', { name: 'Sign in' }).click();
  await other.getByRole('heading', { name: 'Live now' }).waitFor();
  await visit(bob, '/settings/sessions');
  await bob.getByText('This one').waitFor();
  await bob.getByRole('button', { name: 'Revoke Firefox on Windows' }).click();
  await other.getByRole('button', { name: 'Sign in' }).waitFor();
  await bob.getByRole('button', { name: 'Revoke Firefox on Windows' }).waitFor({ state: 'detached' });
});

test('who signs out leaves nothing behind that was being written', async () => {
  await visit(bob, `/servers/${place.guild}/${place.channel}`);
  await bob.getByRole('textbox', { name: 'Message general' }).fill('a secret draft');
  await visit(bob, '/settings/account');
  await bob.getByRole('button', { name: 'Sign out' }).click();
  await bob.getByLabel('User name').waitFor();
  assert.equal(await bob.evaluate(() => JSON.stringify(localStorage).includes('secret')), false);
});

test('no page had anything to complain of', () => {
  assert.deepEqual(problems.flat(), []);
});

test('the page opens without its server, says so, and goes on when it is back', async () => {
  await ada.evaluate(() => navigator.serviceWorker.ready);
  await server.stop();
  await ada.reload();
  await ada.getByText('Hubbub cannot reach its server').waitFor();
  await server.resume();
  await channels(ada).getByText('general', { exact: true }).waitFor({ timeout: 30_000 });
});
