// What people do, through the page.

import assert from 'node:assert/strict';

export const PASSWORD = 'correct horse battery';

/** The first account with a server, by the set-up link; ends in the server's text channel. */
export async function setUp(page, server, { username, guild }) {
  await page.goto(`${server.origin}/setup/${server.setupToken}`);
  await fillAccount(page, username);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByLabel('Server name').fill(guild);
  await page.getByRole('button', { name: 'Create server' }).click();
  const link = await page.getByLabel('Invite link').inputValue();
  await page.getByRole('button', { name: 'Go to my server' }).click();
  await page.getByRole('heading', { name: 'general', exact: true }).waitFor();
  return link;
}

/** An account by an invite link; ends in the server's text channel. */
export async function register(page, link, username) {
  await page.goto(link);
  await fillAccount(page, username);
  await page.getByRole('button', { name: /Create account|Join/ }).click();
  await page.getByRole('button', { name: 'general, text channel' }).waitFor();
}

async function fillAccount(page, username) {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
}

export async function openChannel(page, name) {
  await page.getByRole('button', { name: `${name}, text channel` }).click();
  await page.getByRole('textbox', { name: `Message ${name}` }).waitFor();
}

export async function say(page, text) {
  const box = page.getByRole('textbox', { name: /^Message / });
  await box.fill(text);
  await box.press('Enter');
}

/** Waits until a message is in the timeline, once. */
export async function reads(page, text, timeout = 10_000) {
  const found = page.getByRole('log').getByText(text, { exact: true });
  await found.first().waitFor({ timeout });
  assert.equal(await found.count(), 1, `"${text}" stands there once`);
}

/** Waits until a message of one's own has been sent, and is no longer on its way. */
export async function isSent(page, text) {
  const row = page.getByRole('log').locator('li:not([data-pending])').getByText(text, { exact: true });
  await row.waitFor();
}

/** Joins the voice channel and waits until the connection is up. */
export async function joinVoice(page) {
  await page.getByRole('button', { name: /^General, voice channel/ }).click();
  await page.getByRole('region', { name: 'Call controls' }).getByRole('button', { name: 'Leave' }).waitFor();
}

/** When the next click on a page comes, by `Date.now()`. Ask before the click, wait after it. */
export function nextClick(page) {
  return page.evaluate(
    () => new Promise((resolve) => addEventListener('click', () => resolve(Date.now()), { capture: true, once: true })),
  );
}

/** Turns the camera on. */
export function cameraOn(page) {
  return controls(page).getByRole('button', { name: 'Turn camera on' }).click();
}

/** The people who sit in the voice channel, as the channel list shows them. */
export function seats(page) {
  return page.getByRole('navigation', { name: 'Channels' });
}

/** What a person in a call can do. */
export function controls(page) {
  return page.getByRole('region', { name: 'Call controls' });
}

/** Asks the API as the person of the page. */
export function ask(page, method, path, body) {
  return page.evaluate(
    async ([method, path, body]) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`/api/v1${path}`, { method, headers, body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return answer.status === 204 ? null : answer.json();
    },
    [method, path, body],
  );
}

/** Goes to a place without a new load of the page, so that a call goes on. */
export function visit(page, path) {
  return page.evaluate((path) => {
    history.pushState(null, '', path);
    dispatchEvent(new PopStateEvent('popstate'));
  }, path);
}

/** The ids of the server and the channel that a page shows. */
export function whereabouts(page) {
  const [, guild, channel] = new URL(page.url()).pathname.match(/servers\/(\d+)\/(\d+)/);
  return { guild, channel };
}

/** Collects what a page complains of in its console from now on. */
export function complaints(page) {
  const found = [];
  page.on('pageerror', (error) => found.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) found.push(`${message.text()} ${message.location().url}`);
  });
  return found;
}
