// The exporters shelf: one row per format, loaded when first used.
import type { Exporter } from './exporter.ts';

export type * from './exporter.ts';

export const EXPORTERS: Readonly<Record<string, () => Promise<Exporter>>> = {
  bundle: async () => (await import('./bundle.ts')).bundleExporter,
  html: async () => (await import('./html/index.ts')).htmlExporter,
  oscal: async () => (await import('./oscal.ts')).oscalExporter,
  jsonl: async () => (await import('./jsonl.ts')).jsonlExporter,
  csv: async () => (await import('./csv.ts')).csvExporter,
  parquet: async () => (await import('./parquet.ts')).parquetExporter,
  cast: async () => (await import('./cast.ts')).castExporter,
  ocsf: async () => (await import('./ocsf.ts')).ocsfExporter,
  'cast-v3': async () => (await import('./cast.ts')).castV3Exporter,
};
