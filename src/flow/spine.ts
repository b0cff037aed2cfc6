// What a conversation needs from the session's pipeline. Types only, so that the two files can be read apart.
import type { Catalogue } from '../model/catalogue.ts';
import type { StatementUnit } from '../model/classification.ts';
import type { BrokerError } from '../model/errors.ts';
import type { MessageFields } from './conversation.ts';
import type { Matter, Release } from './held.ts';
import type { Judgement } from './judgement.ts';
import type { Permit } from './permit.ts';
import type { SessionLog } from './session-log.ts';
import type { TicketPorts } from './ticket.ts';

/** What one conversation knows that others do not. */
export interface Scope {
  readonly names: {
    statement(name: string): StatementUnit | undefined;
    portal(name: string): StatementUnit | undefined;
  };
  /** Asked anew whenever it matters: another catalogue may have come since. */
  readonly searchPathUncertain: boolean;
  /** Judgements up to this serial number are not believed in this conversation any more. */
  readonly distrusted: number;
  /** The catalogue as the conversation sees it, while that may be another than everybody's. */
  readonly see?: () => Promise<Catalogue | undefined>;
}

/** The target's catalogue as the pipeline uses it. */
export interface CatalogueSource {
  readonly current: Catalogue;
  /** Something may have changed it since it was read. */
  readonly stale: boolean;
  markStale(): void;
  refresh(): Promise<void>;
}

export interface Spine {
  readonly log: SessionLog;
  /** Grows when policy or catalogue change; a judgement of another generation is made again. */
  readonly generation: number;
  /** How names without a schema were resolved where the catalogue was read last. */
  readonly naming: string | undefined;
  judge(text: string, scope: Scope): Judgement | Promise<Judgement>;
  /** The same judgement, or its twin decided for this moment where policy looks at the moment. */
  decideNow(judgement: Judgement, inTransaction: boolean): Judgement;
  nextStatement(): number;
  mint(statement: number): Permit;
  ticketPorts(settled: TicketPorts['settled']): TicketPorts;
  /** Asks people about an execution that policy asks about. `go` at once where they approved it for the whole session. */
  escalate(judgement: Judgement, matter: Omit<Matter, 'connection' | 'onChange'>): Release | Promise<Release>;
  /** The wording of a deny. */
  refusal(judgement: Judgement): BrokerError;
  /** True for units that run code able to rebind names: DO, or a function this session made. */
  rebinds(unit: StatementUnit): boolean;
  /** Serial number of the newest judgement. */
  readonly judgements: number;
  catalogueChanged(): void;
  /** How answers are masked was worked out before something that changes it ran: every text is judged again. */
  plansOutdated(): void;
  scrub(fields: MessageFields): MessageFields;
  scrubText(text: string): string;
  /** A client of this session said the payload itself. */
  said(payload: string): void;
  scrubPayload(text: string): string;
  scrubSetting(text: string): string;
}
