// What the vendors of services publish about the shape of their keys and tokens. Data only; cloud-key.ts reads it.
import { from, type KeyFact } from './key-facts.ts';

export const SERVICE_KEY_FACTS: readonly KeyFact[] = [
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
];
