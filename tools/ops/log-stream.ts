import { type CloudWatchLogsClient, paginateGetLogEvents } from "@aws-sdk/client-cloudwatch-logs";

/** Reads one log stream from its start, each line once. */
export class LogStream {
  readonly #logs: CloudWatchLogsClient;
  readonly #group: string;
  readonly #stream: string;
  #token: string | undefined;

  constructor(logs: CloudWatchLogsClient, group: string, stream: string) {
    this.#logs = logs;
    this.#group = group;
    this.#stream = stream;
  }

  /** The lines since the last call; none before the task has created the stream. */
  async next(): Promise<string[]> {
    // CloudWatch returns the same token again at the end; a page before it may be empty.
    const pages = paginateGetLogEvents(
      { client: this.#logs, startingToken: this.#token, stopOnSameToken: true },
      { logGroupName: this.#group, logStreamName: this.#stream, startFromHead: true },
    );
    const lines: string[] = [];
    try {
      for await (const { events = [], nextForwardToken } of pages) {
        lines.push(...events.map(({ message }) => message ?? ""));
        this.#token = nextForwardToken;
      }
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "ResourceNotFoundException") throw error;
    }
    return lines;
  }
}
