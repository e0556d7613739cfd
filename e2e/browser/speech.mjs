// How speech sounds after the way through the server, as JSON: `node speech.mjs`. The scores are wideband PESQ (ITU-T P.862.2);
// `HUBBUB_PESQ` is the folder with its Python package, which `cargo xtask bench speech` sets.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RATE, person, wav } from './lib/browser.mjs';
import { Network, RELAY, useRelayOnly } from './lib/network.mjs';
import { joinVoice, register, setUp } from './lib/people.mjs';
import { Server } from './lib/server.mjs';
import { sendAsItIs } from './lib/sound.mjs';
import { account, spent } from './lib/stats.mjs';

/** Recordings of a voice, from Debian's alsa-utils. */
const RECORDINGS = process.env.HUBBUB_SPEECH ?? '/usr/share/sounds/alsa';
const LOSSES = [0, 5, 10];
const SETTLE_MS = 8_000;
const RECORD_S = 66;
/** Between two words. */
const GAP = RATE * 0.3;
const OPUS_BITS = 64_000;

const rounded = (figure) => Math.round(figure * 100) / 100;

/** All that the voice says, one after the other. */
function words() {
  const files = readdirSync(RECORDINGS).filter((name) => name.endsWith('.wav') && name !== 'Noise.wav');
  const parts = files.sort().map((name) => {
    const file = readFileSync(join(RECORDINGS, name));
    if (file.readUInt16LE(22) !== 1 || file.readUInt32LE(24) !== RATE || file.readUInt16LE(34) !== 16) throw new Error(name);
    const begin = file.indexOf('data') + 8;
    const length = Math.min(file.readUInt32LE(begin - 4), file.length - begin) >> 1;
    return Array.from({ length: length + GAP }, (_, i) => (i < length ? file.readInt16LE(begin + 2 * i) : 0));
  });
  const all = parts.flat();
  // Whole packets, so that its end meets its begin.
  const packet = RATE / 50;
  return Int16Array.from({ length: Math.ceil(all.length / packet) * packet }, (_, i) => all[i] ?? 0);
}

/** The samples of the track that brings most, as they leave the decoder, before anything plays them. */
async function record(page, seconds) {
  const base64 = await page.evaluate(async ([seconds, rate]) => {
    const connection = window.connections.at(-1);
    const stats = [...(await connection.getStats()).values()];
    const inbound = stats.filter(({ type, kind }) => type === 'inbound-rtp' && kind === 'audio');
    const { mid } = inbound.sort((a, b) => b.packetsReceived - a.packetsReceived)[0];
    const { track } = connection.getTransceivers().find((line) => line.mid === mid).receiver;
    const reader = new MediaStreamTrackProcessor({ track: track.clone() }).readable.getReader();
    const samples = new Int16Array(seconds * rate);
    for (let filled = 0; filled < samples.length; ) {
      const { value } = await reader.read();
      if (value.sampleRate !== rate) throw new Error(`${value.sampleRate} samples a second`);
      const part = new Float32Array(value.numberOfFrames);
      value.copyTo(part, { planeIndex: 0, format: 'f32-planar' });
      value.close();
      for (const sample of part) samples[filled++] = Math.max(-1, Math.min(1, sample)) * 32_767;
    }
    await reader.cancel();
    return window.asBase64(samples);
  }, [seconds, RATE]);
  return Buffer.from(base64, 'base64');
}

/** The same words through the codec alone, at the bit rate of a channel. */
async function throughOpus(page, samples) {
  const base64 = await page.evaluate(async ([text, bits, rate]) => {
    const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
    const plain = Float32Array.from(new Int16Array(bytes.buffer), (sample) => sample / 32_768);
    const shape = { codec: 'opus', sampleRate: rate, numberOfChannels: 1 };
    const out = [];
    const decoder = new AudioDecoder({
      output: (data) => {
        const part = new Float32Array(data.numberOfFrames);
        data.copyTo(part, { planeIndex: 0, format: 'f32-planar' });
        out.push(part);
      },
      error: (error) => console.error(error),
    });
    const encoder = new AudioEncoder({ output: (chunk) => decoder.decode(chunk), error: (error) => console.error(error) });
    decoder.configure(shape);
    encoder.configure({ ...shape, bitrate: bits });
    for (let i = 0; i < plain.length; i += rate / 50) {
      const data = plain.slice(i, i + rate / 50);
      encoder.encode(
        new AudioData({ format: 'f32-planar', sampleRate: rate, numberOfFrames: data.length, numberOfChannels: 1, timestamp: (i / rate) * 1e6, data }),
      );
    }
    await encoder.flush();
    await decoder.flush();
    const all = out.flatMap((part) => [...part]);
    return window.asBase64(Int16Array.from(all, (sample) => Math.max(-1, Math.min(1, sample)) * 32_767));
  }, [Buffer.from(samples.buffer).toString('base64'), OPUS_BITS, RATE]);
  return Buffer.from(base64, 'base64');
}

/** Runs before the page's own scripts: samples as text. */
function giveBase64() {
  window.asBase64 = (samples) => {
    const bytes = new Uint8Array(samples.buffer);
    let text = '';
    for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
    return btoa(text);
  };
}

const folder = mkdtempSync(join(tmpdir(), 'hubbub-speech-'));
const said = words();
writeFileSync(join(folder, 'said.raw'), Buffer.from(said.buffer));

/** Scores of windows of what was heard, as numbers: their median, lowest and highest. */
function score(name, heard) {
  const file = join(folder, `${name}.raw`);
  writeFileSync(file, heard);
  const env = { ...process.env, PYTHONPATH: process.env.HUBBUB_PESQ ?? '' };
  const scores = JSON.parse(execFileSync('python3', ['lib/score.py', join(folder, 'said.raw'), file], { env }));
  console.error(name, scores.map(rounded).join(' '));
  return { median: rounded(scores[scores.length >> 1]), least: rounded(scores[0]), most: rounded(scores.at(-1)), windows: scores.length };
}

const server = await Server.start();
const network = await Network.to(server);
const browsers = [];
const report = {};
try {
  const ada = await person(browsers, wav(said, 'said'), { scripts: [sendAsItIs, giveBase64] });
  const bob = await person(browsers, undefined, { scripts: [sendAsItIs, giveBase64] });
  await bob.addInitScript(useRelayOnly, RELAY);
  const link = await setUp(ada, server, { username: 'ada', guild: 'The kitchen table' });
  await register(bob, link.replace(server.origin, network.origin), 'bob');
  await joinVoice(ada);
  await joinVoice(bob);
  const mute = bob.getByRole('region', { name: 'Call controls' }).getByRole('button', { name: 'Mute', exact: true });
  await mute.click();
  report.opus_alone = score('opus_alone', await throughOpus(ada, Int16Array.from([...said, ...said, ...said])));
  for (const percent of LOSSES) {
    network.limit({ lossPercent: percent, bothWays: true });
    await bob.waitForTimeout(SETTLE_MS);
    const before = await account(bob);
    const heard = await record(bob, RECORD_S);
    const { concealed } = spent(before, await account(bob));
    report[`loss_${percent}`] = { ...score(`loss_${percent}`, heard), concealed_percent: rounded(100 * concealed) };
  }
} finally {
  await Promise.all(browsers.map((browser) => browser.close()));
  network.close();
  await server.end();
}
console.log(JSON.stringify(report));
