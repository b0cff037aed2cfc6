// One client's connection and its own upstream connection, joined. Nothing leaves either way before it is recorded.
import type { Hold } from '../../flow/conversation.ts';
import type { BrokerError } from '../../model/errors.ts';
import { Framer } from './framer.ts';
import type { Holder, Withdrawn } from './gate.ts';
import { Held } from './held.ts';
import type { Link } from './link.ts';
import { errorOf, part, TERMINATE } from './parting.ts';
import { Patience } from './patience.ts';
import type { RelayParts } from './relay-parts.ts';
import { Replies } from './replies.ts';
import { Requests } from './requests.ts';
import type { Turn } from './turn.ts';
import type { Wire, WireHandler } from './wire.ts';
import { holdPort, Withdrawal } from './withdrawal.ts';

/** Bytes kept from a client while one of its statements is held. */
const HELD_LIMIT = 1024 * 1024;
/** Answers nobody takes: beyond this the server is told so by closing, as a direct client's death would tell it. */
const UNTAKEN_LIMIT = 64 * 1024;
const NOTHING = Buffer.alloc(0);

export class Relay implements Holder {
  readonly #client: Wire;
  readonly #server: Wire;
  readonly #link: Link;
  readonly #over: RelayParts['over'];
  readonly #lost: RelayParts['lost'];
  readonly #requests: Requests;
  readonly #replies: Replies;
  readonly #fromClient = new Framer('client');
  readonly #fromServer = new Framer('server');
  readonly #held = new Held();
  #hold: object | undefined;
  #patience: Patience | undefined;
  readonly #withdrawal = new Withdrawal();
  #serverBusy = false;
  #asides: Buffer[] = [];
  #leaving = false;
  #clientGone = false;
  #untaken = 0;
  /** The client has the beginning of a message whose rest has not been delivered. */
  #midMessage = false;
  #closed = false;
  readonly #turn: Turn;
  #leaves = false;
  readonly #leaveTurn = () => {
    this.#leaves = false;
    if (!this.#closed) this.#exchange();
  };
  readonly port: Hold;

