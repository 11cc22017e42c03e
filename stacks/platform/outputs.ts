import { TerraformOutput } from "cdktf";
import { Construct } from "constructs";
import { inputTable, type Platform } from "../../environments/inputs.ts";
import type { ReadableStack } from "../addresses.ts";

/** Inputs of the chat that have a default there, and that the platform does not know. */
type Optional =
  | "contentEndpoint"
  | "contentRole"
  | "hasuraPublicPath"
  | "monthlyBudget"
  | "pagerEndpoints"
  | "rdsReplicas"
  | "secretKmsKeyArns"
  | "userProvisionerConcurrency";

/** Writes the chat's inputs as outputs under their names, so that its environment can read this stack's state. */
export function chatInputs(stack: ReadableStack, values: Omit<Platform, Optional>): void {
  // Some variables have the same names.
  const outputs = new Construct(stack, "outputs");
  for (const [key, value] of Object.entries(values)) {
    const { name, description } = inputTable[key as keyof typeof values];
    new TerraformOutput(outputs, name, { description, value }).overrideLogicalId(name);
  }
}
