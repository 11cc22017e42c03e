import { expect } from "@jest/globals";
import { withMessage } from "../jest/with-message.ts";
import type { Run } from "./offline.ts";

const knownWarnings = [
  // The specification's name of this secret ends like the suffix that AWS adds; it is only ever used by its whole ARN.
  /^aws_secretsmanager_secret\.chat_synapse_homeserver_config: the secret name "phenom-\w+-synapse-homeserver-config" ends in a hyphen and six characters/,
  // The provider sends no health check settings at all without this argument, whose only value is 1.
  /^aws_service_discovery_service\.chat_synapse_\w*discovery: Argument is deprecated: "failure_threshold"/,
];

/** @returns the run of a chat stack, which must have passed with no warnings but the known ones */
export function passed(run: Run): Run {
  const { code, output, warnings } = run;
  withMessage(output, () => expect(code).toBe(0));
  expect(warnings.filter((warning) => !knownWarnings.some((known) => known.test(warning)))).toEqual([]);
  return run;
}
