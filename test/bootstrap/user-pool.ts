import { createServer, type Server } from "node:http";
import * as z from "zod";
import { close, listen } from "../../tools/servers/listening.ts";
import { exampleProps } from "../../tools/servers/synapse.ts";

interface Person {
  readonly sub: string;
  readonly enabled?: boolean;
}

export interface UserPool {
  readonly url: string;
  readonly groups: Map<string, Person[]>;
  stop(): Promise<void>;
}

/** ListUsersInGroup as Cognito's API reference describes it, two people on a page whatever is asked for. */
export async function startUserPool(): Promise<UserPool> {
  const groups = new Map<string, Person[]>();
  const query = z.object({
    UserPoolId: z.literal(exampleProps.userPoolId),
    GroupName: z.string(),
    Limit: z.number().max(60),
    NextToken: z.string().optional(),
  });
  const server: Server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const target = incoming.headers["x-amz-target"];
      const { GroupName, NextToken = "0" } = query.parse(JSON.parse(Buffer.concat(chunks).toString()));
      const people = groups.get(GroupName);
      const [status, body] =
        target !== "AWSCognitoIdentityProviderService.ListUsersInGroup"
          ? [400, { __type: "InvalidAction" }]
          : people
            ? [200, page(people, Number(NextToken))]
            : [400, { __type: "ResourceNotFoundException", message: "Group not found." }];
      response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(body));
    });
  });
  const url = `http://127.0.0.1:${await listen(server)}`;
  return {
    url,
    groups,
    stop: () => close(server),
  };
}

function page(people: readonly Person[], from: number) {
  const size = 2;
  return {
    Users: people.slice(from, from + size).map(({ sub, enabled = true }) => ({
      Username: `name-of-${sub}`,
      Attributes: [{ Name: "sub", Value: sub }],
      Enabled: enabled,
      UserStatus: "CONFIRMED",
    })),
    ...(from + size < people.length && { NextToken: String(from + size) }),
  };
}
