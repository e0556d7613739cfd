// Firefox with a chosen voice, driven by WebDriver BiDi.

import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import puppeteer from 'puppeteer-core';
import { PASSWORD } from './people.mjs';
import { AUDIBLE } from './sound.mjs';

const executablePath = process.env.FIREFOX ?? ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find(existsSync);

/** Where the server's media is to be: Firefox makes no call over the loopback interface. */
export const address = Object.values(networkInterfaces())
  .flat()
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

/** Why there is no call with Firefox on this machine, or false. */
export const skip = (!executablePath && 'there is no Firefox') || (!address && 'there is no network');

/** A Firefox whose microphone hears a tone of this many Hz. */
export async function launchFirefox(hertz) {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath,
    defaultViewport: { width: 1280, height: 800 },
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      'media.navigator.audio.fake_frequency': hertz,
      'media.autoplay.default': 0,
      'media.peerconnection.ice.obfuscate_host_addresses': false,
    },
  });
}

/** An account by an invite link; ends in the server's text channel. */
export async function registerFirefox(page, link, username) {
  await page.goto(link);
  await page.locator('#username').fill(username);
  await page.locator('#password').fill(PASSWORD);
  await page.locator('button[type=submit]').click();
  await page.locator('button[aria-label^="General, voice channel"]').wait();
}

/** Joins the voice channel. */
export async function joinVoiceFirefox(page) {
  await page.locator('button[aria-label^="General, voice channel"]').click();
  await page.locator('[aria-label="Call controls"] button[aria-label="Leave"]').wait();
}

/** Records each received audio track for a second; answers whether one of them holds a tone. */
export async function recordsTone(page, hertz) {
  const [heard] = await recordsTones(page, [hertz]);
  return heard;
}

/** Records each received audio track for a second; answers for each tone whether one of them holds it. */
export async function recordsTones(page, tones) {
  const levels = await page.evaluate(async (tones) => {
    const loudness = async (track) => {
      const recorder = new MediaRecorder(new MediaStream([track]));
      const parts = [];
      await new Promise((resolve) => {
        recorder.ondataavailable = ({ data }) => parts.push(data);
        recorder.onstop = resolve;
        recorder.start();
        setTimeout(() => recorder.stop(), 1_000);
      });
      // Without a sound card an AudioContext stands still in Firefox; an offline one does not.
      const sound = await new OfflineAudioContext(1, 1, 48_000).decodeAudioData(await new Blob(parts).arrayBuffer());
      const samples = sound.getChannelData(0).slice(-24_000);
      return tones.map((hertz) => {
        const step = (2 * Math.PI * hertz) / 48_000;
        const sum = (wave) => samples.reduce((total, sample, index) => total + sample * wave(step * index), 0);
        return 20 * Math.log10((2 * Math.hypot(sum(Math.cos), sum(Math.sin))) / samples.length + 1e-9);
      });
    };
    const tracks = window.connections.at(-1).getReceivers().map(({ track }) => track);
    const levels = await Promise.all(tracks.filter(({ kind }) => kind === 'audio').map(loudness));
    return tones.map((_, index) => Math.max(...levels.map((track) => track[index])));
  }, tones);
  return levels.map((level) => level > AUDIBLE);
}
