import * as z from "zod/mini";
import { secretArn, url, variable } from "../shared/environment.ts";

export const environment = z.object({
  SYNAPSE_URL: variable(url(), "Synapse's address inside the VPC"),
  SYNAPSE_SERVER_NAME: variable(z.string(), "Matrix server name"),
  SYNAPSE_ADMIN_SECRET_ARN: variable(
    secretArn(),
    "ARN of the secret with username and password of a server administrator as JSON",
    { secret: true },
  ),
});
