// What detectors report and what a result's mask is, without saying how either is made.

/** A stretch of sensitive text. Offsets are UTF-16 indices into the scanned string, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly type: string;
}

/** Runs every enabled detector over a text; spans come sorted and do not overlap. */
export interface Scanner {
  scan(text: string): readonly Span[];
  /** Whether a name before a value, as in `pesel=…`, can tell a detector what the value is. */
  announces(name: string): boolean;
  /** Data types this scanner looks for. */
  readonly types: readonly string[];
}

/** A result column as the wire describes it. */
export interface Field {
  readonly name: string;
  /** 0 when the column does not come straight from a relation. */
  readonly tableOid: number;
  readonly attnum: number;
  readonly typeOid: number;
  /** 0 text, 1 binary. */
  readonly format: 0 | 1;
}

/**
 * Masks one value given as bytes [start, end) of a buffer. Returns the bytes to send instead, null for SQL NULL,
 * or undefined when the value may pass as it is. The returned bytes are valid only until the next call.
 */
export type CellMask = (buffer: Uint8Array, start: number, end: number) => Uint8Array | null | undefined;

/** How one result is masked. `cells[i]` is undefined where column i needs no look at all. */
export interface ResultMask {
  /** True when no column needs a look: rows may be forwarded as they are and only counted. */
  readonly untouched: boolean;
  readonly cells: readonly (CellMask | undefined)[];
}

/** Counts for the coverage record: per data type or column. */
export interface MaskingCounts {
  seen: number;
  lineage: number;
  content: number;
  unknown: number;
  /** Masked whole, or made NULL, because what holds the value cannot be taken apart or read. */
  unmaskable: number;
  /** Not looked at. */
  skipped: number;
  /** Cells by the reason why they were unmaskable or skipped. */
  readonly why: Map<CoverageReason, number>;
}

/**
 * `type`: holds neither text nor a long number. `revealed`: may be seen. `off`: no detector is on. `form`: a form that is not taken apart,
 * or a number. `depth`: wrapped deeper, or longer, than is read.
 */
export type CoverageReason = 'type' | 'revealed' | 'off' | 'form' | 'depth';
