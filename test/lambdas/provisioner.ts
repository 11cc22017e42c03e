import { Pool } from "pg";
import { applyMigrations } from "../../migrations/apply.ts";
import { type AwsServer, startAws } from "../../tools/servers/aws.ts";
import { postAuthenticationEvent, sub } from "../../tools/servers/cognito-events.ts";
import { type Bundle, bundle, type LambdaProcess, startLambda } from "../../tools/servers/lambda.ts";
import { type DatabaseConnection, type PostgresServer, startPostgres } from "../../tools/servers/postgres.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

export const databaseSecretArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:provisioner-AbCdEf";
const role = "chat_user_provisioner";

/** The user provisioner's bundle with everything around it: a migrated database, a proxy before it, AWS. */
export interface ProvisionerWorld {
  readonly server: PostgresServer;
  readonly connection: DatabaseConnection;
  /** As the owner of the tables. */
  readonly database: Pool;
  /** As the server's superuser, who alone sees and ends the connections of others. */
  readonly administrator: Pool;
  readonly proxy: TcpProxy;
  readonly aws: AwsServer;
  start(environment?: Record<string, string>): LambdaProcess;
  /** The member sync beside it, with the same variables. */
  startSync(environment?: Record<string, string>): LambdaProcess;
  /** Gives the database role a new password; the secret gets it only where one says so. */
  setPassword(password: string, options?: { inSecret: boolean }): Promise<void>;
  /** The sample user's row and memberships. */
  state(): Promise<{ user: unknown; members: Record<string, unknown> }>;
  /** Ends the role's connections as an administrator does. */
  endConnections(): Promise<void>;
  reset(): Promise<void>;
  stop(): Promise<void>;
}

export async function startProvisionerWorld(): Promise<ProvisionerWorld> {
  const server = await startPostgres();
  const connection = await server.createDatabase();
  await applyMigrations(connection, { userProvisionerPassword: "first password" });
  const database = new Pool({ ...connection, max: 2 });
  const administrator = new Pool({ ...server.asSuperuser(connection), max: 1 });
  // Connections that the server ends when it pauses or stops.
  for (const pool of [database, administrator]) pool.on("error", () => {});
  const proxy = await startTcpProxy(connection.port);
  const aws = await startAws();
  const built: Bundle = await bundle("user-provisioner");
  const builtSync: Bundle = await bundle("member-sync");
  const putSecret = (password: string) =>
    aws.secrets.set(databaseSecretArn, JSON.stringify({ username: role, password, engine: "postgres" }));
  const setPassword = async (password: string, { inSecret } = { inSecret: true }) => {
    await database.query(`alter role ${role} password '${password}'`);
    if (inSecret) putSecret(password);
  };
  const running: LambdaProcess[] = [];
  const startBundle = (file: string, environment: Record<string, string>) => {
    const lambda = startLambda(file, {
      ...aws.environment,
      DATABASE_HOST: "127.0.0.1",
      DATABASE_PORT: String(proxy.port),
      DATABASE_NAME: connection.database,
      DATABASE_SECRET_ARN: databaseSecretArn,
      DATABASE_CA_FILE: server.caFile,
      ...environment,
    });
    running.push(lambda);
    return lambda;
  };

  return {
    server,
    connection,
    database,
    administrator,
    proxy,
    aws,
    start: (environment = {}) => startBundle(built.file, environment),
    startSync: (environment = {}) => startBundle(builtSync.file, environment),
    setPassword,
    async endConnections() {
      await administrator.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = $1", [
        role,
      ]);
    },
    async state() {
      const user = await database.query("select * from users where id = $1", [sub]);
      const members = await database.query(
        `select room.name, role, is_muted from chat_members join chat_rooms room on room.id = room_id
          where user_id = $1 order by room.id`,
        [sub],
      );
      return {
        user: user.rows[0],
        members: Object.fromEntries(
          members.rows.map((row) => [row.name, row.is_muted ? `${row.role}, muted` : row.role]),
        ),
      };
    },
    async reset() {
      await database.query("truncate users cascade");
      await setPassword("first password");
      aws.groups.clear();
      aws.users.clear();
      aws.groups.set("ann", []);
      aws.disturbance = undefined;
      aws.calls.length = 0;
      proxy.mode = "pass";
      proxy.connections = 0;
      proxy.turns.length = 0;
    },
    async stop() {
      await Promise.all(running.map((lambda) => lambda.stop()));
      await Promise.all([database.end(), administrator.end()]);
      await proxy.stop();
      await aws.stop();
      await server.stop();
      await Promise.all([built.remove(), builtSync.remove()]);
    },
  };
}

/** Signs the sample user in and proves that nothing kept them from it. */
export async function signIn(
  lambda: LambdaProcess,
  attributes: Readonly<Record<string, string | undefined>> = {},
  userName?: string,
): Promise<void> {
  const event = JSON.parse(JSON.stringify(postAuthenticationEvent(attributes, userName)));
  const returned = await lambda.invoke(event);
  if (JSON.stringify(returned) !== JSON.stringify(event))
    throw new Error(`the event did not come back as it went: ${JSON.stringify(returned)}`);
}