  constructor(parts: RelayParts) {
    this.#client = parts.client;
    this.#server = parts.server;
    this.#link = parts.link;
    this.#over = parts.over;
    this.#turn = parts.turn;
    this.#lost = parts.lost;
    this.#requests = new Requests(parts.link, this);
    this.#replies = new Replies(parts.link);
    this.port = holdPort(this.#withdrawal, parts.link, (answer) => this.#aside(answer));
  }

  /** Begins with what the client sent behind its start-up. */
  start(early: Buffer): void {
    this.#client.handler = this.#clientHandler;
    this.#server.handler = this.#serverHandler;
    if (early.length > 0) this.#consume(early, 0, early.length);
    this.#server.resume();
    this.#steer();
  }

  /** A held statement is not to run. False when none is held, and whoever asks must ask the server. */
  withdraw(why: Withdrawn): boolean {
    if (!this.#requests.withdraw(why)) return false;
    this.#withdrawal.take();
    this.#release(this.#hold);
    return true;
  }

  /** Ends the conversation with an error the client can read. */
  end(error: BrokerError): void {
    this.#fail(error);
  }

  hold(until: Promise<unknown>, asking = false): void {
    const hold = {};
    this.#hold = hold;
    if (asking) this.#patience = Patience.during(until, this.#link, this);
    until.then(() => this.#release(hold)).catch((error: unknown) => this.#fail(error));
  }

  /** Sends what was put for the server without the client's doing. */
  readonly send = () => {
    if (!this.#closed && !this.#leaving) this.#exchange();
  };

  readonly over = () => this.withdraw('timed out');

  readonly #clientHandler: WireHandler = {
    data: (chunk, start, end) => {
      if (this.#hold) this.#keep(chunk, start, end);
      else this.#consume(chunk, start, end);
    },
    drained: () => this.#server.resume(),
    ended: () => this.#leave(),
    closed: () => {
      this.#clientGone = true;
      this.#server.resume();
      this.#leave();
    },
  };

  readonly #serverHandler: WireHandler = {
    data: (chunk, start, end) => this.#produce(chunk, start, end),
    drained: () => {
      this.#serverBusy = false;
      this.#steer();
    },
    ended: () => this.#serverEnded(undefined),
    closed: (error) => this.#serverEnded(error),
  };

  #consume(chunk: Buffer, start: number, end: number): void {
    if (this.#closed) return;
    try {
      const stopped = this.#fromClient.push(chunk, start, end, this.#requests);
      if (this.#fromClient.stopped) this.#keep(chunk, stopped, end, true);
      this.#settle(chunk, end);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Keeps what may not be looked at yet; reading stops beyond a bound. */
  #keep(chunk: Buffer, start: number, end: number, first = false): void {
    this.#held.keep(chunk, start, end, first);
    this.#steer();
  }

  #release(hold: object | undefined): void {
    if (this.#hold !== hold || this.#closed) return;
    this.#hold = undefined;
    this.#patience?.end();
    let chunk: Buffer | undefined = this.#held.next() ?? NOTHING;
    while (chunk) {
      this.#consume(chunk, 0, chunk.length);
      chunk = this.#hold ? undefined : this.#held.next();
    }
    this.#steer();
  }

  /** Reads from the client only when there is room for what it sends. */
  #steer(): void {
    if (this.#serverBusy || this.#held.bytes > HELD_LIMIT) this.#client.pause();
    else this.#client.resume();
  }

  /**
   * What was read leaves at the end of the turn, with everybody's. A buffer that was filled whole may be read into again
   * within the turn, so what lies in it leaves at once.
   */
  #settle(chunk: Buffer, end: number): void {
    if (end === chunk.length) {
      this.#send();
      this.#deliver();
    } else if (!this.#leaves) {
      this.#leaves = true;
      this.#turn.later(this.#leaveTurn);
    }
  }

  /** Sends and delivers what waits for the end of the turn. */
  #exchange(): void {
    try {
      this.#send();
      this.#deliver();
    } catch (error) {
      this.#fail(error);
    }
  }

  #send(): void {
    const { toServer, conversation, terminated } = this.#link;
    if (!toServer.empty) {
      conversation.flush();
      this.#server.write(toServer.take());
      if (this.#server.busy) {
        toServer.abandon();
        this.#serverBusy = true;
        this.#server.watch();
        this.#client.pause();
      }
    }
    if (terminated) this.#server.end();
  }

  #produce(chunk: Buffer, start: number, end: number): void {
    if (this.#closed) return;
    try {
      this.#fromServer.push(chunk, start, end, this.#replies);
      for (const aside of this.#fromServer.between ? this.#asides.splice(0) : [])
        this.#link.toClient.put(aside);
      this.#settle(chunk, end);
      // What went before it failed: nobody is to be asked about something that cannot run.
      if (this.#hold && (this.#link.discarding || this.#link.status === 'E')) this.withdraw('overtaken');
    } catch (error) {
      this.#fail(error);
    }
  }

  #deliver(): void {
    const { toClient, conversation } = this.#link;
    if (toClient.empty) return;
    conversation.flush();
    const bytes = toClient.take();
    this.#midMessage = !this.#fromServer.between;
    if (this.#clientGone) {
      this.#untaken += bytes.length;
      if (this.#untaken > UNTAKEN_LIMIT) this.#close('client left', undefined);
      return;
    }
    this.#client.write(bytes);
    if (!this.#client.busy) return;
    toClient.abandon();
    this.#server.pause();
    this.#client.watch();
  }

  /** Says something of our own between two messages. */
  #aside(bytes: Buffer): void {
    if (this.#closed) return;
    if (!this.#fromServer.between) {
      this.#asides.push(bytes);
      return;
    }
    this.#link.toClient.put(bytes);
    try {
      this.#deliver();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The client says nothing more: end the server's side politely; answers under way still belong in the record. */
  #leave(): void {
    if (this.#leaving || this.#closed) return;
    this.#leaving = true;
    this.#exchange();
    if (this.#closed) return;
    this.#requests.withdraw('cancelled');
    this.#withdrawal.take();
    this.#patience?.end();
    this.#server.end(this.#link.terminated ? undefined : TERMINATE);
    if (this.#link.pending.length === 0) this.#close('client left', undefined);
  }

  #serverEnded(cause: Error | undefined): void {
    if (this.#closed) return;
    this.#exchange();
    if (this.#closed) return;
    if (this.#clientGone || this.#leaving || this.#link.terminated) {
      this.#close('client left', undefined);
      return;
    }
    if (this.#link.fatal) this.#close(`server ended it: ${this.#link.fatal}`, undefined);
    else this.#fail(this.#lost(cause?.message ?? 'it closed the connection'));
  }

  #fail(cause: unknown): void {
    if (this.#closed) return;
    this.#lastWords();
    if (this.#closed) return;
    const error = errorOf(cause);
    this.#close(error.message, error);
  }

  /** What was recorded already may still reach the client before the error does. */
  #lastWords(): void {
    try {
      this.#deliver();
    } catch {} // The journal is what failed: nothing leaves any more.
  }

  #close(reason: string, error: BrokerError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#patience?.end();
    this.#withdrawal.take();
    this.#held.drop();
    // Whatever we end must not go on at the server, where nobody would record how it ends.
    if (error && this.#link.pending.length > 0) this.#link.cancelServer();
    part(this.#client, this.#server, error, !this.#clientGone && !this.#midMessage);
    try {
      this.#replies.lost();
    } catch {} // The journal is what failed; there is nowhere left to write to.
    this.#over(reason, error);
  }
}
