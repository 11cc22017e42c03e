import { writeFileSync } from "node:fs";
import path from "node:path";
import { CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";
import type { EnvironmentData } from "../../environments/schema.ts";
import type { Engine } from "../images/engine.ts";
import type { AwsServer } from "../servers/aws-api.ts";
import { startMoto } from "../servers/moto.ts";
import { startPostgres } from "../servers/postgres.ts";
import { stopAll } from "../servers/program.ts";
import { startRedis } from "../servers/redis.ts";
import { openAccessPoint } from "./access-point.ts";
import { type Applied, exampleVariables, OfflineApply, type Variables } from "./applied.ts";
import { Images } from "./available-images.ts";
import { credentials, Secrets, startAwsEndpoint } from "./aws.ts";
import { Cluster } from "./cluster.ts";
import { ecsAnswers, xmlAnswers } from "./ecs-api.ts";
import { type Report, runFirstDay, timed } from "./first-day.ts";
import { foreignSecrets } from "./foreign-secrets.ts";
import type { Content } from "./hasura.ts";
import { HostsFile } from "./hosts-file.ts";
import { type InsideResult, runInside } from "./inside.ts";
import { type Machine, takeMachine } from "./machine.ts";
import { examplePeople, makePeople, type Person } from "./people.ts";
import { readSecret } from "./secrets.ts";
import type { Service } from "./service.ts";
import { forwardPort } from "./sites.ts";
import { redisGroups } from "./state.ts";
import { startSurroundings } from "./surroundings.ts";
import type { TaskHost } from "./task.ts";
import { UserPool } from "./user-pool.ts";
import { type StageInputs, type StageOutputs, stageInputs, stageOutputs } from "./values.ts";

/** Intervals of health checks and events, and deregistration delays, are divided by it, so that a stage is ready soon. */
const HASTE = 10;
const ACCOUNT = "123456789012";
const CA_FILE = "/etc/phenom-stage/ca.pem";
/** The authority of the stage's database, in place of those of RDS. */
const DATABASE_CA_FILE = "/etc/phenom-stage/database-ca.pem";

export interface StageOptions {
  readonly engine: Engine;
  /** Is told what happens. */
  readonly report?: Report;
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
  /** Requests that the load balancer forwarded: `<target> <method> <path>`. */
  readonly forwarded: string[] = [];
  readonly #content: ReadonlyMap<string, Content>;
  readonly #report: Report;
  readonly #stops: (() => Promise<unknown>)[] = [];
  readonly #hosts: HostsFile;
  readonly #inputs: StageInputs;
  readonly #apply: OfflineApply;
  #variables: Variables;
  #applied!: Applied;
  #secrets!: Secrets;
  #host!: TaskHost;
  #cluster!: Cluster;
  #aws!: AwsServer;
  #certificateFile = "";

  private constructor(data: EnvironmentData, machine: Machine, options: StageOptions) {
    this.data = data;
    this.machine = machine;
    this.images = new Images(options.engine);
    this.people = options.people ?? examplePeople();
    this.#content = options.content ?? new Map();
    this.#report = options.report ?? (() => {});
    this.#variables = exampleVariables(data);
    this.#inputs = stageInputs.parse(this.#variables);
    this.#apply = new OfflineApply(machine.folder);
    const onHost = [this.#inputs.rds_endpoint, new URL(this.#inputs.hasura_endpoint).hostname];
    this.#hosts = new HostsFile(path.join(machine.folder, "hosts"), machine.network, onHost);
  }

  /**
   * Starts everything around the tasks: databases, AWS, the load balancer. No task runs yet.
   *
   * @throws Problem or Error; nothing is left behind then
   */
  static async prepare(data: EnvironmentData, options: StageOptions): Promise<Stage> {
    const machine = takeMachine(["moto", ...(data.workers ? (["redis"] as const) : [])]);
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
  firstDay(): Promise<void> {
    return runFirstDay(this, this.#report);
  }

  get outputs(): StageOutputs {
    return stageOutputs.parse(this.#applied.outputs);
  }

  get applied(): Applied {
    return this.#applied;
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
    const service = this.#cluster.services.get(this.outputs.services[name]?.name ?? "");
    if (!service) throw new Error(`there is no service ${name}`);
    return service;
  }

  /** Runs a one-shot task by its name in the outputs to its end. */
  async runTask(name: string): Promise<TaskResult> {
    const family = this.outputs.one_shot_tasks[name]?.family;
    const definition = this.#cluster.definitions.findLast((each) => each.family === family);
    if (!definition) throw new Error(`there is no one-shot task ${name}`);
    const { task, result } = await this.#cluster.run(definition);
    const { code } = await result;
    return { code, lines: task.definition.containers.flatMap((each) => task.container(each.name).lines) };
  }

  async startService(name: string): Promise<void> {
    const service = this.service(name);
    service.deploy(service.definition.task_definition);
    await service.untilStable();
  }

  /** Applies a changed environment: new task definitions and services are deployed, removed services are stopped. */
  async apply(data: EnvironmentData, variables: Variables = {}): Promise<void> {
    this.#variables = { ...this.#variables, ...variables };
    await this.#applyTerraform(data);
    await this.#cluster.update(this.#applied);
  }

  /** `npm run ops`, with this stage as its AWS account and its names resolved. */
  ops(verb: string, ...options: readonly string[]): Promise<InsideResult> {
    const outputsFile = path.join(this.machine.folder, "outputs.json");
    const wrapped = Object.entries(this.#applied.outputs).map(([name, value]) => [name, { value }]);
    writeFileSync(outputsFile, JSON.stringify(Object.fromEntries(wrapped)), { mode: 0o600 });
    return this.inside([
      ...[process.execPath, "tools/run.mjs", "tools/ops/main.ts", verb, this.data.environment],
      ...["--outputs", outputsFile, "--poll", "1", ...options],
    ]);
  }

  /** Runs a program of this machine that resolves the stage's names and trusts its certificates. */
  inside(
    command: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<InsideResult> {
    return runInside(this.#hosts.path, command, {
      AWS_ENDPOINT_URL: this.awsUrl,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      NODE_EXTRA_CA_CERTS: this.#certificateFile,
      SSL_CERT_FILE: this.#certificateFile,
      ...environment,
    });
  }

  async stop(): Promise<void> {
    await stopAll(this.#stops);
    delete process.env["TMPDIR"];
    this.machine.remove();
  }

  async #prepare(): Promise<void> {
    const { region } = this.data;
    const [moto, postgres] = await Promise.all([
      startMoto(),
      startPostgres({ names: [this.#inputs.rds_endpoint] }),
    ]);
    this.#stops.push(async () => moto.stop(), postgres.stop);
    const cognito = new CognitoIdentityProviderClient({ endpoint: moto.url, region, credentials });
    const pool = await UserPool.create(cognito, region);
    await makePeople(cognito, pool.id, this.people);
    this.#secrets = new Secrets(moto.url, region);
    this.#aws = await startAwsEndpoint(moto.url, this.#secrets, pool);
    this.#stops.push(this.#aws.stop);
    this.#variables = {
      ...this.#variables,
      cognito_user_pool_id: pool.id,
      cognito_user_pool_arn: `arn:aws:cognito-idp:${region}:${ACCOUNT}:userpool/${pool.id}`,
    };
    for (const version of foreignSecrets(this.#inputs, this.people, postgres.master))
      await this.#secrets.put(version);
    this.#stops.push(() => this.#apply.stop());
    await timed(this.#report, "terraform", () => this.#applyTerraform(this.data));
    this.#host = this.#taskHost(postgres.caFile);
    this.#cluster = new Cluster(this.#host, (name, addresses) => this.#hosts.discover(name, addresses));
    this.#stops.push(() => this.#cluster.stop());
    this.#cluster.take(this.#applied);
    const { certificateFile, siteNames, stops } = await startSurroundings({
      ...{ data: this.data, inputs: this.#inputs, outputs: this.outputs, machine: this.machine },
      ...{ pool, postgres, secrets: this.#secrets, awsUrl: this.awsUrl, applied: () => this.#applied },
      ...{ content: this.#content, haste: HASTE },
      targets: (group) => this.#cluster.targetGroup(group).urls,
      onForward: (...words) => this.forwarded.push(words.join(" ")),
    });
    this.#stops.push(...stops);
    this.#certificateFile = certificateFile;
    this.#hosts.sites = siteNames;
    this.#answerOps();
  }

  async #applyTerraform(data: EnvironmentData): Promise<void> {
    this.#applied = await this.#apply.apply(data, this.#variables);
    for (const version of this.#applied.secrets) await this.#secrets.put(version);
    for (const group of redisGroups(this.#applied))
      if (this.#hosts.addOnHost(group.primary_endpoint_address)) await this.#startRedis(group.port);
  }

  /** In place of ElastiCache. */
  async #startRedis(port: number): Promise<void> {
    const redis = await startRedis();
    this.#stops.push(redis.stop);
    const forward = await forwardPort(this.machine.network.hostAddress, port, redis.port);
    this.#stops.push(forward.stop);
  }

  #taskHost(databaseCaFile: string): TaskHost {
    const { folder } = this.machine;
    return {
      machine: this.machine,
      haste: HASTE,
      files: [
        { source: this.#hosts.path, destination: "/etc/hosts", readOnly: true },
        { source: path.join(folder, "sites", "tls.crt"), destination: CA_FILE, readOnly: true },
        { source: databaseCaFile, destination: DATABASE_CA_FILE, readOnly: true },
      ],
      environment: ({ hasTaskRole }) => ({
        NODE_EXTRA_CA_CERTS: CA_FILE,
        SSL_CERT_FILE: CA_FILE,
        PGSSLROOTCERT: DATABASE_CA_FILE,
        ...(hasTaskRole && {
          AWS_ACCESS_KEY_ID: credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        }),
      }),
      image: this.images.open,
      secret: (valueFrom) => readSecret(this.#secrets, valueFrom),
      accessPoint: (id) => openAccessPoint(this.#applied, id, path.join(folder, "efs")),
    };
  }

  /** Lets `npm run ops` see the tasks, services, rules and the database of this stage. */
  #answerOps(): void {
    const { rds_instance_identifier: identifier, rds_endpoint: host, rds_port: port } = this.#inputs;
    const { services, targetGroups } = this.#cluster;
    const rules = () => this.#applied.resources("aws_lb_listener_rule");
    Object.assign(
      this.#aws.answers,
      ecsAnswers({
        ...{ region: this.data.region, account: ACCOUNT, cluster: this.#inputs.ecs_cluster_name, services },
        definitions: () => this.#cluster.definitions,
        run: (definition, overrides) => this.#cluster.run(definition, overrides),
      }),
    );
    Object.assign(this.#aws.xml, xmlAnswers(rules, targetGroups, { identifier, host, port }));
  }
}
