import { PutMetricDataCommand, StandardUnit } from "@aws-sdk/client-cloudwatch";
import type { EnvironmentData } from "../../../environments/schema.ts";
import { MARKER } from "../../../shared/deployment-marker.ts";
import { explain } from "../explain.ts";
import type { Report } from "../report.ts";

const HALF_A_MINUTE = 30_000;
/** A deployment that hangs for longer keeps no alarm quiet. */
const LONGEST = 60 * 60_000;

/** The part of an operation's context that the marker uses. */
export interface MarkerContext {
  readonly aws: { readonly cloudwatch: { send(command: PutMetricDataCommand): Promise<unknown> } };
  readonly environment: Pick<EnvironmentData, "environment">;
  readonly report: Pick<Report, "progress">;
}

/**
 * Keeps the alarms quiet while `work` changes what runs. The marker is a metric that is written again and again: it ends
 * with `work`, however that ends, and within minutes if this process dies.
 */
export async function whileDeploying<T>(context: MarkerContext, work: () => Promise<T>): Promise<T> {
  const { aws, environment, report } = context;
  let told = false;
  const mark = async (value: number) => {
    try {
      await aws.cloudwatch.send(
        new PutMetricDataCommand({
          Namespace: MARKER.namespace,
          MetricData: [
            {
              MetricName: MARKER.name,
              Dimensions: [{ Name: MARKER.dimension, Value: environment.environment }],
              Unit: StandardUnit.None,
              Value: value,
            },
          ],
        }),
      );
    } catch (error) {
      // Alarms that ring during a deployment are no reason to stop it.
      if (!told) report.progress(`alarms may ring meanwhile: ${explain(error).message}`);
      told = true;
    }
  };
  await mark(1);
  const repeated = setInterval(() => void mark(1), HALF_A_MINUTE);
  const end = setTimeout(() => clearInterval(repeated), LONGEST);
  try {
    return await work();
  } finally {
    clearInterval(repeated);
    clearTimeout(end);
    await mark(0);
  }
}
