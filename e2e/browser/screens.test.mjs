// Every screen as a picture, at three widths, dark and light, and what axe finds on it.
// The pictures go to `HUBBUB_ARTEFACTS`, or to artefacts/screens at the repository's root.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch } from './lib/browser.mjs';
import { ask, joinVoice, register, setUp, visit, whereabouts } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

const folder = process.env.HUBBUB_ARTEFACTS ?? fileURLToPath(new URL('../../artefacts/screens', import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const WIDTHS = { 360: 740, 768: 1024, 1440: 900 };
const SCHEMES = ['dark', 'light'];

const MESSAGES = {
  ada: [
    'Morning! The **new build** is up, *have a look*:\n\n```rust\nfn main() {\n    println!("hello, {}", std::env::args().nth(1).unwrap_or_default());\n}\n```',
    'Still open:\n- the `--announce` flag in the docs\n- a picture for the front page\n- who brings cake?',
  ],
  bob: [
    '> who brings cake?\nI do. Recipe: https://example.org/cake',
    'And a long line, so that wrapping shows: ' + 'the quick brown fox jumps over the lazy dog, '.repeat(5) + 'done.',
    'See you at eight in the lounge.',
  ],
};

let server, browser, ada, stranger, guild, chat, lounge;

before(async () => {
  mkdirSync(folder, { recursive: true });
  server = await Server.start();
  browser = await launch(440);
  [ada, stranger] = [await person(), await person()];
});

after(async () => {
  await browser?.close();
  await server?.end();
});

async function person() {
  const context = await browser.newContext({ permissions: ['microphone', 'camera'], reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(error.message));
  return page;
}

async function inEachLook(page, name, prepare) {
  const problems = [];
  for (const [width, height] of Object.entries(WIDTHS)) {
    await page.setViewportSize({ width: Number(width), height });
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      await prepare?.();
      const look = `${name}-${width}-${colorScheme}`;
      await page.screenshot({ path: join(folder, `${look}.png`), animations: 'disabled' });
      problems.push(...(await violations(page)).map((problem) => `${look}: ${problem}`));
      const spill = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (spill > 0) problems.push(`${look}: ${spill} px wider than the window`);
    }
  }
  assert.deepEqual(problems, []);
}

async function violations(page) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    return violations.map(({ id, impact, nodes }) => ({ id, impact, where: nodes.map(({ target, any }) => `${target.join(' ')} ${any[0]?.message ?? ''}`) }));
  });
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, where }) => `${id}: ${where.slice(0, 4).join('; ')}`);
}

async function seed() {
  ({ guild, channel: chat } = whereabouts(ada));
  const create = (kind, name, parent_id) => ask(ada, 'POST', `/guilds/${guild}/channels`, { kind, name, parent_id });
  const category = await create('category', 'Workshop');
  await create('text', 'releases', category.id);
  const ideas = await create('text', 'ideas', category.id);
  await create('voice', 'Pairing', category.id);
  await ask(ada, 'PATCH', `/channels/${chat}`, { topic: 'Plans for the week, and who brings cake' });
  return ideas.id;
}

let nonce = 0;
function post(page, channel, content) {
  nonce += 1;
  return ask(page, 'POST', `/channels/${channel}/messages`, { nonce: `screens-${nonce}`, content });
}

test('the set-up page', async () => {
  await ada.goto(`${server.origin}/setup/${server.setupToken}`);
  await ada.getByLabel('User name').waitFor();
  await inEachLook(ada, '01-set-up');
});

test('a server with people in it', async () => {
  await ada.setViewportSize({ width: 1440, height: 900 });
  const link = await setUp(ada, server, { username: 'ada', guild: 'The kitchen table' });
  const ideas = await seed();
  await inEachLook(stranger, '02-invite', () => stranger.url().includes('/invite/') || stranger.goto(link));
  await stranger.setViewportSize({ width: 1440, height: 900 });
  await register(stranger, link, 'bob');
  await post(ada, chat, MESSAGES.ada[0]);
  await post(stranger, chat, MESSAGES.bob[0]);
  await post(ada, chat, MESSAGES.ada[1]);
  await post(stranger, chat, MESSAGES.bob[1]);
  await post(stranger, chat, MESSAGES.bob[2]);
  await post(stranger, ideas, 'What about a projector?');
  await joinVoice(stranger);
  lounge = new URL(stranger.url()).pathname;
  await stranger.getByRole('region', { name: 'Call controls' }).getByRole('button', { name: 'Turn camera on' }).click();
});

