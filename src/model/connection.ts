// A named target a person may reach, as the configuration describes it once validated.

export type TlsMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

export interface TlsSettings {
  /** libpq's sslmode words and meanings. */
  readonly mode: TlsMode;
  /** Paths of PEM files. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface CredentialSettings {
  /** Row of the credentials shelf: `keychain`, `env`, `oidc`, `ephemeral-role`, `exec` … */
  readonly source: string;
  readonly [setting: string]: unknown;
}

export type MaskStrategy = 'redact' | 'partial' | 'hash' | 'null';
export type OnUnknown = 'mask' | 'deny' | 'pass';

export interface MaskingSettings {
  /** `schema.table.column` → data type. */
  readonly columns: Readonly<Record<string, string>>;
  /** Strategy per data type; `redact` where none is given. */
  readonly strategies: Readonly<Record<string, MaskStrategy>>;
  /** What happens to a value whose origin cannot be told. */
  readonly onUnknown: OnUnknown;
  /** Data types whose detectors run on this connection; all when absent. */
  readonly detectors?: readonly string[];
}

export interface RecordingSettings {
  /** Masked rows kept per answer; further rows are counted and digested. */
  readonly maxRows: number;
  /** Bytes of masked rows kept per answer. */
  readonly maxBytes: number;
  /** What is kept of calls of language models; digests when nothing is said. */
  readonly prompts?: 'digest' | 'text';
}

export interface Connection {
  readonly name: string;
  /** Row of the protocols shelf. */
  readonly type: string;
  /** `host:port`, or the path of a unix socket's folder. */
  readonly host: string;
  readonly port: number;
  /** Of a remote MCP server. */
  readonly url?: string;
  readonly database?: string;
  readonly tls: TlsSettings;
  readonly credential: CredentialSettings;
  readonly labels: readonly string[];
  readonly masking: MaskingSettings;
  readonly recording: RecordingSettings;
  readonly description?: string;
}
