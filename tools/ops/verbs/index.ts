import type { Verb } from "../verb.ts";
import { adopt } from "./adopt.ts";
import { bootstrap } from "./bootstrap.ts";
import { bootstrapState } from "./bootstrap-state.ts";
import { createUser } from "./create-user.ts";
import { databaseSetup } from "./db-setup.ts";
import { deploy } from "./deploy.ts";
import { eraseUser } from "./erase-user.ts";
import { exec } from "./exec.ts";
import { logs } from "./logs.ts";
import { metadata } from "./metadata.ts";
import { migrate } from "./migrate.ts";
import { preflight } from "./preflight.ts";
import { redeploy } from "./redeploy.ts";
import { restart } from "./restart.ts";
import { rollback } from "./rollback.ts";
import { scale } from "./scale.ts";
import { status } from "./status.ts";
import { syncMembers } from "./sync-members.ts";
import { verify } from "./verify.ts";

/** Verbs in the order in which the help lists them. */
export const verbs: readonly Verb[] = [
  bootstrapState,
  preflight,
  adopt,
  deploy,
  redeploy,
  verify,
  status,
  logs,
  migrate,
  metadata,
  databaseSetup,
  bootstrap,
  syncMembers,
  restart,
  rollback,
  scale,
  exec,
  createUser,
  eraseUser,
];
