// From the printed link to two people who chat.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './lib/browser.mjs';
import { ask, isSent, openChannel, reads, register, say, setUp, whereabouts } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

let server, browser, ada, bob;

before(async () => {
  server = await Server.start();
  browser = await launch();
  ada = await (await browser.newContext()).newPage();
  bob = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
});

after(async () => {
  await browser?.close();
  await server?.end();
});

test('the set-up link leads to a server, and its invite link leads a second person in, over HTTPS', async () => {
  const link = await setUp(ada, server, { username: 'ada', guild: 'The kitchen table' });
  await register(bob, link.replace(server.origin, server.secureOrigin), 'bob');
  await ada.getByRole('complementary', { name: 'Members' }).getByText('bob').waitFor();
});

test('what one writes the other reads, with markdown and without HTML', async () => {
  await openChannel(bob, 'general');
  await say(ada, 'hello **bob** <b>plain</b>');
  const text = bob.getByRole('log').locator('strong', { hasText: 'bob' });
  await text.waitFor();
  await bob.getByRole('log').getByText('<b>plain</b>').waitFor();
  await say(bob, 'hello ada');
  await reads(ada, 'hello ada');
});

test('an edit and a deletion reach the other', async () => {
  await say(ada, 'a first try');
  await isSent(ada, 'a first try');
  await ada.getByRole('textbox', { name: /^Message / }).press('ArrowUp');
  const editor = ada.getByRole('log').getByRole('textbox');
  await editor.fill('a second try');
  await editor.press('Enter');
  await reads(bob, 'a second try');
  assert.equal(await bob.getByRole('log').getByText('a first try').count(), 0);
  const row = ada.getByRole('log').getByText('a second try', { exact: true });
  await row.hover();
  await ada.getByRole('toolbar', { name: 'Message actions' }).getByRole('button', { name: 'Delete' }).click();
  await ada.getByRole('dialog', { name: 'Delete message' }).getByRole('button', { name: 'Delete' }).click();
  await bob.getByRole('log').getByText('a second try', { exact: true }).waitFor({ state: 'detached' });
});

test('messages are reached by keyboard, and what comes in is read out, once', async () => {
  await say(ada, 'a thyrd try');
  await isSent(ada, 'a thyrd try');
  await ada.getByRole('region', { name: 'Messages in general' }).focus();
  await ada.keyboard.press('ArrowUp');
  await ada.keyboard.press('e');
  await ada.getByRole('log').getByRole('textbox').fill('a third try');
  await ada.keyboard.press('Enter');
  await reads(bob, 'a third try');
  await say(bob, 'a **loud** answer');
  await ada.locator('[aria-live=polite]').getByText('bob: a loud answer', { exact: true }).waitFor();
});

test('what is being written stays with its channel', async () => {
  await ask(ada, 'POST', `/guilds/${whereabouts(ada).guild}/channels`, { kind: 'text', name: 'ideas' });
  await openChannel(ada, 'general');
  await ada.getByRole('textbox', { name: 'Message general' }).fill('for everybody');
  await openChannel(ada, 'ideas');
  assert.equal(await ada.getByRole('textbox', { name: 'Message ideas' }).inputValue(), '');
  await say(ada, 'an idea');
  await reads(ada, 'an idea');
  await openChannel(ada, 'general');
  const box = ada.getByRole('textbox', { name: 'Message general' });
  assert.equal(await box.inputValue(), 'for everybody');
  assert.equal(await ada.getByRole('log').getByText('an idea').count(), 0);
  await box.fill('');
});

test('an edit that was begun is there when one comes back, until it is given up', async () => {
  await say(ada, 'a thought');
  await isSent(ada, 'a thought');
  const box = ada.getByRole('textbox', { name: 'Message general' });
  const editor = ada.getByRole('log').getByRole('textbox');
  await box.press('ArrowUp');
  await editor.fill('a better thought');
  await openChannel(ada, 'ideas');
  await openChannel(ada, 'general');
  await reads(ada, 'a thought');
  await box.press('ArrowUp');
  assert.equal(await editor.inputValue(), 'a better thought');
  await editor.fill('x'.repeat(4_005));
  await ada.getByText('5 characters too long').waitFor();
  await editor.press('Enter');
  await editor.press('Escape');
  await editor.waitFor({ state: 'detached' });
  await box.press('ArrowUp');
  assert.equal(await editor.inputValue(), 'a thought');
  await editor.press('Escape');
});

test('a restarted server has lost nothing, and chat goes on without a reload', async () => {
  await server.stop();
  await ada.getByText('Reconnecting. What you send will go out.').waitFor();
  await say(ada, 'sent while the server was away');
  await server.resume();
  await reads(bob, 'sent while the server was away', 30_000);
  await reads(ada, 'sent while the server was away', 30_000);
  await say(bob, 'and answered');
  await reads(ada, 'and answered');
});

test('what was written without the server goes out also after a reload', async () => {
  await ada.evaluate(() => navigator.serviceWorker.ready);
  await server.stop();
  await ada.getByText('Reconnecting. What you send will go out.').waitFor();
  await say(ada, 'written before the reload');
  await reads(ada, 'written before the reload');
  await ada.reload();
  await server.resume();
  await reads(bob, 'written before the reload', 30_000);
  await reads(ada, 'written before the reload', 30_000);
  await ada.locator('[data-pending]').waitFor({ state: 'detached' });
  assert.equal(await ada.evaluate(() => Object.keys(localStorage).some((name) => name.startsWith('outbox:'))), false);
});
