// Chromium with a chosen voice and a fake camera.

import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { rememberConnections } from './sound.mjs';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
/** Samples a second. */
export const RATE = 48_000;
/** A page on which a picture is shown at its full size. */
export const LARGE = { width: 1_440, height: 900 };

/**
 * One with a browser of their own: a page that may use microphone and camera, runs these scripts before its own, and remembers its
 * connections. What was started is added to the browsers.
 */
export async function person(browsers, voice, { scripts = [], namespace, fps, cameras, ...options } = {}) {
  const browser = await launch(voice, { namespace, fps, cameras });
  browsers.push(browser);
  const context = await browser.newContext({ permissions: ['microphone', 'camera'], ...options });
  const page = await context.newPage();
  for (const script of [rememberConnections, ...scripts]) await page.addInitScript(script);
  return page;
}

/**
 * A browser whose microphone hears a tone of this many Hz, or a WAV file, and whose cameras, so many, give so many pictures a second;
 * in a network namespace where one is named.
 */
export async function launch(voice, { namespace, fps = 20, cameras = 1 } = {}) {
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    `--use-fake-device-for-media-stream=device-count=${cameras},fps=${fps}`,
    '--use-fake-ui-for-media-stream',
    '--auto-select-desktop-capture-source=Entire screen',
  ];
  if (voice) args.push(`--use-file-for-fake-audio-capture=${typeof voice === 'number' ? tone(voice) : voice}`);
  const mark = `--hubbub-mark=${randomUUID()}`;
  const program = namespace ? within(namespace) : executablePath;
  const browser = await chromium.launch({ executablePath: program, args: [...args, mark] });
  marks.set(browser, mark);
  return browser;
}

/** By what the first process of a browser is known. */
const marks = new WeakMap();

/** Lets a browser's machine sleep: all its processes stand still for so long. */
export async function sleep(browser, ms) {
  const processes = family(marks.get(browser));
  processes.forEach((id) => process.kill(id, 'SIGSTOP'));
  await new Promise((resume) => setTimeout(resume, ms));
  processes.forEach((id) => process.kill(id, 'SIGCONT'));
}

/** The ids of the process that was started so, and of those that it has started. */
function family(mark) {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8', maxBuffer: 1 << 24 }).split('\n');
  const rows = lines.map((line) => line.trim().match(/^(\d+) +(\d+) (.*)$/)).filter(Boolean);
  const ids = new Set(rows.filter(([, , , args]) => args.includes(mark)).map(([, id]) => id));
  for (const [, id, parent] of rows) if (ids.has(parent)) ids.add(id);
  return [...ids].map(Number);
}

/** A program that starts the browser in a network namespace. */
function within(namespace) {
  const path = join(mkdtempSync(join(tmpdir(), 'hubbub-browser-')), 'chromium');
  writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${namespace} ${executablePath} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A WAV file of a steady tone: 48 kHz, 16 bit, mono, ten seconds, a whole number of periods. */
function tone(hertz) {
  const samples = new Int16Array(RATE * 10).map((_, i) => Math.round(12_000 * Math.sin((2 * Math.PI * hertz * i) / RATE)));
  return wav(samples, hertz);
}

/** Writes a WAV file of 48 kHz, 16 bit, mono; answers with its path. */
export function wav(samples, name) {
  const file = Buffer.alloc(44 + samples.length * 2);
  file.write('RIFF', 0);
  file.writeUInt32LE(36 + samples.length * 2, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(RATE, 24);
  file.writeUInt32LE(RATE * 2, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36);
  file.writeUInt32LE(samples.length * 2, 40);
  samples.forEach((sample, i) => file.writeInt16LE(sample, 44 + i * 2));
  const path = join(mkdtempSync(join(tmpdir(), 'hubbub-voice-')), `${name}.wav`);
  writeFileSync(path, file);
  return path;
}
