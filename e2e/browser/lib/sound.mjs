// What a page hears and sees, measured on the tracks themselves.

/** Runs before the page's own scripts: remembers its peer connections. */
export function rememberConnections() {
  const Native = window.RTCPeerConnection;
  window.connections = [];
  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      window.connections.push(this);
    }
  };
}

/** Starts to listen: `window.loudness(hertz)` is the level in dB of a tone over all received audio tracks. */
export async function listen(page) {
  await page.evaluate(async () => {
    window.analysers?.forEach(({ context }) => context.close());
    window.analysers = [];
    const connection = window.connections.at(-1);
    for (const { track } of connection.getReceivers()) {
      if (track.kind !== 'audio') continue;
      const context = new AudioContext({ sampleRate: 48_000 });
      await context.resume();
      const analyser = context.createAnalyser();
      // 21 ms, so that a tone which has ended is not heard for long.
      analyser.fftSize = 1_024;
      analyser.smoothingTimeConstant = 0;
      context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
      window.analysers.push({ context, analyser });
    }
    window.loudness = (hertz) => {
      const bin = Math.round((hertz * 1_024) / 48_000);
      return Math.max(
        ...window.analysers.map(({ analyser }) => {
          const levels = new Float32Array(analyser.frequencyBinCount);
          analyser.getFloatFrequencyData(levels);
          return Math.max(...levels.slice(bin - 1, bin + 2));
        }),
      );
    };
  });
}

/** dB above which a tone counts as heard; silence and other tones are far below. */
export const AUDIBLE = -50;

/** Waits until a tone is heard, or no longer heard; answers with the time it took, in ms. */
export async function waitForTone(page, hertz, heard, timeout = 15_000) {
  const begun = Date.now();
  await page.waitForFunction(
    ([hertz, heard, audible]) => window.loudness(hertz) > audible === heard,
    [hertz, heard, AUDIBLE],
    { timeout, polling: 20 },
  );
  return Date.now() - begun;
}

/** Waits until a tone has not been heard for half a second, as a voice may dip before; answers with when that began, by the page's `Date.now()`. */
export function silenceOf(page, hertz) {
  return page.evaluate(
    async ([hertz, audible]) => {
      const begun = Date.now();
      let since = null;
      while (since === null || Date.now() - since < 500) {
        if (Date.now() - begun > 15_000) throw new Error(`${hertz} Hz are still heard`);
        since = window.loudness(hertz) > audible ? null : (since ?? Date.now());
        await new Promise((resume) => setTimeout(resume, 5));
      }
      return since;
    },
    [hertz, AUDIBLE],
  );
}

/** Whether a tone is heard now. */
export async function hears(page, hertz) {
  return page.evaluate(([hertz, audible]) => window.loudness(hertz) > audible, [hertz, AUDIBLE]);
}

/** The size and the number of frames of the first moving picture, or null. */
export async function picture(page) {
  return page.evaluate(() => {
    for (const video of document.querySelectorAll('video')) {
      const { totalVideoFrames } = video.getVideoPlaybackQuality();
      if (video.videoWidth > 0 && totalVideoFrames > 0) {
        return { width: video.videoWidth, height: video.videoHeight, frames: totalVideoFrames };
      }
    }
    return null;
  });
}

/** The level of a tone as it came, in dB; half the amplitude is 6 dB less. */
export const PLAIN = -23;

/** Runs before the page's own scripts: `window.played(hertz)` is the level in dB of a tone in what the page plays. */
export function rememberSound() {
  const connect = AudioNode.prototype.connect;
  let analyser;
  AudioNode.prototype.connect = function (to, ...rest) {
    if (to === this.context.destination) {
      analyser ??= new AnalyserNode(this.context, { fftSize: 4_096, smoothingTimeConstant: 0 });
      connect.call(this, analyser);
    }
    return connect.call(this, to, ...rest);
  };
  window.played = (hertz) => {
    if (!analyser) return -Infinity;
    const levels = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(levels);
    const bin = Math.round((hertz * analyser.fftSize) / analyser.context.sampleRate);
    return Math.max(...levels.slice(bin - 1, bin + 2));
  };
}

/** Runs before the page's own scripts: a steady tone is not taken for noise. */
export function sendAsItIs() {
  const plain = { reduce_noise: false, remove_echo: false, even_loudness: false };
  if (!localStorage.getItem('prefs')) localStorage.setItem('prefs', JSON.stringify(plain));
}

/** Waits until a tone is played at a level between two, in dB. */
export function waitForLevel(page, hertz, least, most) {
  return page.waitForFunction(
    ([hertz, least, most]) => Math.max(window.played(hertz), -999) >= least && window.played(hertz) <= most,
    [hertz, least, most],
    { polling: 50, timeout: 10_000 },
  );
}
