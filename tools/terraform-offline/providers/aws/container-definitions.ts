import { elementsOf, isJsonObject, type JsonObject, membersOf } from "../../json.ts";
import { blocksOf, isKnown, isUnknown, type Value, type Values } from "../../plugin/value.ts";
import type { Checks } from "./checks.ts";

const NAME = "container_definitions";

const fargateLogDrivers: readonly unknown[] = ["awslogs", "splunk", "awsfirelens"];

const numbers = ["cpu", "memory", "memoryReservation", "startTimeout", "stopTimeout"];

/** Memory sizes in MiB that Fargate offers for so many CPU units. */
const fargateMemory: ReadonlyMap<number, readonly number[]> = new Map([
  [256, [512, 1024, 2048]],
  [512, steps(1024, 4096, 1024)],
  [1024, steps(2048, 8192, 1024)],
  [2048, steps(4096, 16384, 1024)],
  [4096, steps(8192, 30720, 1024)],
  [8192, steps(16384, 61440, 4096)],
  [16384, steps(32768, 122880, 8192)],
]);

function steps(first: number, last: number, by: number): number[] {
  return Array.from({ length: (last - first) / by + 1 }, (_, i) => first + i * by);
}

/** A number of units, or a text such as "2 GB" or ".5 vCPU", of which one is 1024 units. */
function unitsOf(value: Value | undefined, large: RegExp): number {
  const text = String(value).trim();
  const count = large.exec(text)?.[1];
  if (count !== undefined) return Number(count) * 1024;
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

const mebibytesOf = (value: Value | undefined) => unitsOf(value, /^(\d+(?:\.\d+)?)\s*gb$/i);

const cpuUnitsOf = (value: Value | undefined) => unitsOf(value, /^(\d*\.?\d+)\s*vcpu$/i);

/** Fargate's pairs of CPU and memory. */
export function checkFargateSize(checks: Checks, { cpu, memory }: Values): void {
  if (!isKnown(cpu) || cpu === "") return;
  const offered = fargateMemory.get(cpuUnitsOf(cpu));
  const summary = "No Fargate configuration exists for given values";
  if (!offered) {
    const sizes = [...fargateMemory.keys()].join(", ");
    checks.error("cpu", `${summary}: cpu ${cpu}`, `cpu must be one of ${sizes}.`);
  } else if (isKnown(memory) && memory !== "" && !offered.includes(mebibytesOf(memory))) {
    const [first = 0, second = 0] = offered;
    const sizes =
      offered.length > 8 ? `${first} to ${offered.at(-1)} in steps of ${second - first}` : offered.join(", ");
    checks.error(
      "memory",
      `${summary}: ${cpu} CPU, ${memory} memory`,
      `With cpu ${cpu}, memory must be one of ${sizes}.`,
    );
  }
}

/** Everything that is wrong with one container; `others` are all of the task. */
function errorsOf(container: JsonObject, label: string, others: readonly JsonObject[], task: Task): string[] {
  const { name, image } = container;
  const found: string[] = [];
  if (!isNonEmpty(name) || !/^[A-Za-z0-9_-]{1,255}$/.test(name))
    found.push('"name" is required: letters, digits, - and _.');
  if (!isNonEmpty(image)) found.push('"image" is required.');
  if (others.slice(0, others.indexOf(container)).some((other) => other.name === name))
    found.push("the name is used twice.");
  found.push(...sizeErrors(container, task), ...variableErrors(container), ...portErrors(container, task));
  found.push(...logErrors(container, task));
  const needsRole =
    elementsOf(container.secrets).length > 0 ||
    (task.fargate && membersOf(container.logConfiguration).logDriver === "awslogs") ||
    /\.dkr\.ecr\./.test(String(image ?? ""));
  const errors = found.map((error) => `${label}: ${error}`);
  if (task.values.execution_role_arn === null && needsRole)
    errors.push(`${label} uses secrets, awslogs or an ECR image: the task needs execution_role_arn.`);
  for (const { containerName } of elementsOf(container.dependsOn))
    if (!others.some((other) => other.name === containerName))
      errors.push(`${label} depends on ${JSON.stringify(containerName)}, which is not in the task.`);
  for (const { sourceVolume } of elementsOf(container.mountPoints))
    if (sourceVolume && !definesVolume(task.values, sourceVolume))
      errors.push(`${label} mounts volume ${JSON.stringify(sourceVolume)}, which the task does not define.`);
  return errors;
}

const isNonEmpty = (value: unknown): value is string => typeof value === "string" && value !== "";

interface Task {
  readonly values: Values;
  readonly fargate: boolean;
}

const definesVolume = ({ volume }: Values, name: unknown): boolean =>
  !Array.isArray(volume) || blocksOf(volume).some((block) => isUnknown(block.name) || block.name === name);

function sizeErrors(container: JsonObject, { values, fargate }: Task): string[] {
  const found = numbers
    .filter((name) => container[name] !== undefined && typeof container[name] !== "number")
    .map((name) => `"${name}" must be a number, not ${JSON.stringify(container[name])}.`);
  const { memory, memoryReservation } = container;
  if (!fargate && values.memory === null && memory === undefined && memoryReservation === undefined)
    found.push("one of memory or memoryReservation is required when the task has no memory.");
  if (typeof memory === "number" && isKnown(values.memory) && memory > mebibytesOf(values.memory))
    found.push(`memory ${memory} is more than the task's ${values.memory}.`);
  return found;
}

function variableErrors(container: JsonObject): string[] {
  const environment = elementsOf(container.environment);
  const secrets = elementsOf(container.secrets);
  const found = [
    ...environment
      .filter(({ name, value }) => typeof name !== "string" || typeof value !== "string")
      .map(
        ({ name, value }) =>
          `environment ${JSON.stringify(name)} must have a string name and a string value, ` +
          `not ${JSON.stringify(value)}.`,
      ),
    ...secrets
      .filter(({ name, valueFrom }) => typeof name !== "string" || !isNonEmpty(valueFrom))
      .map(({ name }) => `secret ${JSON.stringify(name)} needs a string name and valueFrom.`),
  ];
  const names = [...environment, ...secrets].map(({ name }) => name);
  names.forEach((name, i) => {
    if (typeof name === "string" && names.indexOf(name) < i)
      found.push(`${name} is set twice among environment and secrets.`);
  });
  return found;
}

const portErrors = (container: JsonObject, { values }: Task): string[] =>
  elementsOf(container.portMappings).flatMap(({ containerPort, hostPort }) => [
    ...(typeof containerPort === "number" ? [] : ["portMappings need a numeric containerPort."]),
    ...(values.network_mode === "awsvpc" && hostPort !== undefined && hostPort !== containerPort
      ? ["with awsvpc hostPort must equal containerPort."]
      : []),
  ]);

function logErrors(container: JsonObject, { fargate }: Task): string[] {
  if (!container.logConfiguration) return [];
  const { logDriver, options: given } = membersOf(container.logConfiguration);
  const options = membersOf(given);
  const found: string[] = [];
  if (fargate && !fargateLogDrivers.includes(logDriver))
    found.push("Fargate supports the log drivers awslogs, splunk and awsfirelens.");
  if (logDriver === "awslogs")
    for (const name of ["awslogs-group", "awslogs-region"])
      if (!options[name]) found.push(`the awslogs driver needs the option ${name}.`);
  for (const value of Object.values(options))
    if (typeof value !== "string") found.push("logConfiguration options must be strings.");
  return found;
}

export function checkContainers(checks: Checks, values: Values, fargate: boolean): void {
  const definitions = checks.json(NAME, values[NAME]);
  if (definitions === undefined) return;
  for (const error of definitionErrors(definitions, { values, fargate }))
    checks.error(NAME, "ECS Task Definition container_definitions is invalid", error);
}

function definitionErrors(definitions: unknown, task: Task): string[] {
  if (!Array.isArray(definitions) || !definitions.length)
    return ["It must be a JSON array with at least one container."];
  const containers = definitions.map(membersOf);
  const found = containers.flatMap((container, i) => {
    if (!isJsonObject(definitions[i])) return [`Element ${i} is not an object.`];
    const label = `Container ${container.name ? JSON.stringify(container.name) : i}`;
    return errorsOf(container, label, containers, task);
  });
  if (!containers.some(({ essential }) => essential !== false))
    found.push("At least one container must be essential.");
  const used = containers.reduce((sum, { cpu }) => sum + Number(cpu ?? 0), 0);
  const { cpu } = task.values;
  if (isKnown(cpu) && used > cpuUnitsOf(cpu))
    found.push(`The containers ask for ${used} CPU units, the task has ${cpu}.`);
  return found;
}
