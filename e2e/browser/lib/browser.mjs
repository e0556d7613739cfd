// Chromium with a chosen voice and a fake camera.

import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** A browser whose microphone hears a tone of this many Hz. */
export async function launch(hertz) {
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    '--auto-select-desktop-capture-source=Entire screen',
  ];
  if (hertz) args.push(`--use-file-for-fake-audio-capture=${tone(hertz)}`);
  const mark = `--hubbub-mark=${randomUUID()}`;
  const browser = await chromium.launch({ executablePath, args: [...args, mark] });
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

/** A WAV file of a steady tone: 48 kHz, 16 bit, mono, ten seconds, a whole number of periods. */
function tone(hertz) {
  const rate = 48_000;
  const samples = rate * 10;
  const wav = Buffer.alloc(44 + samples * 2);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + samples * 2, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(rate, 24);
  wav.writeUInt32LE(rate * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(samples * 2, 40);
  for (let i = 0; i < samples; i++) {
    wav.writeInt16LE(Math.round(12_000 * Math.sin((2 * Math.PI * hertz * i) / rate)), 44 + i * 2);
  }
  const path = join(mkdtempSync(join(tmpdir(), 'hubbub-tone-')), `${hertz}.wav`);
  writeFileSync(path, wav);
  return path;
}
