import path from "node:path";
import type { EnvironmentData } from "../../environments/schema.ts";
import type { Site } from "../servers/internet.ts";
import { albListener } from "../servers/load-balancer.ts";
import { loadBalancer } from "../servers/load-balancer-rules.ts";
import type { PostgresServer } from "../servers/postgres.ts";
import type { Applied } from "./applied.ts";
import type { Secrets } from "./aws.ts";
import { callByHttp, Functions } from "./functions.ts";
import { type Content, type Hasura, startHasuraStandIn } from "./hasura.ts";
import type { Machine } from "./machine.ts";
import { readSecret } from "./secrets.ts";
import { apiSite, contentSite, type FunctionCall, relay } from "./site-answers.ts";
import { forwardPort, type Listener, startSites } from "./sites.ts";
import { httpApis, lambdaFunctions, listenerRules, userPoolClients } from "./state.ts";
import type { UserPool } from "./user-pool.ts";
import type { StageInputs, StageOutputs } from "./values.ts";

export interface SurroundingsParts {
  readonly data: EnvironmentData;
  readonly inputs: StageInputs;
  readonly outputs: StageOutputs;
  /** The newest state: rules of the load balancer may change. */
  readonly applied: () => Applied;
  readonly machine: Machine;
  readonly pool: UserPool;
  readonly postgres: PostgresServer;
  readonly secrets: Secrets;
  /** URL of the AWS APIs. */
  readonly awsUrl: string;
  readonly content: ReadonlyMap<string, Content>;
  /** Intervals are divided by it. */
  readonly haste: number;
  /** URLs of a target group's targets that receive requests. */
  readonly targets: (groupArn: string) => readonly string[];
  readonly onForward: (...words: readonly string[]) => void;
}

export interface Surroundings {
  /** PEM file of the authority that signed the certificates of all sites. */
  readonly certificateFile: string;
  readonly siteNames: readonly string[];
  /** In the order of starting. */
  readonly stops: readonly (() => Promise<unknown>)[];
}

/** Starts what the tasks talk to: Hasura's stand-in, the functions, the load balancer and the sites outside the VPC. */
export async function startSurroundings(parts: SurroundingsParts): Promise<Surroundings> {
  const { data, inputs, machine, pool, postgres, content } = parts;
  const { network, folder } = machine;
  const apis = httpApis(parts.applied());
  let functions: Functions | undefined;
  const call: FunctionCall = (arn, headers, body) =>
    functions ? callByHttp(functions, arn, headers, body) : Promise.reject(new Error("no functions"));
  const hasura = await startHasura(parts, call);
  const hasuraUrl = new URL(inputs.hasura_endpoint);
  const endpoint = `http://127.0.0.1:${hasura.port}${hasuraUrl.pathname}`;
  functions = startFunctions(parts, endpoint);
  attachTriggers(parts, functions);

  const signInHost = `${inputs.cognito_domain}.auth.${data.region}.amazoncognito.com`;
  const answers: Record<string, Site> = {
    [data.serverName]: balancer(parts, signInHost, endpoint),
    [`cognito-idp.${data.region}.amazonaws.com`]: cognitoSite(pool, parts.awsUrl),
    [signInHost]: (request, response) => pool.hostedPages(request, response),
    [new URL(data.contentUrlTemplate).host]: contentSite(content),
    ...Object.fromEntries(apis.map(({ host, functionArn }) => [host, apiSite(functionArn, call)])),
  };
  const sites = await startSites(network.internetAddress, answers, path.join(folder, "sites"));
  const forwards: Listener[] = [
    await forwardPort(network.hostAddress, inputs.rds_port, postgres.port),
    await forwardPort(network.hostAddress, Number(hasuraUrl.port), hasura.port),
  ];
  return {
    certificateFile: sites.certificateFile,
    siteNames: Object.keys(answers),
    stops: [hasura.stop, async () => functions?.stop(), ...[sites, ...forwards].map(({ stop }) => stop)],
  };
}

async function startHasura(parts: SurroundingsParts, call: FunctionCall): Promise<Hasura> {
  const { inputs, outputs, pool, postgres, secrets, content, haste } = parts;
  const { hasura_event_trigger: trigger } = outputs;
  return startHasuraStandIn({
    database: await postgres.createDatabase(inputs.rds_database),
    adminSecret: await readSecret(secrets, inputs.hasura_admin_secret_arn),
    environment: trigger
      ? { [trigger.environment_variable]: await readSecret(secrets, trigger.secret_arn) }
      : {},
    content,
    isGenuine: (token) => pool.isGenuine(token),
    haste,
    deliver: async (url, headers, body) => {
      const api = httpApis(parts.applied()).find(({ host }) => host === new URL(url).host);
      if (!api) throw new Error(`there is no API ${url}`);
      return (await call(api.functionArn, headers, JSON.stringify(body))).statusCode;
    },
  });
}

function startFunctions(
  { applied, machine, postgres, awsUrl }: SurroundingsParts,
  hasuraEndpoint: string,
): Functions | undefined {
  if (lambdaFunctions(applied()).length === 0) return undefined;
  return new Functions(applied(), path.join(machine.folder, "functions"), {
    AWS_ENDPOINT_URL_SECRETS_MANAGER: awsUrl,
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: awsUrl,
    DATABASE_HOST: postgres.host,
    DATABASE_PORT: String(postgres.port),
    DATABASE_CA_FILE: postgres.caFile,
    HASURA_ENDPOINT: hasuraEndpoint,
    CONTENT_ENDPOINT: hasuraEndpoint,
  });
}

/** Lets the user pool call the functions that are its triggers. */
function attachTriggers(
  { applied, outputs, pool }: SurroundingsParts,
  functions: Functions | undefined,
): void {
  const { cognito_triggers: triggers } = outputs;
  const invoke = (arn: string | undefined, event: object) =>
    functions && arn ? functions.invoke(arn, event) : Promise.resolve(event);
  pool.attach(userPoolClients(applied()), {
    preTokenGeneration: (event) => invoke(triggers?.pre_token_generation, event),
    // A failing provisioner must not keep anybody from signing in before the migration ran.
    postAuthentication: (event) => invoke(triggers?.post_authentication, event),
  });
}

/** The load balancer's HTTPS listener. The platform's own rule leads to Hasura. */
function balancer(parts: SurroundingsParts, signInHost: string, hasuraEndpoint: string): Site {
  return albListener({
    balance: (request) => loadBalancer(listenerRules(parts.applied()))(request),
    host: parts.data.serverName,
    targets: parts.targets,
    urlOf: (target) => target,
    onForward: parts.onForward,
    signInPage: () => `https://${signInHost}/oauth2/authorize`,
    otherwise: (request, response) => {
      if (request.url !== parts.inputs.hasura_public_path) return void response.writeHead(404).end();
      void relay(new URL(hasuraEndpoint), request, response);
    },
  });
}

const cognitoSite =
  (pool: UserPool, awsUrl: string): Site =>
  async (request, response) => {
    if (request.url !== `/${pool.id}/.well-known/jwks.json`) return relay(new URL(awsUrl), request, response);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(pool.jwks));
  };
