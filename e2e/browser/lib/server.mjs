// The real program on ports and a folder of its own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { RELAY } from './network.mjs';

/** The program: `HUBBUB_PROGRAM`, which `cargo xtask test` sets. */
const program = process.env.HUBBUB_PROGRAM;

export class Server {
  /**
   * Starts a server that nobody has set up yet, whose media is at this address of the machine's. Pages and gateway are reached at
   * `host`; `relay` is announced beside the media's own address; with `namespace` it runs in that network namespace, and listens
   * on all addresses there.
   */
  static async start(media = '127.0.0.1', { host = '127.0.0.1', relay = RELAY, namespace } = {}) {
    if (!program) throw new Error('HUBBUB_PROGRAM is the path of hubbub; `cargo xtask test` sets it');
    const server = new Server();
    Object.assign(server, { media, host, relay, namespace });
    server.data = mkdtempSync(join(tmpdir(), 'hubbub-'));
    server.port = await freePort();
    server.securePort = await freePort();
    server.mediaPort = await freePort();
    await server.resume();
    return server;
  }

  get origin() {
    return `http://localhost:${this.port}`;
  }

  /** With a certificate that the server made itself. */
  get secureOrigin() {
    return `https://localhost:${this.securePort}`;
  }

  /** Starts the program on its data and ports, and waits until it is up. */
  async resume() {
    const [inside, address] = this.namespace ? [['ip', 'netns', 'exec', this.namespace], '0.0.0.0'] : [[], '127.0.0.1'];
    const flags = ['--http', `${address}:${this.port}`, '--https', `${address}:${this.securePort}`, '--media', `${this.media}:${this.mediaPort}`];
    const [command, ...rest] = [...inside, program, 'serve', '--data', this.data, ...flags, '--announce', `${this.media},${this.relay}`];
    this.process = spawn(command, rest, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, HUBBUB_LOG: 'warn' },
    });
    for await (const line of createInterface({ input: this.process.stdout })) {
      const link = line.match(/\/setup\/(\S+)/);
      if (link) this.setupToken = link[1];
      if (line.includes('Ctrl+C')) return;
    }
    throw new Error('the server ended before it was up');
  }

  /** Asks it to stop, and waits for it. */
  async stop() {
    const exit = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    await exit;
  }

  async end() {
    if (this.process.exitCode === null) await this.stop();
    rmSync(this.data, { recursive: true, force: true });
  }
}

async function freePort() {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address();
  listener.close();
  await once(listener, 'close');
  return port;
}
