import { Pool } from "pg";
import * as z from "zod";
import { applyMigrations } from "../../migrations/apply.ts";
import { type AwsServer, startAws } from "../../tools/servers/aws.ts";
import { type HasuraServer, startHasura } from "../../tools/servers/hasura-admin.ts";
import { bundle, type LambdaProcess, startLambda } from "../../tools/servers/lambda.ts";
import { startPostgres } from "../../tools/servers/postgres.ts";
import { httpRequest } from "./link-preview-events.ts";

export const adminSecretArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:hasura-admin-AbCdEf";
export const webhookSecretArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:webhook-AbCdEf";
export const contentQuery =
  "query ($id: String!) { phenoms_by_pk(id: $id) { title description thumbnail_url media_type } }";

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** The content with the id abc123. */
export const phenom = {
  title: "Light over the bay",
  description: "Seen from the pier",
  thumbnail_url: "https://cdn.thephenom.app/t/abc123.jpg",
  media_type: "video",
};

/** The handler's answer, its body parsed. */
export const httpAnswer = z.strictObject({
  statusCode: z.int(),
  headers: z.record(z.string(), z.string()),
  body: z.string().transform((text) => z.record(z.string(), z.unknown()).parse(JSON.parse(text))),
});

/** The link preview's bundle with everything around it: a migrated database, Hasura before it, AWS. */
export interface LinkPreviewWorld {
  readonly database: Pool;
  readonly aws: AwsServer;
  readonly hasura: HasuraServer;
  /** What the Phenom backend knows, by id, and the resolver that tells it. */
  readonly phenoms: Map<string, unknown>;
  readonly content: { phenoms_by_pk(args: Record<string, unknown>, context: Headers): unknown };
  readonly lambda: LambdaProcess;
  /** Another process; a variable that is undefined is not set. */
  start(environment?: Record<string, string | undefined>): LambdaProcess;
  /** For tests in which it matters what the process has already read or logged. */
  coldStart(): Promise<void>;
  call(body: unknown, options?: { secret?: string; on?: LambdaProcess }): Promise<z.infer<typeof httpAnswer>>;
  previews(): Promise<Record<string, unknown>[]>;
  reset(): Promise<void>;
  stop(): Promise<void>;
}

export async function startLinkPreviewWorld(): Promise<LinkPreviewWorld> {
  const postgres = await startPostgres();
  const connection = await postgres.createDatabase();
  await applyMigrations(connection);
  const database = new Pool({ ...connection, max: 4 });
  // Connections that are closing when the server stops.
  database.on("error", () => {});
  const phenoms = new Map<string, unknown>();
  // A piece of content whose id begins with `private` is not for the role anonymous.
  const content = {
    phenoms_by_pk: ({ id }: Record<string, unknown>, headers: Headers) =>
      String(id).startsWith("private") && headers["x-hasura-role"] === "anonymous"
        ? null
        : (phenoms.get(String(id)) ?? null),
  };
  const aws = await startAws();
  const hasura = await startHasura(database, content);
  const built = await bundle("link-preview");

  const start = (environment: Record<string, string | undefined> = {}) => {
    const variables = {
      ...aws.environment,
      HASURA_ENDPOINT: hasura.endpoint,
      HASURA_ADMIN_SECRET_ARN: adminSecretArn,
      WEBHOOK_SECRET_ARN: webhookSecretArn,
      CONTENT_QUERY: contentQuery,
      ...environment,
    };
    const set = Object.entries(variables).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    return startLambda(built.file, Object.fromEntries(set));
  };
  let lambda = start();

  return {
    database,
    aws,
    hasura,
    phenoms,
    content,
    get lambda() {
      return lambda;
    },
    start,
    async coldStart() {
      await lambda.stop();
      lambda = start();
    },
    async call(body, { secret = "webhook-secret", on = lambda } = {}) {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      return httpAnswer.parse(await on.invoke(httpRequest(text, { "x-chat-webhook-secret": secret })));
    },
    previews: async () => (await database.query("select * from link_previews order by phenom_id")).rows,
    async reset() {
      await database.query("truncate link_previews, chat_link_preview_requests");
      phenoms.clear();
      phenoms.set("abc123", phenom);
      aws.disturbance = undefined;
      aws.secrets.set(adminSecretArn, hasura.adminSecret).set(webhookSecretArn, "webhook-secret");
      aws.calls.length = 0;
      hasura.disturbance = undefined;
      hasura.requests.length = 0;
    },
    async stop() {
      await lambda.stop();
      await built.remove();
      await hasura.stop();
      await aws.stop();
      await database.end();
      await postgres.stop();
    },
  };
}
