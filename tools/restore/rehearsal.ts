import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { EnvironmentData } from "../../environments/schema.ts";
import { applyMigrations } from "../../migrations/apply.ts";
import { rooms } from "../../shared/chat-rooms.ts";
import { Problem } from "../cli/problem.ts";
import { type DatabaseConnection, query, startPostgres } from "../servers/postgres.ts";
import { stopAll } from "../servers/program.ts";
import { deploySynapse, setUpDatabase } from "../servers/synapse.ts";
import { exampleCognito, mobileClientId } from "../servers/synapse-user-pool.ts";
import { chatOn } from "./chat.ts";

const run = promisify(execFile);

/** The runbook's command, at the root of the file system, after AWS Backup has restored to a folder there. */
export const MOVE_MEDIA = "cp -a aws-backup-restore_<time>/synapse-media/. synapse-media/";

interface Timing {
  readonly label: string;
  readonly seconds: number;
}

export interface Rehearsal {
  /** Steps of the restore, and its sum. */
  readonly timings: readonly Timing[];
  /** What was whole afterwards, and what was lost. */
  readonly findings: readonly string[];
}

const MESSAGES = 20;

/**
 * Loses the databases and the media of an environment, restores them to a point in time, and looks whether everything
 * is there. PostgreSQL 17 with an archived log stands for RDS, copies of the files for AWS Backup; Synapse runs with the
 * environment's configuration, as a process of this machine.
 *
 * @throws Problem that names what is not whole
 */
export async function rehearse(data: EnvironmentData, report: (line: string) => void): Promise<Rehearsal> {
  const stops: (() => Promise<unknown>)[] = [];
  const timings: Timing[] = [];
  const findings: string[] = [];
  const timed = async <Result>(label: string, step: () => Promise<Result>): Promise<Result> => {
    const start = performance.now();
    const result = await step();
    timings.push({ label, seconds: (performance.now() - start) / 1000 });
    report(`${label}: ${timings.at(-1)?.seconds.toFixed(1)} s`);
    return result;
  };
  const found = (finding: string) => {
    findings.push(finding);
    report(finding);
  };
  const check = (whole: boolean, finding: string) => {
    if (!whole) throw new Problem(`Not whole after the restore: ${finding}`);
    found(finding);
  };

  try {
    const postgres = await startPostgres({ durable: true, archive: true });
    stops.push(postgres.stop);
    const cognito = exampleCognito();
    const deployment = await deploySynapse(postgres, {
      ...{ serverName: data.serverName, contentUrlTemplate: data.contentUrlTemplate },
      jwt: { keys: cognito.jwks, audiences: [mobileClientId] },
    });
    stops.push(deployment.remove);
    const fileSystem = await fileSystemWith(deployment.mediaDirectory);
    stops.push(() => rm(fileSystem, { recursive: true }));
    let synapse = await deployment.start();
    stops.push(() => synapse.stop());
    const relational = await postgres.createDatabase("chat");
    await applyMigrations(relational);
    const app = chatOn(() => synapse.url, cognito);

    report("backing up the database, and filling both implementations");
    await postgres.backUp();
    const [ada, bob] = [await app.signIn("ada"), await app.signIn("bob")];
    const room = await app.createRoom(ada);
    await app.join(bob, room);
    await app.makeKeys(ada, room);
    for (let n = 0; n < MESSAGES - 1; n++) await app.send(ada, room, `before ${n}`);
    const saved = await app.upload(ada);
    await nightlyBackup(fileSystem);
    const unsaved = await app.upload(ada);
    await app.send(bob, room, "the last one before");
    await insertMessages(relational, MESSAGES);
    const before = {
      messages: await app.messages(bob, room),
      keys: await app.keys(ada),
      rows: await rowsOf(relational),
      position: (await app.sync(bob, room)).next,
    };
    const time = await now(relational);

    report(`losing everything after ${time}`);
    const lost = await app.send(ada, room, "after");
    const late = await app.signIn("ada");
    await insertMessages(relational, 1);
    await query(relational, "drop table chat_messages cascade");
    await run("find", [deployment.mediaDirectory, "-mindepth", "1", "-delete"]);

    const start = performance.now();
    await timed("stop Synapse", () => synapse.stop());
    await timed("restore the database to the point in time", () => postgres.restore(time));
    await timed("set Synapse's password (db-setup)", () =>
      setUpDatabase(postgres, deployment.database, deployment.secrets.SYNAPSE_DATABASE_PASSWORD),
    );
    await timed("migrate", () => applyMigrations(relational));
    await timed("restore the media", () => restoreMedia(fileSystem));
    await timed("start Synapse", async () => {
      synapse = await deployment.start();
    });
    timings.push({ label: "all steps of the restore", seconds: (performance.now() - start) / 1000 });

    const messages = await app.messages(bob, room);
    check(
      JSON.stringify(messages) === JSON.stringify(before.messages) && messages.length === MESSAGES,
      `Matrix: ${messages.length} messages, each as before`,
    );
    check(!messages.includes(lost), "Matrix: the message sent after the point in time is gone");
    check(
      JSON.stringify(await rowsOf(relational)) === JSON.stringify(before.rows) &&
        before.rows.length === MESSAGES,
      `Hasura: ${before.rows.length} messages and their order, each as before`,
    );
    check(
      (await app.download(bob, saved.uri)) === saved.hash,
      "media: the file of the last backup, byte by byte",
    );
    check(
      (await app.download(bob, unsaved.uri)) === undefined,
      "media: the file sent after the last backup is lost; its message is there",
    );
    check((await app.keys(ada)) === before.keys, "keys: device keys and key backup, as before");
    check(
      (await app.isSignedIn(ada)) && (await app.isSignedIn(bob)),
      "sessions: both people are still signed in",
    );
    check(!(await app.isSignedIn(late)), "sessions: a sign-in after the point in time is gone");
    const sent = await app.send(ada, room, "after the restore");
    const { events } = await app.sync(bob, room, before.position);
    check(events.includes(sent), "the chat goes on: a new message reaches an app that waited since before");
    const [row] = await insertMessages(relational, 1);
    const highest = Math.max(...before.rows.map(({ seq }) => Number(seq)));
    check(Number(row?.["seq"]) > highest, "Hasura: a new message comes after all others");
    return { timings, findings };
  } finally {
    await stopAll(stops);
  }
}

