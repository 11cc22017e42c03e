import { Argument } from "@commander-js/extra-typings";
import { environments } from "../../environments/index.ts";
import type { EnvironmentData } from "../../environments/schema.ts";
import { oneOf } from "./command.ts";

const nameOf = ({ environment }: EnvironmentData) => environment;

/** The argument that names an environment. */
export const environmentArgument = () =>
  new Argument("<environment>", environments.map(nameOf).join(" or ")).argParser<EnvironmentData>(
    oneOf(environments, nameOf),
  );
