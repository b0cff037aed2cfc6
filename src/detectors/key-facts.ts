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

type Row = readonly [prefix: string, alphabet: Alphabet, fewest: number, most: number];

function from(vendor: string, source: string, rows: readonly Row[]): KeyFact[] {
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
    ['sq0atp-', 'base64url', 22, 22],
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
  ...from('AWS', 'https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html', [
    ['ABSK', 'base64', 109, 269],
    ['bedrock-api-key-', 'base64', 20, 2048],
  ]),
  ...from('Alibaba Cloud', 'https://www.alibabacloud.com/help/en/ram/user-guide/create-an-accesskey-pair', [
    ['LTAI', 'alphanumeric', 16, 26],
  ]),
  ...from('Tencent Cloud', 'https://www.tencentcloud.com/document/product/598/34227', [
    ['AKID', 'alphanumeric', 32, 32],
  ]),
  ...from('Cloudflare', 'https://developers.cloudflare.com/ssl/origin-configuration/origin-ca/', [
    ['v1.0-', 'dashedHex', 100, 180],
  ]),
  ...from('Heroku', 'https://devcenter.heroku.com/articles/oauth', [['HRKU-', 'base64url', 36, 66]]),
  ...from(
    'Red Hat OpenShift',
    'https://docs.openshift.com/container-platform/latest/authentication/configuring-internal-oauth.html',
    [['sha256~', 'base64url', 43, 43]],
  ),
  ...from('Hugging Face', 'https://huggingface.co/docs/hub/organizations-security', [
    ['api_org_', 'alphanumeric', 34, 34],
  ]),
  ...from('EasyPost', 'https://docs.easypost.com/docs/authentication', [
    ['EZAK', 'alphanumeric', 54, 54],
    ['EZTK', 'alphanumeric', 54, 54],
  ]),
  ...from('Shippo', 'https://docs.goshippo.com/docs/guides_general/authentication/', [
    ['shippo_live_', 'hex', 40, 40],
    ['shippo_test_', 'hex', 40, 40],
  ]),
  ...from('ClickHouse Cloud', 'https://clickhouse.com/docs/cloud/manage/openapi', [
    ['4b1d', 'alphanumeric', 38, 38],
  ]),
  ...from('Harness', 'https://developer.harness.io/docs/platform/automation/api/add-and-manage-api-keys/', [
    ['pat.', 'dotted', 60, 80],
    ['sat.', 'dotted', 60, 80],
  ]),
  ...from('Fly.io', 'https://fly.io/docs/security/tokens/', [
    ['fo1_', 'base64url', 43, 43],
    ['fm1r_', 'base64', 80, 2000],
    ['fm1a_', 'base64', 80, 2000],
  ]),
  ...from('Sourcegraph', 'https://sourcegraph.com/docs/cli/how-tos/creating_an_access_token', [
    ['sgp_', 'base64url', 40, 64],
  ]),
  ...from('Authress', 'https://authress.io/knowledge-base/docs/authorization/service-clients/', [
    ['sc_', 'dotted', 60, 300],
    ['ext_', 'dotted', 60, 300],
  ]),
  ...from('Clojars', 'https://github.com/clojars/clojars-web/wiki/Deploy-Tokens', [
    ['CLOJARS_', 'alphanumeric', 60, 60],
  ]),
  ...from(
    'Dynatrace',
    'https://docs.dynatrace.com/docs/manage/identity-access-management/access-tokens-and-oauth-clients/access-tokens',
    [
      ['dt0c01.', 'dotted', 89, 89],
      ['dt0s01.', 'dotted', 89, 89],
      ['dt0s16.', 'dotted', 60, 100],
    ],
  ),
  ...from('Duffel', 'https://duffel.com/docs/api/overview/authentication', [
    ['duffel_test_', 'base64', 43, 43],
    ['duffel_live_', 'base64', 43, 43],
  ]),
  ...from('Flutterwave', 'https://developer.flutterwave.com/docs/authentication', [
    ['FLWSECK_TEST-', 'base64url', 12, 40],
    ['FLWSECK-', 'base64url', 12, 40],
  ]),
  ...from('Frame.io', 'https://developer.frame.io/docs/getting-started/authentication', [
    ['fio-u-', 'base64', 64, 64],
  ]),
  ...from('GitLab', 'https://docs.gitlab.com/security/tokens/#token-prefixes', [
    ['GR1348941', 'base64url', 20, 20],
    ['glwt-', 'base64url', 20, 300],
    ['_gitlab_session=', 'hex', 32, 32],
  ]),
  ...from('Grafana', 'https://grafana.com/docs/grafana/latest/administration/api-keys/', [
    ['glc_', 'base64', 32, 400],
    ['eyJrIjoi', 'base64', 60, 400],
  ]),
  {
    vendor: 'Infracost',
    prefix: 'ico-',
    alphabet: 'alphanumeric',
    fewest: 32,
    most: 32,
    mixed: true,
    source: 'https://www.infracost.io/docs/features/cli_commands/',
  },
  ...from('Mapbox', 'https://docs.mapbox.com/help/getting-started/access-tokens/', [
    ['sk.eyJ', 'dotted', 60, 300],
    ['tk.eyJ', 'dotted', 60, 300],
  ]),
  ...from('New Relic', 'https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/', [
    ['NRII-', 'base64url', 32, 32],
    ['NRJS-', 'hex', 19, 19],
  ]),
  ...from('Netlify', 'https://docs.netlify.com/api/get-started/', [['nfp_', 'alphanumeric', 36, 36]]),
  ...from('Okta', 'https://developer.okta.com/docs/guides/create-an-api-token/', [
    ['SSWS ', 'base64url', 42, 42],
  ]),
  ...from('Plaid', 'https://plaid.com/docs/api/tokens/', [
    ['access-sandbox-', 'dashedHex', 36, 36],
    ['access-development-', 'dashedHex', 36, 36],
    ['access-production-', 'dashedHex', 36, 36],
  ]),
  ...from('Prefect', 'https://docs.prefect.io/cloud/manage-users/api-keys', [
    ['pnu_', 'alphanumeric', 36, 36],
    ['pnb_', 'alphanumeric', 36, 36],
  ]),
  ...from('ReadMe', 'https://docs.readme.com/main/reference/authentication', [
    ['rdme_', 'alphanumeric', 70, 70],
  ]),
  ...from('Scalingo', 'https://developers.scalingo.com/tokens', [['tk-us-', 'base64url', 48, 48]]),
  ...from(
    'SettleMint',
    'https://console.settlemint.com/documentation/platform-components/security-and-authentication/personal-access-tokens',
    [
      ['sm_aat_', 'alphanumeric', 16, 16],
      ['sm_pat_', 'alphanumeric', 16, 16],
      ['sm_sat_', 'alphanumeric', 16, 16],
    ],
  ),
  ...from('Square', 'https://developer.squareup.com/docs/build-basics/access-tokens', [
    ['EAAA', 'base64url', 60, 60],
  ]),
  ...from('Stripe', 'https://docs.stripe.com/keys', [
    ['sk_prod_', 'alphanumeric', 10, 255],
    ['rk_prod_', 'alphanumeric', 10, 255],
    ['sk_org_', 'alphanumeric', 16, 255],
  ]),
  ...from('Twilio', 'https://www.twilio.com/docs/iam/api-keys', [['SK', 'hex', 32, 32]]),
  ...from('Meta', 'https://developers.facebook.com/docs/facebook-login/guides/access-tokens/', [
    ['EAACEdEose0cBA', 'alphanumeric', 20, 300],
    ['EAAM', 'alphanumeric', 80, 300],
    ['EAAC', 'alphanumeric', 80, 300],
    ['EAAB', 'alphanumeric', 80, 300],
    ['IGQV', 'alphanumeric', 80, 300],
  ]),
  ...from('X', 'https://developer.x.com/en/docs/authentication/oauth-2-0/bearer-tokens', [
    ['AAAAAAAAAAAAAAAAAAAAA', 'percent', 60, 140],
  ]),
  ...from('Typeform', 'https://www.typeform.com/developers/get-started/personal-access-token/', [
    ['tfp_', 'dotted', 40, 90],
  ]),
  ...from('Yandex Cloud', 'https://yandex.cloud/en/docs/iam/concepts/authorization/', [
    ['AQVN', 'base64url', 35, 38],
    ['YCAJ', 'base64url', 21, 21],
    ['YCM', 'base64url', 35, 38],
  ]),
  ...from('Defined Networking', 'https://docs.defined.net/guides/automating-host-creation/', [
    ['dnkey-', 'base64url', 79, 79],
  ]),
  ...from('Airtable', 'https://airtable.com/developers/web/guides/personal-access-tokens', [
    ['pat', 'dotted', 79, 79],
  ]),
  ...from(
    'Artifactory',
    'https://jfrog.com/help/r/jfrog-platform-administration-documentation/access-tokens',
    [
      ['AKCp', 'alphanumeric', 60, 72],
      ['cmVmd', 'alphanumeric', 59, 59],
    ],
  ),
  ...from('Slack', 'https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks', [
    ['hooks.slack.com/workflows/', 'base64', 40, 80],
    ['hooks.slack.com/triggers/', 'base64', 40, 80],
  ]),
  ...from('Discord', 'https://discord.com/developers/docs/resources/webhook', [
    ['discord.com/api/webhooks/', 'base64', 70, 110],
    ['discordapp.com/api/webhooks/', 'base64', 70, 110],
  ]),
  ...from('Zapier', 'https://zapier.com/help/create/code-webhooks', [
    ['hooks.zapier.com/hooks/catch/', 'base64', 10, 60],
  ]),
  ...from('SonarQube', 'https://docs.sonarsource.com/sonarqube-server/user-guide/managing-tokens/', [
    ['squ_', 'hex', 40, 40],
    ['sqp_', 'hex', 40, 40],
    ['sqa_', 'hex', 40, 40],
  ]),
  ...from('Buildkite', 'https://buildkite.com/docs/apis/managing-api-tokens', [['bkua_', 'hex', 40, 40]]),
  ...from('CircleCI', 'https://circleci.com/docs/managing-api-tokens/', [
    ['CCIPAT_', 'base64url', 40, 80],
    ['CCIPRJ_', 'base64url', 40, 80],
  ]),
  ...from('Contentful', 'https://www.contentful.com/developers/docs/references/authentication/', [
    ['CFPAT-', 'base64url', 43, 43],
  ]),
  ...from(
    'HashiCorp Terraform',
    'https://developer.hashicorp.com/terraform/cloud-docs/users-teams-organizations/api-tokens',
    [['ATLSV1-', 'base64', 60, 80]],
  ),
  ...from(
    'HubSpot',
    'https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/overview',
    [
      ['pat-na1-', 'dashedHex', 36, 36],
      ['pat-eu1-', 'dashedHex', 36, 36],
    ],
  ),
  ...from('Intra 42', 'https://api.intra.42.fr/apidoc/guides/getting_started', [
    ['s-s4t2ud-', 'hex', 64, 64],
    ['s-s4t2af-', 'hex', 64, 64],
  ]),
  ...from('LaunchDarkly', 'https://launchdarkly.com/docs/home/account/api', [
    ['sdk-', 'dashedHex', 36, 36],
    ['api-', 'dashedHex', 36, 36],
  ]),
  ...from('MongoDB Atlas', 'https://www.mongodb.com/docs/atlas/configure-api-access/', [
    ['mdb_sa_sk_', 'base64url', 40, 60],
  ]),
  ...from('Neon', 'https://neon.com/docs/manage/api-keys', [['napi_', 'alphanumeric', 60, 70]]),
  ...from('Octopus Deploy', 'https://octopus.com/docs/octopus-rest-api/how-to-create-an-api-key', [
    ['API-', 'upper', 26, 30],
  ]),
  ...from(
    'PayPal Braintree',
    'https://developer.paypal.com/braintree/articles/control-panel/important-gateway-credentials',
    [
      ['access_token$production$', 'dollar', 40, 60],
      ['access_token$sandbox$', 'dollar', 40, 60],
    ],
  ),
  ...from('Pinecone', 'https://docs.pinecone.io/guides/projects/manage-api-keys', [
    ['pcsk_', 'base64url', 60, 80],
  ]),
  ...from('Sentry', 'https://docs.sentry.io/account/auth-tokens/', [['sntrya_', 'hex', 64, 64]]),
  ...from('Snyk', 'https://docs.snyk.io/snyk-api/authentication-for-api', [['snyk_uat.', 'dotted', 40, 120]]),
  ...from('Trello', 'https://developer.atlassian.com/cloud/trello/guides/rest-api/api-introduction/', [
    ['ATTA', 'hex', 72, 72],
  ]),
  ...from('age', 'https://github.com/C2SP/C2SP/blob/main/age.md', [['AGE-SECRET-KEY-1', 'upper', 58, 58]]),
];
