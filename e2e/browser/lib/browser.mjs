// Chromium with a chosen voice and a fake camera.

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
  return chromium.launch({ executablePath, args });
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
