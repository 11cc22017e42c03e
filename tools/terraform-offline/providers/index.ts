import type { ProviderName } from "../plugin/schema.ts";
import { startServer } from "../plugin/server.ts";
import type { RunState } from "../run-state.ts";
import { archive } from "./archive.ts";
import { aws } from "./aws/index.ts";
import { cloudflare } from "./cloudflare.ts";
import { nullProvider } from "./null.ts";
import type { Provider } from "./provider.ts";
import { random } from "./random.ts";
import { time } from "./time.ts";
import { tls } from "./tls.ts";

const implementations: Readonly<Record<ProviderName, Provider>> = {
  aws,
  cloudflare,
  random,
  archive,
  null: nullProvider,
  tls,
  time,
};

export interface RunningProviders {
  /** What tells Terraform to use them. */
  readonly env: { readonly TF_REATTACH_PROVIDERS: string };
  stop(): void;
}

/** Starts a server for each provider. */
export async function startProviders(run: RunState): Promise<RunningProviders> {
  const names = Object.keys(implementations) as ProviderName[];
  const servers = await Promise.all(names.map((name) => startServer(name, implementations[name], run)));
  const reattach = Object.fromEntries(servers.map(({ source, reattach }) => [source, reattach]));
  return {
    env: { TF_REATTACH_PROVIDERS: JSON.stringify(reattach) },
    stop() {
      for (const server of servers) server.stop();
    },
  };
}
