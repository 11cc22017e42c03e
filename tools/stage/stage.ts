import { execFile } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { chmodSync, chownSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
  CreateGroupCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import * as z from "zod";
import type { EnvironmentData } from "../../environments/schema.ts";
import type { Engine } from "../images/engine.ts";
import type { AwsServer } from "../servers/aws-api.ts";
import type { Site } from "../servers/internet.ts";
import { albListener } from "../servers/load-balancer.ts";
import { loadBalancer } from "../servers/load-balancer-rules.ts";
import { startMoto } from "../servers/moto.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { stopAll } from "../servers/program.ts";
import { type Applied, exampleVariables, OfflineApply, type Variables } from "./applied.ts";
import { Images } from "./available-images.ts";
import { credentials, Secrets, startAwsEndpoint } from "./aws.ts";
import { ecsAnswers, type OneShot, xmlAnswers } from "./ecs-api.ts";
import { callByHttp, Functions } from "./functions.ts";
import { type Content, startHasuraStandIn } from "./hasura.ts";
import { type Machine, takeMachine } from "./machine.ts";
import { readSecret } from "./secrets.ts";
import { Service } from "./service.ts";
import { apiSite, contentSite, type FunctionCall, relay } from "./site-answers.ts";
import { forwardPort, startSites } from "./sites.ts";
import {
  accessPoints,
  discoveryNames,
  httpApis,
  lambdaFunctions,
  listenerRules,
  services,
  targetGroups,
  userPoolClients,
} from "./state.ts";
import { TargetGroup } from "./target-group.ts";
import { type AccessPoint, Task, type TaskHost } from "./task.ts";
import { parseTaskDefinition, type TaskDefinition } from "./task-definition.ts";
import { UserPool } from "./user-pool.ts";

/** Intervals of health checks and deregistration delays are divided by it, so that a stage is ready soon. */
export const HASTE = 6;
const ACCOUNT = "123456789012";
const CA_FILE = "/etc/phenom-stage/ca.pem";
const GROUPS = ["internal", "partners", "agent", "support", "admin"];

/** People of every stage. */
export interface Person {
  readonly username: string;
  readonly password: string;
  readonly groups: readonly string[];
}

const inputs = z.object({
  rds_endpoint: z.string(),
  rds_port: z.number(),
  rds_database: z.string(),
  rds_instance_identifier: z.string(),
  rds_master_secret_arn: z.string(),
  cognito_domain: z.string(),
  hasura_endpoint: z.string(),
  hasura_admin_secret_arn: z.string(),
  hasura_public_path: z.string(),
  agent_secret_arn: z.string(),
  ecs_cluster_name: z.string(),
});
const outputs = z.object({
  services: z.record(z.string(), z.object({ name: z.string() })),
  one_shot_tasks: z.record(z.string(), z.object({ family: z.string() })),
  hasura_event_trigger: z
    .object({ environment_variable: z.string(), secret_arn: z.string(), webhook_url: z.string() })
    .nullish(),
  cognito_triggers: z.object({ post_authentication: z.string(), pre_token_generation: z.string() }).nullish(),
});

export interface StageOptions {
  readonly engine: Engine;
  /** Is told what happens. */
  readonly report?: (line: string) => void;
  readonly people?: readonly Person[];
  /** Content of the Phenom backend by id. */
  readonly content?: ReadonlyMap<string, Content>;
}

/** A one-shot task that ended. */
export interface TaskResult {
  readonly code: number;
  readonly lines: readonly string[];
}

/** An environment on this machine, from its synthesised Terraform. */
export class Stage {
  readonly data: EnvironmentData;
  readonly machine: Machine;
  readonly images: Images;
  readonly people: readonly Person[];
  readonly services = new Map<string, Service>();
  readonly targetGroups = new Map<string, TargetGroup>();
  /** Requests that the load balancer forwarded: `<target> <method> <path>`. */
  readonly forwarded: string[] = [];
  readonly #options: StageOptions;
  readonly #stops: (() => Promise<unknown>)[] = [];
  readonly #definitions = new Map<string, TaskDefinition>();
  readonly #discovered = new Map<string, readonly string[]>();
  readonly #inputs: z.infer<typeof inputs>;
  #variables: Variables;
  #applied!: Applied;
  #apply!: OfflineApply;
  #secrets!: Secrets;
  #host!: TaskHost;
  #aws!: AwsServer;
  #certificateFile = "";
  #siteNames: readonly string[] = [];

  private constructor(data: EnvironmentData, machine: Machine, options: StageOptions) {
    this.data = data;
    this.machine = machine;
    this.images = new Images(options.engine);
    this.#options = options;
    this.#variables = exampleVariables(data);
    this.#inputs = inputs.parse(this.#variables);
    const password = () => `${randomBytes(9).toString("base64url")}-Aa1`;
    this.people = options.people ?? [
      { username: "ann", password: password(), groups: ["internal"] },
      { username: "agent", password: password(), groups: ["admin", "internal", "partners"] },
    ];
  }

  /**
   * Starts everything around the tasks: databases, AWS, the load balancer. No task runs yet.
   *
   * @throws Problem or Error; nothing is left behind then
   */
  static async prepare(data: EnvironmentData, options: StageOptions): Promise<Stage> {
    const machine = takeMachine();
    // Servers keep their files there, and --down knows them by it.
    process.env["TMPDIR"] = machine.folder;
    const stage = new Stage(data, machine, options);
    try {
      await stage.#prepare();
      return stage;
    } catch (error) {
      await stage.stop();
      throw error;
    }
  }

  /** Runs the tasks and services in the order of the first day. @throws Error with the log of what failed */
  async firstDay(): Promise<void> {
    const { one_shot_tasks, services: wanted } = this.outputs;
    const run = async (name: string) => {
      if (!(name in one_shot_tasks)) return;
      const { code, lines } = await this.#timed(`task ${name}`, () => this.runTask(name));
      if (code !== 0) throw new Error(`task ${name} exited with ${code}:\n${lines.join("\n")}`);
    };
    const start = (...names: readonly string[]) =>
      Promise.all(
        names
          .filter((name) => name in wanted)
          .map((name) => this.#timed(`service ${name}`, () => this.startService(name))),
      );
    await run("database_setup");
    await start("synapse", "synapse_admin");
    await run("bootstrap");
    await run("migration");
    await run("metadata");
    await start("mcp");
  }

  get outputs(): z.infer<typeof outputs> {
    return outputs.parse(this.#applied.outputs);
  }

  get applied(): Applied {
    return this.#applied;
  }

  get secrets(): Secrets {
    return this.#secrets;
  }

  /** URL of the AWS APIs, for programs of this machine. */
  get awsUrl(): string {
    return this.#aws.url;
  }

  /** PEM file of the authority that signed the certificates of all sites. */
  get certificateFile(): string {
    return this.#certificateFile;
  }

  get host(): TaskHost {
    return this.#host;
  }

  /** A service by its name in the outputs. */
  service(name: string): Service {
    const service = this.services.get(this.outputs.services[name]?.name ?? "");
    if (!service) throw new Error(`there is no service ${name}`);
    return service;
  }

  /** Runs a one-shot task by its name in the outputs to its end. */
  async runTask(name: string): Promise<TaskResult> {
    const family = this.outputs.one_shot_tasks[name]?.family;
    const definition = [...this.#definitions.values()].findLast((each) => each.family === family);
    if (!definition) throw new Error(`there is no one-shot task ${name}`);
    const { task, result } = await this.#oneShot(definition, {});
    const { code } = await result;
    return { code, lines: task.definition.containers.flatMap((each) => task.container(each.name).lines) };
  }

  async startService(name: string): Promise<void> {
    const service = this.service(name);
    service.deploy(service.definition.task_definition);
    await service.untilStable();
  }

  /** Applies a changed environment: new task definitions are deployed, as ECS does on Terraform's UpdateService. */
  async apply(data: EnvironmentData, variables: Variables = {}): Promise<void> {
    this.#variables = { ...this.#variables, ...variables };
    this.#applied = await this.#apply.apply(data, this.#variables);
    await this.#takeState();
    for (const definition of services(this.#applied)) {
      const service = this.services.get(definition.name);
      if (!service || service.deployments.length === 0) continue;
      service.desiredCount = definition.desired_count;
      if (service.primary.definition.arn !== definition.task_definition)
        service.deploy(definition.task_definition);
    }
  }

  /** `npm run ops`, with this stage as its AWS account and its names resolved. */
  async ops(verb: string, ...options: readonly string[]): Promise<{ code: number; output: string }> {
    const outputsFile = path.join(this.machine.folder, "outputs.json");
    const wrapped = Object.entries(this.#applied.outputs).map(([name, value]) => [name, { value }]);
    writeFileSync(outputsFile, JSON.stringify(Object.fromEntries(wrapped)), { mode: 0o600 });
    return this.inside([
      ...[process.execPath, "tools/run.mjs", "tools/ops/main.ts", verb, this.data.environment],
      ...["--outputs", outputsFile, "--poll", "1", ...options],
    ]);
  }

  /** Runs a program of this machine that resolves the stage's names and trusts its certificates. */
  async inside(
    command: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<{ code: number; output: string }> {
    const script = 'mount --bind "$0" /etc/hosts && exec "$@"';
    const args = ["--mount", "--propagation", "private", "sh", "-c", script, this.#hostsFile, ...command];
    const env = {
      ...process.env,
      AWS_ENDPOINT_URL: this.awsUrl,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      NODE_EXTRA_CA_CERTS: this.#certificateFile,
      SSL_CERT_FILE: this.#certificateFile,
      ...environment,
    };
    const options = { env, maxBuffer: 1 << 26 };
    return promisify(execFile)("unshare", args, options).then(
      ({ stdout, stderr }) => ({ code: 0, output: stderr + stdout }),
      (error: unknown) => {
        const failed = z
          .object({ code: z.number(), stdout: z.string(), stderr: z.string() })
          .safeParse(error);
        if (!failed.success) throw error;
        return { code: failed.data.code, output: failed.data.stderr + failed.data.stdout };
      },
    );
  }

  /** What to try, for a person at this machine. */
  addresses(): string[] {
    const { serverName } = this.data;
    const { internetAddress } = this.machine.network;
    return [
      `MCP endpoint       https://${serverName}/mcp`,
      `Matrix homeserver  https://${serverName}`,
      `Admin UI           https://${serverName}/chat-admin/`,
      `They answer at ${internetAddress}: curl --cacert ${this.#certificateFile} --resolve ${serverName}:443:${internetAddress} https://${serverName}/mcp/health`,
      ...this.people.map(
        ({ username, password, groups }) =>
          `Account            ${username}, password ${password}, groups ${groups.join(", ")}`,
      ),
    ];
  }

  async stop(): Promise<void> {
    await stopAll(this.#stops);
    delete process.env["TMPDIR"];
    this.machine.remove();
  }

  get #hostsFile(): string {
    return path.join(this.machine.folder, "hosts");
  }

  async #prepare(): Promise<void> {
    const { folder } = this.machine;
    const { region } = this.data;
    this.#writeHosts();
    const [moto, postgres] = await Promise.all([startMoto(), startPostgres()]);
    this.#stops.push(moto.stop, postgres.stop);
    const cognito = new CognitoIdentityProviderClient({ endpoint: moto.url, region, credentials });
    const pool = await UserPool.create(cognito, region);
    await this.#makePeople(cognito, pool.id);
    this.#secrets = new Secrets(moto.url, region);
    this.#aws = await startAwsEndpoint(moto.url, this.#secrets, pool);
    this.#stops.push(this.#aws.stop);
    this.#variables = {
      ...this.#variables,
      cognito_user_pool_id: pool.id,
      cognito_user_pool_arn: `arn:aws:cognito-idp:${region}:${ACCOUNT}:userpool/${pool.id}`,
    };
    await this.#writeSecrets(postgres);
    this.#apply = new OfflineApply(folder);
    this.#stops.push(() => this.#apply.stop());
    this.#applied = await this.#timed("terraform", () => this.#apply.apply(this.data, this.#variables));
    this.#host = this.#taskHost(folder);
    await this.#takeState();
    await this.#startFunctionsAndSites(pool, postgres);
    this.#answerOps();
  }

  /** What an apply changed: secrets, task definitions, services, target groups. */
  async #takeState(): Promise<void> {
    for (const version of this.#applied.secrets) await this.#secrets.put(version);
    for (const values of this.#applied.resources("aws_ecs_task_definition")) {
      const definition = parseTaskDefinition(values);
      this.#definitions.set(definition.arn, definition);
    }
    for (const group of targetGroups(this.#applied))
      if (!this.targetGroups.has(group.arn)) this.targetGroups.set(group.arn, new TargetGroup(group, HASTE));
    for (const definition of services(this.#applied)) {
      if (this.services.has(definition.name)) continue;
      const service = new Service(definition, {
        host: this.#host,
        definitionOf: (arn) => this.#definitionOf(arn),
        targetGroup: (arn) => this.#targetGroup(arn),
        discover: (registry, addresses) => {
          this.#discovered.set(registry, addresses);
          this.#writeHosts();
        },
      });
      this.services.set(definition.name, service);
      this.#stops.push(() => service.stop());
    }
  }

  #definitionOf(arn: string): TaskDefinition {
    const definition = this.#definitions.get(arn);
    if (!definition) throw new Error(`there is no task definition ${arn}`);
    return definition;
  }

  #targetGroup(arn: string): TargetGroup {
    const group = this.targetGroups.get(arn);
    if (!group) throw new Error(`there is no target group ${arn}`);
    return group;
  }

  #taskHost(folder: string): TaskHost {
    return {
      machine: this.machine,
      haste: HASTE,
      files: [
        { source: this.#hostsFile, destination: "/etc/hosts", readOnly: true },
        { source: path.join(folder, "sites", "tls.crt"), destination: CA_FILE, readOnly: true },
      ],
      environment: ({ hasTaskRole }) => ({
        NODE_EXTRA_CA_CERTS: CA_FILE,
        SSL_CERT_FILE: CA_FILE,
        ...(hasTaskRole && {
          AWS_ACCESS_KEY_ID: credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        }),
      }),
      image: this.images.open,
      secret: (valueFrom) => readSecret(this.#secrets, valueFrom),
      accessPoint: (id) => this.#accessPoint(id, path.join(folder, "efs")),
    };
  }

  /** Makes the root directory of an access point as EFS does: only where it is missing. */
  #accessPoint(id: string, folder: string): AccessPoint {
    const found = accessPoints(this.#applied).find((each) => each.id === id);
    if (!found) throw new Error(`there is no access point ${id}`);
    const { path: root, creation_info } = found.root_directory;
    const directory = path.join(folder, root);
    if (!existsSync(directory)) {
      mkdirSync(directory, { recursive: true });
      chownSync(directory, creation_info.owner_uid, creation_info.owner_gid);
      chmodSync(directory, Number.parseInt(creation_info.permissions, 8));
    }
    return { folder: directory, posixUser: found.posix_user };
  }

  async #makePeople(cognito: CognitoIdentityProviderClient, UserPoolId: string): Promise<void> {
    for (const GroupName of GROUPS) await cognito.send(new CreateGroupCommand({ UserPoolId, GroupName }));
    for (const { username: Username, password: Password, groups } of this.people) {
      const user = { UserPoolId, Username };
      const UserAttributes = [
        { Name: "email", Value: `${Username}@example.org` },
        { Name: "email_verified", Value: "true" },
      ];
      await cognito.send(new AdminCreateUserCommand({ ...user, UserAttributes, MessageAction: "SUPPRESS" }));
      await cognito.send(new AdminSetUserPasswordCommand({ ...user, Password, Permanent: true }));
      for (const GroupName of groups)
        await cognito.send(new AdminAddUserToGroupCommand({ ...user, GroupName }));
    }
  }

  /** The secrets of whoever owns database, Hasura and accounts. */
  async #writeSecrets(postgres: PostgresServer): Promise<void> {
    const { rds_master_secret_arn, hasura_admin_secret_arn, agent_secret_arn } = this.#inputs;
    const { user, password } = postgres.master;
    const agent = this.people.find(({ username }) => username === "agent");
    const values: readonly [arn: string, value: string][] = [
      [rds_master_secret_arn, JSON.stringify({ username: user, password })],
      [hasura_admin_secret_arn, randomBytes(16).toString("hex")],
      [
        agent_secret_arn,
        JSON.stringify({ AGENT_USERNAME: agent?.username, AGENT_PASSWORD: agent?.password }),
      ],
    ];
    for (const [arn, value] of values) await this.#secrets.put({ arn, value, version: randomUUID() });
  }

  async #startFunctionsAndSites(pool: UserPool, postgres: PostgresServer): Promise<void> {
    const { region, serverName, contentUrlTemplate } = this.data;
    const { network, folder } = this.machine;
    const { hasura_event_trigger: trigger, cognito_triggers: triggers } = this.outputs;
    const content = this.#options.content ?? new Map<string, Content>();
    let functions: Functions | undefined;
    const call: FunctionCall = (arn, headers, body) =>
      functions ? callByHttp(functions, arn, headers, body) : Promise.reject(new Error("no functions"));
    const apis = httpApis(this.#applied);

    const hasura = await startHasuraStandIn({
      database: await postgres.createDatabase(this.#inputs.rds_database),
      adminSecret: await readSecret(this.#secrets, this.#inputs.hasura_admin_secret_arn),
      environment: trigger
        ? { [trigger.environment_variable]: await readSecret(this.#secrets, trigger.secret_arn) }
        : {},
      content,
      isGenuine: (token) => pool.isGenuine(token),
      deliver: async (url, headers, body) => {
        const api = apis.find(({ host }) => host === new URL(url).host);
        if (!api) throw new Error(`there is no API ${url}`);
        return (await call(api.functionArn, headers, JSON.stringify(body))).statusCode;
      },
    });
    this.#stops.push(hasura.stop);
    const hasuraUrl = new URL(this.#inputs.hasura_endpoint);
    const endpoint = `http://127.0.0.1:${hasura.port}${hasuraUrl.pathname}`;
    if (lambdaFunctions(this.#applied).length > 0) {
      const started = new Functions(this.#applied, path.join(folder, "functions"), {
        AWS_ENDPOINT_URL_SECRETS_MANAGER: this.awsUrl,
        AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: this.awsUrl,
        DATABASE_HOST: postgres.host,
        DATABASE_PORT: String(postgres.port),
        DATABASE_CA_FILE: postgres.caFile,
        HASURA_ENDPOINT: endpoint,
        CONTENT_ENDPOINT: endpoint,
      });
      functions = started;
      this.#stops.push(() => started.stop());
    }
    const invoke = (arn: string | undefined, event: object) =>
      functions && arn ? functions.invoke(arn, event) : Promise.resolve(event);
    pool.attach(userPoolClients(this.#applied), {
      preTokenGeneration: (event) => invoke(triggers?.pre_token_generation, event),
      // A failing provisioner must not keep anybody from signing in before the migration ran.
      postAuthentication: (event) => invoke(triggers?.post_authentication, event),
    });

    const answers: Record<string, Site> = {
      [serverName]: this.#balancer(endpoint),
      [`cognito-idp.${region}.amazonaws.com`]: this.#cognitoSite(pool),
      [this.#signInHost]: (request, response) => pool.hostedPages(request, response),
      [new URL(contentUrlTemplate).host]: contentSite(content),
      ...Object.fromEntries(apis.map(({ host, functionArn }) => [host, apiSite(functionArn, call)])),
    };
    const sites = await startSites(network.internetAddress, answers, path.join(folder, "sites"));
    this.#certificateFile = sites.certificateFile;
    const forwards = [
      await forwardPort(network.hostAddress, this.#inputs.rds_port, postgres.port),
      await forwardPort(network.hostAddress, Number(hasuraUrl.port), hasura.port),
    ];
    this.#stops.push(...[sites, ...forwards].map(({ stop }) => stop));
    this.#siteNames = Object.keys(answers);
    this.#writeHosts();
  }

  get #signInHost(): string {
    return `${this.#inputs.cognito_domain}.auth.${this.data.region}.amazoncognito.com`;
  }

  /** The load balancer's HTTPS listener. The platform's own rule leads to Hasura. */
  #balancer(hasura: string): Site {
    const { pathname } = new URL(hasura);
    return albListener({
      balance: (request) => loadBalancer(listenerRules(this.#applied))(request),
      host: this.data.serverName,
      targets: (group) => this.#targetGroup(group).urls,
      urlOf: (target) => target,
      onForward: (...words) => this.forwarded.push(words.join(" ")),
      signInPage: () => `https://${this.#signInHost}/oauth2/authorize`,
      otherwise: (request, response) => {
        if (request.url !== this.#inputs.hasura_public_path) return void response.writeHead(404).end();
        void relay(new URL(pathname, hasura), request, response);
      },
    });
  }

  #cognitoSite(pool: UserPool): Site {
    return async (request, response) => {
      if (request.url === `/${pool.id}/.well-known/jwks.json`) {
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(pool.jwks));
        return;
      }
      await relay(new URL(this.awsUrl), request, response);
    };
  }

  async #oneShot(definition: TaskDefinition, overrides: Record<string, readonly string[]>): Promise<OneShot> {
    const id = randomUUID().replaceAll("-", "");
    const task = await Task.start(id, definition, this.#host, { overrides });
    const result = task.exit.then(async (exit) => {
      await task.stop();
      return exit;
    });
    this.#stops.push(() => task.stop());
    return { task, result };
  }

  #answerOps(): void {
    const { rds_instance_identifier: identifier, rds_endpoint: host, rds_port: port } = this.#inputs;
    Object.assign(
      this.#aws.answers,
      ecsAnswers({
        ...{ region: this.data.region, account: ACCOUNT, cluster: this.#inputs.ecs_cluster_name },
        services: this.services,
        definitions: () => [...this.#definitions.values()],
        run: (definition, overrides) => this.#oneShot(definition, overrides),
      }),
    );
    const rules = () => this.#applied.resources("aws_lb_listener_rule");
    Object.assign(this.#aws.xml, xmlAnswers(rules, this.targetGroups, { identifier, host, port }));
  }

  /** Rewrites the file in place: it is mounted into every container. */
  #writeHosts(): void {
    const { hostAddress, internetAddress } = this.machine.network;
    const names = discoveryNamesOf(this.#applied);
    const lines = [
      "127.0.0.1 localhost",
      `${hostAddress} ${this.#inputs.rds_endpoint} ${new URL(this.#inputs.hasura_endpoint).hostname}`,
      ...this.#siteNames.map((name) => `${internetAddress} ${name}`),
      ...[...this.#discovered].flatMap(([registry, addresses]) =>
        addresses.map((address) => `${address} ${names.get(registry)}`),
      ),
    ];
    writeFileSync(this.#hostsFile, `${lines.join("\n")}\n`, { mode: 0o644 });
  }

  async #timed<T>(what: string, action: () => Promise<T>): Promise<T> {
    const started = performance.now();
    const result = await action();
    this.#options.report?.(`${what}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
    return result;
  }
}

const discoveryNamesOf = (applied: Applied | undefined) =>
  applied ? discoveryNames(applied) : new Map<string, string>();
