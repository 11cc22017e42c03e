import { type CloudWatchLogsClient, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";

/** Reads one stream from its beginning, each line once. */
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

  /** Lines since the last look; none as long as the task has not made the stream. */
  async next(): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const page = await this.#page();
      lines.push(...(page?.events ?? []).map(({ message }) => message ?? ""));
      const token = page?.nextForwardToken;
      // CloudWatch gives the same token again at the end of what there is; a page before it may be empty.
      if (!token || token === this.#token) return lines;
      this.#token = token;
    }
  }

  async #page() {
    try {
      return await this.#logs.send(
        new GetLogEventsCommand({
          logGroupName: this.#group,
          logStreamName: this.#stream,
          startFromHead: true,
          ...(this.#token && { nextToken: this.#token }),
        }),
      );
    } catch (error) {
      if (error instanceof Error && error.name === "ResourceNotFoundException") return undefined;
      throw error;
    }
  }
}
