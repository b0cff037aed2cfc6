// What the vendors publish about the shape of their keys and tokens. Data only; cloud-key.ts reads it.

/** Which characters follow the prefix: letters and digits, lower-case hex, base64url, base32 of AWS, upper case and digits. */
export type Alphabet =
  | 'alphanumeric'
  | 'hex'
  | 'base64url'
  | 'base32'
  | 'upper'
  | 'dotted'
  | 'base64'
  | 'dashedHex'
  | 'percent'
  | 'dollar';

export interface KeyFact {
  readonly vendor: string;
  readonly prefix: string;
  readonly alphabet: Alphabet;
  /** Fewest and most characters after the prefix. */
  readonly fewest: number;
  readonly most: number;
  /** Prefixes that are also ordinary text need letters and digits mixed as chance mixes them. */
  readonly mixed?: boolean;
  /** Where the vendor says so. */
  readonly source: string;
}

type KeyRow = readonly [prefix: string, alphabet: Alphabet, fewest: number, most: number];

export function from(vendor: string, source: string, rows: readonly KeyRow[]): KeyFact[] {
  return rows.map(([prefix, alphabet, fewest, most]) => ({ vendor, prefix, alphabet, fewest, most, source }));
}

export const KEY_FACTS: readonly KeyFact[] = [
  ...from('AWS', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html', [
    ['AKIA', 'base32', 16, 16],
    ['ASIA', 'base32', 16, 16],
    ['ABIA', 'base32', 16, 16],
    ['ACCA', 'base32', 16, 16],
  ]),
  ...from('Google', 'https://cloud.google.com/docs/authentication/api-keys', [['AIza', 'base64url', 35, 35]]),
  ...from('Google', 'https://developers.google.com/identity/protocols/oauth2', [
    ['GOCSPX-', 'base64url', 28, 28],
    ['ya29.', 'base64url', 20, 2048],
  ]),
  ...from('Azure', 'https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string', [
    ['AccountKey=', 'base64', 40, 100],
    ['SharedAccessKey=', 'base64', 40, 100],
  ]),
  ...from(
    'GitHub',
    'https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github',
    [
      ['ghp_', 'alphanumeric', 36, 255],
      ['gho_', 'alphanumeric', 36, 255],
      ['ghu_', 'alphanumeric', 36, 255],
      ['ghs_', 'alphanumeric', 36, 255],
      ['ghr_', 'alphanumeric', 36, 255],
      ['github_pat_', 'base64url', 82, 255],
    ],
  ),
  ...from('GitLab', 'https://docs.gitlab.com/security/tokens/#token-prefixes', [
    ['glpat-', 'dotted', 20, 300],
    ['_gitlab_session=', 'hex', 32, 32],
    ['gloas-', 'base64url', 20, 300],
    ['gldt-', 'base64url', 20, 300],
    ['glrt-', 'dotted', 20, 300],
    ['glcbt-', 'base64url', 20, 300],
    ['glptt-', 'base64url', 20, 300],
    ['glft-', 'base64url', 20, 300],
    ['glimt-', 'base64url', 20, 300],
    ['glagent-', 'base64url', 20, 300],
    ['glsoat-', 'base64url', 20, 300],
    ['glffct-', 'base64url', 20, 300],
  ]),
  ...from('Slack', 'https://docs.slack.dev/authentication/tokens', [
    ['xoxb-', 'base64url', 20, 255],
    ['xoxp-', 'base64url', 20, 255],
    ['xoxa-', 'base64url', 20, 255],
    ['xoxr-', 'base64url', 20, 255],
    ['xoxs-', 'base64url', 20, 255],
    ['xoxc-', 'base64url', 20, 255],
    ['xoxd-', 'base64url', 20, 255],
    ['xoxe-', 'base64url', 20, 255],
    ['xoxe.xoxb-', 'base64url', 20, 255],
    ['xoxe.xoxp-', 'base64url', 20, 255],
    ['xapp-', 'base64url', 20, 255],
  ]),
  ...from('Slack', 'https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks', [
    ['hooks.slack.com/services/', 'base64', 40, 80],
  ]),
  ...from('Stripe', 'https://docs.stripe.com/keys', [
    ['sk_live_', 'alphanumeric', 16, 255],
    ['sk_test_', 'alphanumeric', 16, 255],
    ['rk_live_', 'alphanumeric', 16, 255],
    ['rk_test_', 'alphanumeric', 16, 255],
    ['whsec_', 'base64', 24, 100],
  ]),
  ...from('npm', 'https://docs.npmjs.com/about-access-tokens', [['npm_', 'alphanumeric', 36, 36]]),
  ...from('PyPI', 'https://pypi.org/help/#apitoken', [['pypi-AgE', 'base64url', 50, 1000]]),
  ...from('RubyGems', 'https://guides.rubygems.org/api-key-scopes/', [['rubygems_', 'hex', 48, 48]]),
  ...from('Docker', 'https://docs.docker.com/security/access-tokens/', [
    ['dckr_pat_', 'base64url', 27, 40],
    ['dckr_oat_', 'base64url', 27, 40],
  ]),
  ...from('SendGrid', 'https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys', [
    ['SG.', 'dotted', 66, 66],
  ]),
  ...from('OpenAI', 'https://platform.openai.com/docs/api-reference/authentication', [
    ['sk-proj-', 'base64url', 40, 255],
    ['sk-svcacct-', 'base64url', 40, 255],
    ['sk-admin-', 'base64url', 40, 255],
  ]),
  {
    vendor: 'OpenAI',
    prefix: 'sk-',
    alphabet: 'base64url',
    fewest: 32,
    most: 255,
    mixed: true,
    source: 'https://platform.openai.com/docs/api-reference/authentication',
  },
  ...from('Anthropic', 'https://docs.anthropic.com/en/api/overview', [['sk-ant-', 'base64url', 32, 255]]),
  ...from('OpenRouter', 'https://openrouter.ai/docs/api-reference/authentication', [
    ['sk-or-v1-', 'hex', 64, 64],
  ]),
  ...from('Groq', 'https://console.groq.com/docs/quickstart', [['gsk_', 'alphanumeric', 48, 64]]),
  ...from('xAI', 'https://docs.x.ai/docs/overview', [['xai-', 'alphanumeric', 70, 100]]),
  ...from('Perplexity', 'https://docs.perplexity.ai/guides/getting-started', [
    ['pplx-', 'alphanumeric', 40, 64],
  ]),
  ...from('Hugging Face', 'https://huggingface.co/docs/hub/security-tokens', [
    ['hf_', 'alphanumeric', 34, 40],
  ]),
  ...from('Replicate', 'https://replicate.com/docs/topics/security/api-tokens', [
    ['r8_', 'alphanumeric', 37, 40],
  ]),
  ...from('DigitalOcean', 'https://docs.digitalocean.com/reference/api/create-personal-access-token/', [
    ['dop_v1_', 'hex', 64, 64],
    ['doo_v1_', 'hex', 64, 64],
    ['dor_v1_', 'hex', 64, 64],
  ]),
  ...from('Shopify', 'https://shopify.dev/docs/apps/build/authentication-authorization', [
    ['shpat_', 'alphanumeric', 32, 64],
    ['shpca_', 'alphanumeric', 32, 64],
    ['shppa_', 'alphanumeric', 32, 64],
    ['shpss_', 'alphanumeric', 32, 64],
  ]),
  ...from('HashiCorp Vault', 'https://developer.hashicorp.com/vault/docs/concepts/tokens', [
    ['hvs.', 'base64url', 20, 300],
    ['hvb.', 'base64url', 20, 300],
    ['hvr.', 'base64url', 20, 300],
  ]),
  ...from('Databricks', 'https://docs.databricks.com/dev-tools/auth/pat.html', [['dapi', 'hex', 32, 36]]),
  ...from('Doppler', 'https://docs.doppler.com/reference/auth-token-formats', [
    ['dp.pt.', 'alphanumeric', 40, 44],
    ['dp.st.', 'dotted', 40, 100],
    ['dp.ct.', 'alphanumeric', 40, 44],
    ['dp.sa.', 'alphanumeric', 40, 44],
  ]),
  ...from('Linear', 'https://linear.app/developers/graphql', [['lin_api_', 'alphanumeric', 40, 40]]),
  ...from('Notion', 'https://developers.notion.com/docs/authorization', [['ntn_', 'alphanumeric', 40, 50]]),
  ...from('Postman', 'https://learning.postman.com/docs/developer/postman-api/authentication/', [
    ['PMAK-', 'base64url', 59, 59],
  ]),
  ...from('Grafana', 'https://grafana.com/docs/grafana/latest/administration/service-accounts/', [
    ['glsa_', 'base64url', 41, 41],
    ['glc_eyJ', 'base64', 40, 400],
  ]),
  ...from('New Relic', 'https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/', [
    ['NRAK-', 'upper', 27, 27],
  ]),
  ...from('Sentry', 'https://docs.sentry.io/account/auth-tokens/', [
    ['sntrys_', 'base64', 60, 500],
    ['sntryu_', 'hex', 64, 64],
  ]),
  ...from('PlanetScale', 'https://planetscale.com/docs/concepts/service-tokens', [
    ['pscale_tkn_', 'base64url', 32, 64],
    ['pscale_pw_', 'base64url', 32, 64],
    ['pscale_oauth_', 'base64url', 32, 64],
  ]),
  ...from('Pulumi', 'https://www.pulumi.com/docs/pulumi-cloud/access-management/access-tokens/', [
    ['pul-', 'hex', 40, 40],
  ]),
  ...from('Supabase', 'https://supabase.com/docs/guides/api/api-keys', [
    ['sbp_', 'hex', 40, 40],
    ['sb_secret_', 'base64url', 20, 64],
  ]),
  ...from('Figma', 'https://www.figma.com/developers/api#access-tokens', [['figd_', 'base64url', 40, 48]]),
  ...from('Fly.io', 'https://fly.io/docs/security/tokens/', [['fm2_', 'base64', 80, 2000]]),
  ...from(
    'Atlassian',
    'https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/',
    [
      ['ATATT3', 'base64', 150, 300],
      ['ATCTT3', 'base64', 150, 300],
    ],
  ),
  ...from('Square', 'https://developer.squareup.com/docs/build-basics/access-tokens', [
    ['sq0atp-', 'base64url', 22, 60],
    ['sq0csp-', 'base64url', 43, 43],
  ]),
  ...from('1Password', 'https://developer.1password.com/docs/service-accounts/', [
    ['ops_eyJ', 'base64url', 200, 1500],
  ]),
  ...from('Tailscale', 'https://tailscale.com/kb/1277/key-prefixes', [
    ['tskey-auth-', 'base64url', 20, 100],
    ['tskey-api-', 'base64url', 20, 100],
    ['tskey-client-', 'base64url', 20, 100],
  ]),
  ...from('Brevo', 'https://developers.brevo.com/docs/getting-started', [['xkeysib-', 'base64url', 81, 81]]),
  ...from('Mailgun', 'https://documentation.mailgun.com/docs/mailgun/user-manual/api-key-mgmt/', [
    ['key-', 'hex', 32, 32],
  ]),
  ...from('age', 'https://github.com/C2SP/C2SP/blob/main/age.md', [['AGE-SECRET-KEY-1', 'upper', 58, 58]]),
];
