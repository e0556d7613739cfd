// What was said: long histories, lost sends, unread marks, and a finger on a message.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './lib/browser.mjs';
import { ask, openChannel, reads, register, say, setUp, whereabouts } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

const COUNT = 260;

let server, browser, ada, bob, place;

before(async () => {
  server = await Server.start();
  browser = await launch();
  ada = await (await browser.newContext()).newPage();
  bob = await (await browser.newContext({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })).newPage();
  const link = await setUp(ada, server, { username: 'ada', guild: 'The kitchen table' });
  await register(bob, link, 'bob');
  place = whereabouts(ada);
});

after(async () => {
  await browser?.close();
  await server?.end();
});

const timeline = (page) => page.getByRole('region', { name: 'Messages in general' });

test('a channel with news is marked until it is read', async () => {
  const ideas = await ask(ada, 'POST', `/guilds/${place.guild}/channels`, { kind: 'text', name: 'ideas' });
  await ask(ada, 'POST', `/channels/${ideas.id}/messages`, { nonce: 'news', content: 'What about a projector?' });
  const marked = bob.getByRole('button', { name: 'ideas, text channel, unread' });
  await marked.tap();
  await reads(bob, 'What about a projector?');
  await bob.getByRole('button', { name: 'Back' }).tap();
  await bob.getByRole('button', { name: 'ideas, text channel', exact: true }).waitFor();
});

test('who types is shown to the others, until the message comes', async () => {
  await bob.getByRole('button', { name: 'general, text channel' }).tap();
  await ada.getByRole('textbox', { name: 'Message general' }).pressSequentially('hello');
  await bob.getByText('ada is typing').waitFor();
  await ada.getByRole('textbox', { name: 'Message general' }).press('Enter');
  await reads(bob, 'hello');
  await bob.getByText('ada is typing').waitFor({ state: 'detached' });
});

test('a long press opens the actions of a message, which a finger can reach', async () => {
  const row = bob.getByRole('log').getByText('hello', { exact: true });
  const { x, y } = await row.boundingBox();
  const touch = await bob.context().newCDPSession(bob);
  await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x: x + 5, y: y + 5 }] });
  const menu = bob.getByRole('menu', { name: 'Message actions' });
  await menu.waitFor();
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  const item = menu.getByRole('menuitem', { name: 'Copy text' });
  assert.ok((await item.boundingBox()).height >= 44);
  await bob.keyboard.press('Escape');
  await menu.waitFor({ state: 'detached' });
});

test('the tabs of a small screen lead to its places', async () => {
  await bob.getByRole('button', { name: 'Back' }).tap();
  for (const [tab, heading] of [['Live', 'Live now'], ['Chats', 'Chats'], ['Servers', 'Servers'], ['You', 'bob']]) {
    const button = bob.getByRole('navigation', { name: 'Hubbub' }).getByRole('button', { name: tab });
    assert.ok((await button.boundingBox()).height >= 44);
    await button.tap();
    await bob.getByRole('heading', { name: heading, exact: true, level: 1 }).waitFor();
  }
});

test('scrolling up leads to the first message, and what is looked at keeps its place', async () => {
  await ada.evaluate(
    async ([channel, count]) => {
      for (let number = 1; number <= count; number++) {
        const body = JSON.stringify({ nonce: `long-${number}`, content: `message ${number}` });
        const headers = { 'content-type': 'application/json' };
        const answer = await fetch(`/api/v1/channels/${channel}/messages`, { method: 'POST', headers, body });
        if (!answer.ok) throw new Error(await answer.text());
      }
    },
    [place.channel, COUNT],
  );
  await ada.reload();
  await reads(ada, `message ${COUNT}`);
  const moved = await timeline(ada).evaluate(async (list) => {
    const frame = () => new Promise(requestAnimationFrame);
    const firstInView = () => {
      const edge = list.getBoundingClientRect().top;
      return [...list.querySelectorAll('.message')].find((row) => row.getBoundingClientRect().bottom > edge);
    };
    let worst = 0;
    while (!list.querySelector('.timeline-start')) {
      list.scrollTop -= 150;
      const row = firstInView();
      const before = row.getBoundingClientRect().top;
      await frame();
      await frame();
      if (row.isConnected) worst = Math.max(worst, Math.abs(row.getBoundingClientRect().top - before));
      else worst = Infinity;
    }
    return worst;
  });
  assert.ok(moved <= 2, `the row on top moved by ${moved} px`);
  await reads(ada, 'hello');
  await reads(ada, 'message 1');
  const drawn = await ada.getByRole('log').locator('.message').count();
  assert.ok(drawn <= 130, `${drawn} messages are drawn at once`);
});

test('the button leads back to the newest message, and what one writes is looked at', async () => {
  await ada.getByRole('button', { name: 'Jump to newest' }).click();
  await ada.getByRole('log').getByText(`message ${COUNT}`, { exact: true }).waitFor();
  await timeline(ada).evaluate((list) => (list.scrollTop = 200));
  await ada.getByRole('button', { name: 'Jump to newest' }).waitFor();
  await say(ada, 'and one more');
  await reads(ada, 'and one more');
  await ada.waitForFunction(() => {
    const list = document.getElementById('timeline');
    return list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  });
});

test('a refused message stays with its reason, and goes out by a second try, once', async () => {
  const sends = '**/api/v1/channels/*/messages';
  const refusal = { code: 'forbidden', message: 'Not at this hour.' };
  await ada.route(sends, (route) => (route.request().method() === 'POST' ? route.fulfill({ status: 403, json: refusal }) : route.continue()));
  await say(ada, 'are you there?');
  const alert = ada.getByRole('log').getByRole('alert');
  await alert.getByText('Not at this hour.').waitFor();
  await ada.unroute(sends);
  await alert.getByRole('button', { name: 'Try again' }).click();
  await alert.waitFor({ state: 'detached' });
  await reads(ada, 'are you there?');
});

test('a message whose answer was lost is not said twice', async () => {
  const sends = '**/api/v1/channels/*/messages';
  await bob.getByRole('navigation', { name: 'Hubbub' }).getByRole('button', { name: 'Chats' }).tap();
  await bob.getByRole('button', { name: /^general/ }).tap();
  let lost = 0;
  await ada.route(sends, async (route) => {
    if (route.request().method() !== 'POST' || lost > 0) return route.continue();
    lost += 1;
    await route.fetch();
    return route.abort();
  });
  await say(ada, 'once and only once');
  await say(ada, 'and then this');
  await reads(bob, 'and then this');
  await ada.locator('[data-pending]').waitFor({ state: 'detached' });
  await reads(ada, 'once and only once');
  await reads(bob, 'once and only once');
  assert.equal(lost, 1);
});
