/** Values of Terraform variables as the environment variables that Terraform reads them from. */
export const environmentVariables = (values: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `TF_VAR_${name}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
