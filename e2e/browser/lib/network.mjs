// A network that can be cut, narrowed and made to lose, delay and reorder: TCP and UDP of one person, relayed to the server.

import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';

/** Where the relay of media listens; the server announces it beside its own address. */
export const RELAY = '127.0.0.2';

/** The queue before the narrowest place; what would wait longer is lost. */
const LONGEST_WAIT_MS = 300;
/** Bytes of UDP and IP. */
const HEADERS = 28;
const GOOD = { kbitPerSecond: Infinity, lossPercent: 0, delayMs: 0, jitterMs: 0, bothWays: false };

export class Network {
  /** Relays a free port to the server's pages and gateway, and an address that the server announces to its media. */
  static async to(server, relay = RELAY) {
    const network = new Network();
    network.isCut = false;
    network.pagesAreCut = false;
    network.limits = GOOD;
    network.free = 0;
    network.server = server;
    network.sockets = new Set();
    network.clients = new Map();
    network.tcp = net.createServer((socket) => network.#connect(socket));
    network.tcp.listen(0, '127.0.0.1');
    await once(network.tcp, 'listening');
    network.origin = `http://localhost:${network.tcp.address().port}`;
    network.udp = dgram.createSocket('udp4');
    network.udp.on('message', (datagram, from) => network.#forward(datagram, from));
    network.udp.bind(server.mediaPort, relay);
    await once(network.udp, 'listening');
    return network;
  }

  /** Nothing passes any more, and connections are lost without a word. */
  cut() {
    this.isCut = true;
    this.cutPages();
  }

  /** Pages and gateway are lost without a word, and do not come back; media passes on. */
  cutPages() {
    this.pagesAreCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  heal() {
    this.isCut = false;
    this.pagesAreCut = false;
  }

  /**
   * From now on what comes from the server is narrowed to this, with a queue of 300 ms, and loses so much; each datagram takes so
   * much longer, give or take the jitter, and so overtakes others. With `bothWays` what goes there is lost and delayed, too.
   */
  limit(limits) {
    this.limits = { ...GOOD, ...limits };
  }

  close() {
    this.cut();
    this.tcp.close();
    this.udp.close();
    for (const client of this.clients.values()) client.close();
  }

  #connect(socket) {
    socket.on('error', () => {});
    if (this.pagesAreCut) {
      socket.destroy();
      return;
    }
    const onward = net.connect(this.server.port, this.server.host);
    onward.on('error', () => socket.destroy());
    for (const one of [socket, onward]) {
      this.sockets.add(one);
      one.on('close', () => {
        this.sockets.delete(one);
        socket.destroy();
        onward.destroy();
      });
    }
    socket.pipe(onward).pipe(socket);
  }

  #forward(datagram, from) {
    if (this.isCut) return;
    let client = this.clients.get(from.port);
    if (!client) {
      client = dgram.createSocket('udp4');
      client.on('message', (answer) => this.#backward(answer, from));
      this.clients.set(from.port, client);
    }
    const send = () => this.isCut || client.send(datagram, this.server.mediaPort, this.server.media);
    if (this.limits.bothWays) this.#later(send);
    else send();
  }

  #backward(answer, { port, address }) {
    if (this.isCut) return;
    this.#later(() => this.isCut || this.udp.send(answer, port, address), answer.length + HEADERS);
  }

  /** Sends now, later or never, as the limits say; what weighs nothing is not narrowed. */
  #later(send, bytes = 0) {
    const { kbitPerSecond, lossPercent, delayMs, jitterMs } = this.limits;
    if (Math.random() * 100 < lossPercent) return;
    let wait = delayMs + (2 * Math.random() - 1) * jitterMs;
    if (bytes > 0 && kbitPerSecond !== Infinity) {
      const now = performance.now();
      const begin = Math.max(this.free, now);
      if (begin - now > LONGEST_WAIT_MS) return;
      this.free = begin + (8 * bytes) / kbitPerSecond;
      wait += this.free - now;
    }
    if (wait > 0) setTimeout(send, wait);
    else send();
  }
}

/** Runs before the page's own scripts: media goes through the relay only. */
export function useRelayOnly(relay) {
  const set = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    const kept = description.sdp.split('\r\n').filter((line) => !line.startsWith('a=candidate:') || line.includes(relay));
    return set.call(this, { type: description.type, sdp: kept.join('\r\n') });
  };
}
