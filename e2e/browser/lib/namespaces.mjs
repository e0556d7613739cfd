// Two network namespaces with one wire between them, on which the system loses and narrows.

import { execFileSync } from 'node:child_process';

/** Where the server and who sends are. */
export const FAR = { namespace: 'hubbub-far', address: '10.79.0.1' };
/** Where the receiver is, and a relay that delays. */
export const NEAR = { namespace: 'hubbub-near', address: '10.79.0.2', other: '10.79.0.4', relay: '10.79.0.3' };
/** What both ends of the wire are called. */
const WIRE = 'wire';
/** What waits longer before the narrow place is lost. */
const LONGEST_WAIT = '300ms';

const ip = (...args) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });

/** Makes them, in place of what an earlier run left. */
export function build() {
  tearDown();
  for (const { namespace } of [FAR, NEAR]) ip('netns', 'add', namespace);
  ip('link', 'add', WIRE, 'netns', FAR.namespace, 'type', 'veth', 'peer', 'name', WIRE, 'netns', NEAR.namespace);
  for (const { namespace, address } of [FAR, NEAR]) {
    ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', WIRE);
    // Datagrams that are sent as one would be lost as one.
    ip('-n', namespace, 'link', 'set', WIRE, 'gso_max_segs', '1');
    ip('-n', namespace, 'link', 'set', WIRE, 'up');
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
  }
  // Firefox uses the address of the way to everywhere.
  for (const [{ namespace }, { address }] of [[FAR, NEAR], [NEAR, FAR]]) ip('-n', namespace, 'route', 'add', 'default', 'via', address);
  ip('-n', NEAR.namespace, 'address', 'add', `${NEAR.relay}/32`, 'dev', 'lo');
}

export function tearDown() {
  for (const { namespace } of [FAR, NEAR]) {
    try {
      ip('netns', 'delete', namespace);
    } catch {
      // There is none.
    }
  }
}

/** From now on so much of what arrives is lost, on both sides. */
export function lose(percent) {
  for (const { namespace } of [FAR, NEAR]) {
    const some = percent < 100 ? `numgen random mod 100 < ${percent}` : '';
    const rule = percent > 0 ? `iifname "${WIRE}" ${some} drop` : '';
    const table = `table inet bad { chain arriving { type filter hook prerouting priority -300; ${rule}; }; }`;
    execFileSync('ip', ['netns', 'exec', namespace, 'nft', '-f', '-'], { input: `table inet bad\ndelete table inet bad\n${table}\n` });
  }
}

/** From now on this is all that comes from the far side; or all that does. */
export function narrow(kbitPerSecond) {
  const tc = (...args) => ip('netns', 'exec', FAR.namespace, 'tc', 'qdisc', ...args);
  if (kbitPerSecond === Infinity) {
    try {
      tc('delete', 'dev', WIRE, 'root');
    } catch {
      // It was not narrow.
    }
    return;
  }
  tc('replace', 'dev', WIRE, 'root', 'tbf', 'rate', `${kbitPerSecond}kbit`, 'burst', '4kb', 'latency', LONGEST_WAIT);
}

/** Takes the receiver's address away and gives it another, as when a laptop goes over to another network. */
export function move(from, to) {
  ip('-n', NEAR.namespace, 'address', 'delete', `${from}/24`, 'dev', WIRE);
  ip('-n', NEAR.namespace, 'address', 'add', `${to}/24`, 'dev', WIRE);
  ip('-n', NEAR.namespace, 'route', 'replace', 'default', 'via', FAR.address);
}