/** The file system's root, where the folder of Synapse's access point is. */
async function fileSystemWith(media: string): Promise<string> {
  const root = await mkdtemp(path.join(tmpdir(), "phenom-efs-"));
  await symlink(media, path.join(root, "synapse-media"));
  return root;
}

const VAULT = ".vault";

/** A copy of all files, with owners and times, outside of what Synapse sees. */
async function nightlyBackup(fileSystem: string): Promise<void> {
  await mkdir(path.join(fileSystem, VAULT));
  await run("cp", ["-aL", path.join(fileSystem, "synapse-media"), path.join(fileSystem, VAULT)]);
}

/** AWS Backup restores to a folder at the root; the runbook's command does the rest. */
async function restoreMedia(fileSystem: string): Promise<void> {
  const folder = "aws-backup-restore_2026-01-01T00-00-00";
  await run("cp", ["-a", path.join(fileSystem, VAULT), path.join(fileSystem, folder)]);
  const command = MOVE_MEDIA.replace("aws-backup-restore_<time>", folder);
  await run("sh", ["-euc", command], { cwd: fileSystem });
  if ((await readdir(path.join(fileSystem, "synapse-media"))).length === 0)
    throw new Problem("the restore brought no media");
}

const SENDER = "rehearsal";

async function insertMessages(database: DatabaseConnection, count: number) {
  await query(database, "insert into users (id) values ($1) on conflict do nothing", [SENDER]);
  await query(
    database,
    "insert into chat_members (room_id, user_id) values ($1, $2) on conflict do nothing",
    [rooms.community, SENDER],
  );
  return query(
    database,
    "insert into chat_messages (room_id, user_id, content) select $1, $2, 'message ' || n from generate_series(1, $3::int) n returning seq",
    [rooms.community, SENDER, count],
  );
}

const rowsOf = (database: DatabaseConnection) =>
  query(
    database,
    "select id, room_id, user_id, content, created_at::text, seq from chat_messages order by seq",
  );

/** Between two transactions. */
const now = async (database: DatabaseConnection): Promise<string> => {
  const [row] = await query(database, "select clock_timestamp()::text as time from pg_sleep(0.1)");
  await query(database, "select pg_sleep(0.1)");
  return String(row?.["time"]);
};