test('Live, before one is in a call', async () => {
  await visit(ada, '/');
  await ada.getByRole('button', { name: 'Join', exact: true }).waitFor();
  await inEachLook(ada, '03-live');
});

test('the chat', async () => {
  await ada.setViewportSize({ width: 1440, height: 900 });
  await visit(ada, `/servers/${guild}/${chat}`);
  await ada.getByRole('log').getByText('See you at eight').waitFor();
  await inEachLook(ada, '04-chat');
});

test('the room', async () => {
  await ada.setViewportSize({ width: 1440, height: 900 });
  await joinVoice(ada);
  await ada.waitForFunction(() => [...document.querySelectorAll('video')].some((video) => video.videoWidth > 0));
  await inEachLook(ada, '05-room');
  await visit(ada, '/');
  await inEachLook(ada, '06-live-in-call');
  await visit(ada, `/servers/${guild}/${chat}`);
  await inEachLook(ada, '07-chat-in-call');
});

test('small screens: the channel list, and the tabs', async () => {
  await visit(ada, `/servers/${guild}`);
  await ada.setViewportSize({ width: 360, height: 740 });
  for (const [name, path] of [['channels', `/servers/${guild}`], ['chats', '/chats'], ['servers', '/servers'], ['you', '/you']]) {
    await visit(ada, path);
    await ada.screenshot({ path: join(folder, `08-${name}-360.png`), animations: 'disabled' });
    assert.deepEqual(await violations(ada), [], name);
  }
});

test('between phone and desktop the channel list is a drawer', async () => {
  await ada.setViewportSize({ width: 768, height: 1024 });
  await visit(ada, `/servers/${guild}/${chat}`);
  const channels = ada.getByRole('navigation', { name: 'Channels' });
  await channels.waitFor({ state: 'hidden' });
  await ada.getByRole('button', { name: 'Show channels' }).click();
  await channels.waitFor();
  await ada.screenshot({ path: join(folder, '08-drawer-768.png'), animations: 'disabled' });
  assert.deepEqual(await violations(ada), []);
  await channels.getByRole('button', { name: /^ideas/ }).click();
  await channels.waitFor({ state: 'hidden' });
});

test('the settings of a server', async () => {
  for (const tab of ['overview', 'channels', 'invites']) {
    await visit(ada, `/servers/${guild}/settings/${tab}`);
    if (tab === 'invites') await ada.getByRole('button', { name: /^Revoke/ }).first().waitFor();
    await inEachLook(ada, `09-server-${tab}`);
  }
});

test('the settings of the user', async () => {
  for (const tab of ['account', 'appearance', 'devices', 'sounds', 'sessions']) {
    await inEachLook(ada, `10-${tab}`, async () => {
      await visit(ada, '/');
      await visit(ada, `/settings/${tab}`);
      if (tab === 'sessions') await ada.getByText('This one').waitFor();
    });
  }
});

test('the switcher and the list of keys', async () => {
  await ada.setViewportSize({ width: 1440, height: 900 });
  await visit(ada, `/servers/${guild}/${chat}`);
  await ada.getByRole('main').focus();
  await ada.keyboard.press('Control+k');
  await ada.getByRole('combobox').waitFor();
  await inEachLook(ada, '11-switcher');
  await ada.keyboard.press('Escape');
  await ada.getByRole('combobox').waitFor({ state: 'detached' });
  await ada.getByRole('main').focus();
  await ada.keyboard.press('?');
  await ada.getByRole('dialog', { name: 'Keys' }).waitFor();
  await inEachLook(ada, '12-keys');
});

test('the sign-in page', async () => {
  const page = await person();
  await page.goto(`${server.origin}/sign-in`);
  await page.getByLabel('User name').waitFor();
  await inEachLook(page, '13-sign-in');
});
