import { PutMetricDataCommand, StandardUnit } from "@aws-sdk/client-cloudwatch";
import { MARKER } from "../../../shared/deployment-marker.ts";
import type { Context } from "../context.ts";
import { explain } from "../explain.ts";

const HALF_A_MINUTE = 30_000;
/** A deployment that hangs for longer keeps no alarm quiet. */
const LONGEST = 60 * 60_000;

/**
 * Keeps the alarms quiet while `work` changes what runs. The marker is a metric that is written again and again: it ends
 * with `work`, however that ends, and within minutes if this process dies.
 */
export async function whileDeploying<T>(context: Context, work: () => Promise<T>): Promise<T> {
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
