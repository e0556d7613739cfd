// Firefox with a chosen voice, driven by WebDriver BiDi.

import { existsSync } from 'node:fs';
import puppeteer from 'puppeteer-core';
import { AUDIBLE } from './sound.mjs';

const executablePath = process.env.FIREFOX ?? ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find(existsSync);

/** Whether there is a Firefox on this machine. */
export const hasFirefox = executablePath !== undefined;

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

/** Records each received audio track for a second; answers whether one of them holds a tone. */
export async function recordsTone(page, hertz) {
  const level = await page.evaluate(async (hertz) => {
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
      const step = (2 * Math.PI * hertz) / 48_000;
      const sum = (wave) => samples.reduce((total, sample, index) => total + sample * wave(step * index), 0);
      return 20 * Math.log10((2 * Math.hypot(sum(Math.cos), sum(Math.sin))) / samples.length + 1e-9);
    };
    const tracks = window.connections.at(-1).getReceivers().map(({ track }) => track);
    const levels = await Promise.all(tracks.filter(({ kind }) => kind === 'audio').map(loudness));
    return Math.max(...levels);
  }, hertz);
  return level > AUDIBLE;
}
