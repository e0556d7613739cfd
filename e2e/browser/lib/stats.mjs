// What a page's connection says of what it receives and sends.

/** What is received of pictures, the largest first. */
export async function received(page) {
  return page.evaluate(async () => {
    const stats = await window.connections.at(-1).getStats();
    const inbound = [...stats.values()].filter(({ type, kind }) => type === 'inbound-rtp' && kind === 'video');
    const pictures = inbound.map(({ mid, frameWidth = 0, framesDecoded = 0 }) => ({ mid, frameWidth, framesDecoded }));
    return pictures.filter(({ framesDecoded }) => framesDecoded > 0).sort((a, b) => b.frameWidth - a.frameWidth);
  });
}

/** How wide the pictures are that are received, the widest first. */
export const widths = async (page) => (await received(page)).map(({ frameWidth }) => frameWidth);

/** Which encodings are sent, by their RTP stream ids. */
export async function sent(page) {
  return page.evaluate(() => {
    const senders = window.connections.at(-1).getSenders();
    const camera = senders.find(({ track }) => track?.kind === 'video');
    return camera.getParameters().encodings.filter(({ active }) => active).map(({ rid }) => rid);
  });
}

/** Waits until a check says that it is done; answers with the time it took, in ms. */
export async function until(check, what, timeout = 15_000) {
  const begun = Date.now();
  let last;
  while (Date.now() - begun < timeout) {
    last = await check();
    if (last.done) return Date.now() - begun;
    await new Promise((resume) => setTimeout(resume, 50));
  }
  throw new Error(`${what}: ${JSON.stringify(last)}`);
}

/** Waits until pictures have moved on, by more than those that may still be on their way. */
export async function waitForPictures(page, what, count = 20) {
  const before = await account(page);
  await until(async () => {
    const last = (await account(page)).pictures - before.pictures;
    return { done: last > count, last };
  }, what);
}

/** What comes in during a while. */
export async function during(page, ms) {
  const before = await account(page);
  await new Promise((resume) => setTimeout(resume, ms));
  return spent(before, await account(page));
}

/** What has come in so far, of sound and of the pictures that move. */
export async function account(page) {
  return page.evaluate(async () => {
    const stats = await window.connections.at(-1).getStats();
    const inbound = [...stats.values()].filter(({ type }) => type === 'inbound-rtp');
    const sum = (kind, of) => inbound.filter((one) => one.kind === kind).reduce((sum, one) => sum + (of(one) ?? 0), 0);
    return {
      at: performance.now(),
      made: sum('audio', (one) => (one.concealedSamples ?? 0) - (one.silentConcealedSamples ?? 0)),
      samples: sum('audio', (one) => one.totalSamplesReceived),
      played: sum('audio', (one) => one.jitterBufferEmittedCount),
      lost: sum('audio', (one) => one.packetsLost),
      came: sum('audio', (one) => one.packetsReceived),
      pictures: sum('video', (one) => one.framesDecoded),
      bytes: sum('video', (one) => one.bytesReceived),
      freezes: sum('video', (one) => one.freezeCount),
      frozen: sum('video', (one) => one.totalFreezesDuration),
      height: Math.max(0, ...inbound.filter(({ kind }) => kind === 'video').map(({ frameHeight = 0 }) => frameHeight)),
    };
  });
}

/** What came in between two accounts; shares are 0 to 1. */
export function spent(before, after) {
  const of = (key) => after[key] - before[key];
  return {
    /** Of the sound, what was made up, for the packets were lost. */
    concealed: of('made') / of('samples'),
    lost: of('lost') / (of('lost') + of('came')),
    picturesPerSecond: of('pictures') / (of('at') / 1_000),
    kbitPerSecond: (8 * of('bytes')) / of('at'),
    freezes: of('freezes'),
    frozenMs: of('frozen') * 1_000,
  };
}

/** How wide the picture is that stands in somebody's tile; 0 where there is none. */
export function shownWidth(page, name) {
  return page.evaluate(
    (name) => document.querySelector(`article.tile[aria-label^="${name}"] video`)?.videoWidth ?? 0,
    name,
  );
}
