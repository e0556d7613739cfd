// A camera that flashes while its microphone beeps, and who watches for both.

/** Runs before the page's own scripts: every other second the camera turns white and the microphone beeps, by one clock. */
export function flashAndBeep() {
  const EVERY_MS = 2_000;
  const LENGTH_MS = 200;
  let clock;
  /** The context that sounds, started at the first use. */
  const sound = () => {
    clock ??= new AudioContext({ sampleRate: 48_000, latencyHint: 'interactive' });
    return clock;
  };
  const isOn = () => performance.now() % EVERY_MS < LENGTH_MS;

  function camera() {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
    const brush = canvas.getContext('2d');
    let turn = 0;
    setInterval(() => {
      brush.fillStyle = isOn() ? 'white' : 'black';
      brush.fillRect(0, 0, 640, 360);
      // A picture that never changes is not sent.
      brush.fillStyle = 'gray';
      brush.fillRect((turn++ * 8) % 640, 340, 20, 20);
    }, 1_000 / 60);
    return canvas.captureStream(30);
  }

  function microphone() {
    const context = sound();
    const out = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
    const volume = new GainNode(context, { gain: 0 });
    const tone = new OscillatorNode(context, { frequency: 1_000 });
    tone.connect(volume).connect(out);
    tone.start();
    let told = 0;
    setInterval(() => {
      const now = performance.now();
      const next = Math.ceil(now / EVERY_MS) * EVERY_MS;
      if (next === told || next - now > 500) return;
      told = next;
      const begin = context.currentTime + (next - now) / 1_000;
      volume.gain.setValueAtTime(0.5, begin);
      volume.gain.setValueAtTime(0, begin + LENGTH_MS / 1_000);
    }, 50);
    context.resume();
    return out.stream;
  }

  window.sources = {};
  navigator.mediaDevices.getUserMedia = async ({ audio, video }) => {
    if (audio) window.sources.sound ??= microphone();
    if (video) window.sources.picture ??= camera();
    // Whoever stops a clone does not stop the source.
    const tracks = [...(audio ? window.sources.sound.getTracks() : []), ...(video ? window.sources.picture.getTracks() : [])];
    return new MediaStream(tracks.map((track) => track.clone()));
  };
}

/** When the tracks of [`flashAndBeep`] flash and beep in the page that sends them, by its own clock. */
export function measureSource(page, ms) {
  return page.evaluate(async (ms) => {
    const seen = { flashes: [], beeps: [] };
    const ends = performance.now() + ms;
    const read = async (stream, kind, look) => {
      const track = stream.getTracks()[0].clone();
      const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
      let wasOn = true;
      while (performance.now() < ends) {
        const { value } = await reader.read();
        const at = performance.now();
        const onset = await look(value);
        if (onset !== null && !wasOn) seen[kind].push(at + onset);
        wasOn = onset !== null;
        value.close();
      }
      track.stop();
    };
    const canvas = new OffscreenCanvas(16, 16);
    const brush = canvas.getContext('2d', { willReadFrequently: true });
    await Promise.all([
      read(window.sources.picture, 'flashes', (frame) => {
        brush.drawImage(frame, 0, 0, 16, 16);
        return brush.getImageData(8, 4, 1, 1).data[1] > 128 ? 0 : null;
      }),
      read(window.sources.sound, 'beeps', (data) => {
        const part = new Float32Array(data.numberOfFrames);
        data.copyTo(part, { planeIndex: 0, format: 'f32-planar' });
        const first = part.findIndex((sample) => Math.abs(sample) > 0.1);
        // The last sample of a part is as old as its arrival.
        return first < 0 ? null : ((first - part.length) * 1_000) / data.sampleRate;
      }),
    ]);
    return seen;
  }, ms);
}

/**
 * Runs before the page's own scripts: from `window.lips.begin(video)` to `end()`, which gives them, the times of flashes and beeps,
 * in ms by the page's clock.
 */
export function watchAndHear() {
  const LOUD = 0.05;
  /** As long as it is quiet between two beeps at least. */
  const QUIET_S = 1;
  let seen = { flashes: [], beeps: [] };
  let onset, isWatching;

  const worklet = `registerProcessor('onset', class extends AudioWorkletProcessor {
    last = -Infinity;
    process([[channel]]) {
      const first = channel?.findIndex((sample) => Math.abs(sample) > ${LOUD}) ?? -1;
      if (first < 0) return true;
      const at = currentTime + first / sampleRate;
      if (at - this.last > ${QUIET_S}) this.port.postMessage(at);
      this.last = currentTime;
      return true;
    }
  })`;
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (to, ...rest) {
    if (to === this.context.destination) {
      onset ??= listen(this.context);
      onset.then((node) => connect.call(this, node));
    }
    return connect.call(this, to, ...rest);
  };

  async function listen(context) {
    window.lips.context = context;
    const module = URL.createObjectURL(new Blob([worklet], { type: 'text/javascript' }));
    await context.audioWorklet.addModule(module);
    const node = new AudioWorkletNode(context, 'onset');
    // What is not connected is not asked for its sound; it gives silence.
    connect.call(node, context.destination);
    node.port.onmessage = ({ data }) => {
      // When what has this time in the context is played.
      const { contextTime, performanceTime } = context.getOutputTimestamp();
      seen.beeps.push(performanceTime + (data - contextTime) * 1_000);
    };
    return node;
  }

  function watch(video) {
    const canvas = new OffscreenCanvas(16, 16);
    const brush = canvas.getContext('2d', { willReadFrequently: true });
    let wasOn = true;
    const look = (_, { expectedDisplayTime }) => {
      brush.drawImage(video, 0, 0, 16, 16);
      const isOn = brush.getImageData(8, 4, 1, 1).data[1] > 128;
      if (isOn && !wasOn) seen.flashes.push(expectedDisplayTime);
      wasOn = isOn;
      if (isWatching) video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
  }

  window.lips = {
    begin(selector) {
      seen = { flashes: [], beeps: [] };
      isWatching = true;
      watch(document.querySelector(selector));
    },
    end() {
      isWatching = false;
      return seen;
    },
  };
}
