import path from "node:path";

interface State {
  readonly bucket: string;
  readonly key: string;
  readonly region: string;
}

export const pipelineStack = (environment: string) => `pipeline-${environment}`;
export const platformStack = (environment: string) => `platform-${environment}`;

/** The stacks of an environment, in the order in which they are applied the first time. */
export const stacksOf = (environment: string) => [
  pipelineStack(environment),
  platformStack(environment),
  environment,
];

/** State of another stack of the environment, beside the chat's. */
const beside = (stack: string, state: State): State => ({
  ...state,
  key: path.posix.join(path.posix.dirname(state.key), `${stack}.tfstate`),
});

export const pipelineState = (environment: string, state: State) => beside(pipelineStack(environment), state);
export const platformState = (environment: string, state: State) => beside(platformStack(environment), state);

type Inputs =
  | { readonly from: "variables" }
  | ({
      readonly from: "remote-state";
      readonly outputs?: Readonly<Partial<Record<string, string>>> | undefined;
    } & {
      readonly [K in keyof State]?: State[K] | undefined;
    });

/** Where an environment's inputs come from, with the platform's state if they name no other. */
export function inputsSource({
  environment,
  inputs,
  state,
}: {
  readonly environment: string;
  readonly inputs: Inputs;
  readonly state: State;
}) {
  if (inputs.from === "variables") return inputs;
  const platform = platformState(environment, state);
  const { from, outputs, bucket = platform.bucket, key = platform.key, region = platform.region } = inputs;
  return { from, bucket, key, region, ...(outputs && { outputs }) };
}
