// The files a session is recorded to before it is sealed: names and line layout. Nothing here touches the disk.
import { canonical } from '../lib/canonical.ts';
import type { EventOrigin } from './event.ts';

/**
 * A segment is a file `events-<recorder>-<n>.jsonl` in the session's spool folder. Its first line is
 * `{"origin":{…},"segment":1}`; every further line is one event `{"data":{…},"time":"…","type":"…"}`, canonical JSON.
 * A last line without its line feed was never acknowledged.
 */
export const SEGMENT_NAME = /^events-(agent|worker|front)-(\d{1,6})\.jsonl$/;

/** A terminal recording in the spool folder: asciicast v2, one JSON value per line. */
export const TRANSCRIPT_NAME = /^[a-z0-9][a-z0-9-]{0,63}\.cast$/;

export function segmentName(recorder: EventOrigin['recorder'], number: number): string {
  return `events-${recorder}-${number}.jsonl`;
}

export function segmentHeader(origin: EventOrigin): string {
  return `${canonical({ origin, segment: 1 })}\n`;
}

/** The sealed line's constant parts: an event is head + data + between + time + type + tail, all canonical. */
export interface LineParts {
  readonly beforeSeq: string;
  readonly beforeTime: string;
  readonly tail: string;
}

export function lineParts(origin: EventOrigin): LineParts {
  return {
    beforeSeq: `,"recorder":${canonical(origin.recorder)},"seq":`,
    beforeTime: `,"session":${canonical(origin.session)},"source":${canonical(origin.source)},"time":"`,
    tail: `","where":${canonical(origin.where)},"who":${canonical(origin.who)}}`,
  };
}
