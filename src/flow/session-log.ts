// Words one session's events for the recorder. Everything that came from outside is masked before it gets here or here.

import type { Credential } from '../model/credential.ts';
import type { BrokerError } from '../model/errors.ts';
import type { CoverageRow, EventData, Recorder } from '../model/event.ts';
import type { Endpoint, SessionOrder } from '../model/session.ts';
import { answerLine } from './lines.ts';
import { sessionFacts } from './request.ts';

export class SessionLog {
  readonly #recorder: Recorder;
  readonly #scrub: (text: string) => string;

  constructor(recorder: Recorder, scrub: (text: string) => string) {
    this.#recorder = recorder;
    this.#scrub = scrub;
  }

  opened(order: SessionOrder, credential: Credential, endpoint: Endpoint): void {
    const { expires, label, user } = credential;
    const { client } = order;
    const reason = order.reason ? this.#scrub(order.reason) : undefined;
    this.#recorder.append('session.open', {
      client,
      listener: `${endpoint.host}:${endpoint.port}`,
      ...(reason === undefined ? {} : { reason }),
      facts: { ...sessionFacts(order), ...(reason === order.reason ? {} : { masked: true }) },
    });
    this.#recorder.append('credential', {
      source: order.connection.credential.source,
      account: user,
      label,
      ...(expires ? { expires: new Date(expires).toISOString() } : {}),
    });
  }

  connected(conversation: number, client: Omit<EventData['client.connect'], 'conversation'>): void {
    const shown = (text: string) => this.#scrub(text).toWellFormed();
    const parameters = Object.entries(client.parameters ?? {}).map(([name, value]) => [
      shown(name),
      shown(value),
    ]);
    this.#recorder.append('client.connect', {
      conversation,
      ...(client.application === undefined ? {} : { application: shown(client.application) }),
      ...(client.parameters ? { parameters: Object.fromEntries(parameters) } : {}),
    });
  }

  rejected(reason: string): void {
    this.#recorder.append('client.refused', { conversation: 0, reason: this.#scrub(reason).toWellFormed() });
    this.#recorder.flush();
  }

  statement(line: string): void {
    this.#recorder.appendCanonical('statement', line);
  }

  refused(conversation: number, statement: number, error: BrokerError): void {
    const line = answerLine({
      bytes: 0,
      columns: undefined,
      conversation,
      masked: 0,
      message: this.#scrub(error.message).toWellFormed(),
      micros: 0,
      rows: 0,
      sample: [],
      sqlstate: error.row.sqlstate,
      statement,
      status: 'refused',
      tag: undefined,
    });
    this.#recorder.appendCanonical('answer', line);
  }

  cancelled(conversation: number): void {
    this.#recorder.append('cancel', { conversation });
  }

  notice(conversation: number, detail: { severity?: string; sqlstate?: string; message?: string }): void {
    const { severity = '', sqlstate = '', message = '' } = detail;
    this.#recorder.append('notice', {
      conversation,
      severity,
      sqlstate,
      message: this.#scrub(message).toWellFormed(),
    });
  }

  warning(code: string, detail: string): void {
    this.#recorder.append('warning', { code, detail: this.#scrub(detail).toWellFormed() });
  }

  disconnected(conversation: number, reason: string): void {
    this.#recorder.append('client.disconnect', { conversation, reason: this.#scrub(reason).toWellFormed() });
    this.#recorder.flush();
  }

  async closed(reason: string, columns: readonly CoverageRow[]): Promise<void> {
    this.#recorder.append('coverage', { columns });
    this.#recorder.append('session.close', { reason: this.#scrub(reason).toWellFormed() });
    await this.#recorder.sync();
  }

  flush(): void {
    this.#recorder.flush();
  }
}
